/**
 * Owns: what process functions declare their states with; what of that is in the graph, and the handles when the operator opens.
 * Called by: job modules (value, list, map, …), process-operator.ts, keyed-process-operator.ts.
 */
import { StreamError } from "../../base/index.ts";
import type {
  Aggregate,
  AggregatingState,
  BroadcastStateSpec,
  KeyedOperatorState,
  KeyedStateSpec,
  ListState,
  MapState,
  OperatorFactory,
  OperatorListState,
  OperatorStateSpec,
  OperatorStateStore,
  ReducingState,
  StateHandles,
  StateSpec,
  ValueState,
} from "../ports/index.ts";
import { describeType, entryType, type Key, type ValueType } from "../record/index.ts";
import { assertSynchronous } from "./synchronous-function.ts";

/** One value for each key. */
export function value<V>(type: ValueType<V>): KeyedStateSpec<ValueState<V>> {
  return { scope: "keyed", kind: "value", type, keyType: null, open: (store, name) => store.value({ name, type }) };
}

/** A list for each key. */
export function list<V>(type: ValueType<V>): KeyedStateSpec<ListState<V>> {
  return { scope: "keyed", kind: "list", type, keyType: null, open: (store, name) => store.list({ name, type }) };
}

/** A map for each key, whose entries are read and written one by one. */
export function map<K extends Key, V>(keyType: ValueType<K>, type: ValueType<V>): KeyedStateSpec<MapState<K, V>> {
  return { scope: "keyed", kind: "map", type, keyType, open: (store, name) => store.map({ name, keyType, type }) };
}

/** One value for each key, into which `add` folds another. */
export function reducing<V>(type: ValueType<V>, reduce: (left: V, right: V) => V): KeyedStateSpec<ReducingState<V>> {
  assertSynchronous("reducing", reduce);
  return {
    scope: "keyed",
    kind: "reducing",
    type,
    keyType: null,
    open: (store, name) => store.reducing({ name, type, reduce }),
  };
}

/** One accumulator for each key, of type `type`; `get` gives its result. */
export function aggregating<I, A, O>(
  type: ValueType<A>,
  aggregate: Aggregate<I, A, O>,
): KeyedStateSpec<AggregatingState<I, O>> {
  for (const name of ["createAccumulator", "add", "getResult"] as const)
    assertSynchronous(`aggregating: ${name}`, aggregate[name]);
  return {
    scope: "keyed",
    kind: "aggregating",
    type,
    keyType: null,
    open: (store, name) => store.aggregating({ name, type, aggregate }),
  };
}

function operatorState<V>(
  kind: OperatorStateSpec<unknown>["kind"],
  type: ValueType<V>,
  open: OperatorStateSpec<OperatorListState<V>>["open"],
): OperatorStateSpec<OperatorListState<V>> {
  return { scope: "operator", kind, type, keyType: null, open };
}

/** A list of each subtask; on restore the items of all are shared out among the subtasks. */
export function operatorList<V>(type: ValueType<V>): OperatorStateSpec<OperatorListState<V>> {
  return operatorState("operator-list", type, (store, name) => store.list({ name, type }));
}

/** A list of each subtask; on restore each has the items of all. */
export function unionList<V>(type: ValueType<V>): OperatorStateSpec<OperatorListState<V>> {
  return operatorState("union-list", type, (store, name) => store.unionList({ name, type }));
}

/** A list that the subtasks keep equal; on restore each has one copy. */
export function broadcastList<V>(type: ValueType<V>): OperatorStateSpec<OperatorListState<V>> {
  return operatorState("broadcast-list", type, (store, name) => store.broadcastList({ name, type }));
}

/** A map that all subtasks hold; `processBroadcast` writes it, every other hook reads it. On restore each subtask has one copy. */
export function broadcastMap<K extends Key, V>(keyType: ValueType<K>, type: ValueType<V>): BroadcastStateSpec<K, V> {
  return {
    scope: "broadcast",
    kind: "broadcast-list",
    type: entryType(keyType, type),
    keyType: null,
    open: (store, name) => store.broadcastMap({ name, keyType, type }),
  };
}

type Specs = Readonly<Record<string, StateSpec<unknown>>>;

/** What the place of a declaration allows. */
export type StatePlace = { readonly isKeyed: boolean; readonly hasBroadcast: boolean };

/** The states as checkpoints describe them. Throws JOB_GRAPH_INVALID for what is no declaration, or has no place there. */
export function declarationsOf(
  specs: Specs,
  { isKeyed, hasBroadcast }: StatePlace,
): NonNullable<OperatorFactory<unknown, unknown>["declares"]> {
  return Object.entries(specs).map(([name, spec]) => {
    if (typeof spec?.open !== "function") {
      throw refused(
        `process: state "${name}" is not declared with value(type), list(type), map(keyType, type), reducing, aggregating, operatorList, unionList, broadcastList or broadcastMap`,
      );
    }
    if (spec.scope === "keyed" && !isKeyed) {
      throw refused(
        `process: state "${name}" is ${spec.kind} state, which belongs to a key: use keyBy before process, or operatorList(type)`,
      );
    }
    if (spec.scope === "broadcast" && !hasBroadcast) {
      throw refused(
        `process: state "${name}" is broadcast state, which nothing writes here: declare it where the stream is connected to a broadcast one, as in orders.connect(rules.broadcast()).process(…), or use operatorList(type)`,
      );
    }
    const { kind, keyType } = spec;
    const type = describeType(spec.type);
    return { name, kind, type: keyType === null ? type : `map<${describeType(keyType)}, ${type}>` };
  });
}

/** The handles of all states, for one subtask. */
export function openStates<S extends Specs>(
  specs: S,
  stores: { readonly keyed: KeyedOperatorState | null; readonly operator: OperatorStateStore },
): StateHandles<S> {
  const handles: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries<StateSpec<unknown>>(specs)) {
    if (spec.scope !== "keyed") handles[name] = spec.open(stores.operator, name);
    else if (stores.keyed !== null) handles[name] = spec.open(stores.keyed, name);
  }
  return Object.freeze(handles) as StateHandles<S>;
}

function refused(message: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", message, { destiny: "terminal" });
}
