/**
 * Owns: an operator whose state expires (plan/state-ttl.ts): it is given state that does, and what has expired is looked for and cleared.
 * Does not own: what expiring means (expiring-state.ts). The operator itself does not know of it, but for what follows.
 *
 * SQZO1 Some keys at a time are looked through, so often that each has its turn twice while a state lives: what nobody asks for again is cleared soon, and no step is long.
 * SQZO2 A group, or a partition of OVER, expires as a whole: the maps that belong to it go with it.
 * SQZO3 Where the operator emits only what has changed it emits what was written, too, as Flink does: whoever takes its rows keeps state as long as they come.
 */
import { assert } from "../../../base/index.ts";
import type { Key, ValueType } from "../../record/index.ts";
import type {
  KeyedOperatorState,
  KeyWalk,
  ListState,
  MapState,
  MapStateDescriptor,
  OperatorContext,
  OperatorFactory,
  Output,
  RowTableDescriptor,
  SlicedRows,
  SlicedTable,
  SlicedTableDescriptor,
  StateDescriptor,
  TimerHandler,
  TimerService,
  ValueState,
} from "../../ports/index.ts";
import type { PlanNode } from "../plan/plan-tree.ts";
import {
  ExpiringList,
  ExpiringMap,
  ExpiringValue,
  type Lifetime,
  stampedDescription,
  stampedType,
} from "./expiring-state.ts";
import { GROUPS, LEFT_ROWS, PARTITIONS, RANKED_ROWS, RIGHT_ROWS, ROW_OF_KEY } from "./state-names.ts";

type Factory = OperatorFactory<unknown, unknown>;

/** By the names of the states that expire, in milliseconds. */
type Ttls = ReadonlyMap<string, number>;

const STEP_KEYS = 1000;
const STEP_MS_MIN = 10;
const STEP_MS_MAX = 60_000;

/** The operator of a node, with state that expires where the node says so. */
export function expiring(node: PlanNode, factory: Factory): Factory {
  return expiringStates(factory, ttlsOf(node), node.kind === "aggregate");
}

/** `ttls`: of states that it declares. `ownsMaps`: maps of a key go with its value (SQZO2). */
export function expiringStates(factory: Factory, ttls: Ttls, ownsMaps: boolean): Factory {
  if (ttls.size === 0) return factory;
  const declares = factory.declares ?? [];
  for (const name of ttls.keys())
    assert(
      declares.some((declared) => declared.name === name && declared.kind !== "sliced-table"),
      `${factory.name} has no state ${name} that could expire`,
    );
  return {
    ...factory,
    declares: declares.map((declared) =>
      ttls.has(declared.name) ? { ...declared, type: stampedDescription(declared) } : declared,
    ),
    create: (...parameters) => {
      const operator = factory.create(...parameters);
      const open = operator.open?.bind(operator);
      return Object.assign(operator, {
        open: (context: OperatorContext, output: Output<unknown>) =>
          open?.(withExpiringState(context, ttls, ownsMaps), output),
      });
    },
  };
}

function ttlsOf(node: PlanNode): Ttls {
  if (!("ttl" in node) || node.ttl === undefined) return new Map();
  switch (node.kind) {
    case "join": {
      const [left, right] = node.ttl;
      const sides = [[LEFT_ROWS, left] as const, [RIGHT_ROWS, right] as const];
      return new Map(sides.flatMap(([name, ttl]) => (ttl === null ? [] : [[name, ttl] as const])));
    }
    case "aggregate":
      return new Map([[GROUPS, node.ttl]]);
    case "over":
      return new Map([[PARTITIONS, node.ttl]]);
    case "rank":
      return new Map([[RANKED_ROWS, node.ttl]]);
    default:
      return new Map([[ROW_OF_KEY, node.ttl]]);
  }
}

function withExpiringState(context: OperatorContext, ttls: Ttls, ownsMaps: boolean): OperatorContext {
  const { keyed, clock } = context;
  assert(keyed !== null, `operator "${context.name}" is keyed`);
  return { ...context, keyed: new ExpiringKeyedState(keyed, { ttls, clock, ownsMaps }, new Sweep(context, keyed)) };
}

/** What it declares without a time stays as long as the job, or as the value that it belongs to. */
class ExpiringKeyedState implements KeyedOperatorState {
  readonly #keyed: KeyedOperatorState;
  readonly #plan: { readonly ttls: Ttls; readonly clock: Lifetime["clock"]; readonly ownsMaps: boolean };
  readonly #sweep: Sweep;
  readonly #owned: { clear(): void }[] = [];

  constructor(
    keyed: KeyedOperatorState,
    plan: { readonly ttls: Ttls; readonly clock: Lifetime["clock"]; readonly ownsMaps: boolean },
    sweep: Sweep,
  ) {
    this.#keyed = keyed;
    this.#plan = plan;
    this.#sweep = sweep;
  }

  value<V>(descriptor: StateDescriptor<V>): ValueState<V> {
    return (
      this.#made(descriptor, (stamped, type, lifetime) => {
        const clearOwned = (): void => {
          for (const state of this.#owned) state.clear();
        };
        return new ExpiringValue<V>(this.#keyed.value(stamped), type, lifetime, clearOwned);
      }) ?? this.#keyed.value(descriptor)
    );
  }

  list<V>(descriptor: StateDescriptor<V>): ListState<V> {
    return (
      this.#made(
        descriptor,
        (stamped, type, lifetime) => new ExpiringList<V>(this.#keyed.list(stamped), type, lifetime),
      ) ?? this.#keyed.list(descriptor)
    );
  }

  map<K extends Key, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const made = this.#made(
      descriptor,
      (stamped, type, lifetime) =>
        new ExpiringMap<K, V>(this.#keyed.map({ ...descriptor, ...stamped }), type, lifetime),
    );
    if (made !== null) return made;
    const state = this.#keyed.map(descriptor);
    if (this.#plan.ownsMaps) this.#owned.push(state);
    return state;
  }

  reducing: KeyedOperatorState["reducing"] = (descriptor) => this.#keyed.reducing(descriptor);
  aggregating: KeyedOperatorState["aggregating"] = (descriptor) => this.#keyed.aggregating(descriptor);

  currentKey(): Key {
    return this.#keyed.currentKey();
  }

  setCurrentKey(key: Key, hash: number): void {
    this.#keyed.setCurrentKey(key, hash);
  }

  forEachKey(stateName: string, apply: (key: Key) => void): void {
    this.#keyed.forEachKey(stateName, apply);
  }

  walk(stateName: string): KeyWalk {
    return this.#keyed.walk(stateName);
  }

  timers(name: string, handler: TimerHandler): TimerService {
    return this.#keyed.timers(name, handler);
  }

  slicedTable(descriptor: SlicedTableDescriptor): SlicedTable {
    return this.#keyed.slicedTable(descriptor);
  }

  takeUndeclaredTable(name: string): SlicedTable | null {
    return this.#keyed.takeUndeclaredTable(name);
  }

  slicedRows(descriptor: RowTableDescriptor): SlicedRows {
    // Rows in tables would stay for ever, and nobody would notice.
    assert(!this.#plan.ttls.has(descriptor.name), `rows ${descriptor.name} do not expire`);
    return this.#keyed.slicedRows(descriptor);
  }

  /** Null: state of that name does not expire. */
  #made<V, S extends { clearExpired(): void }>(
    { name, type }: StateDescriptor<V>,
    make: (stamped: StateDescriptor<V>, type: ValueType<V>, lifetime: Lifetime) => S,
  ): S | null {
    const ttl = this.#plan.ttls.get(name);
    if (ttl === undefined) return null;
    assert(type !== undefined, `state ${name} has a type`);
    const state = make({ name, type: stampedType(type) }, type, { ttl, clock: this.#plan.clock });
    this.#sweep.add(name, ttl, state);
    return state;
  }
}

/** SQZO1 */
class Sweep {
  readonly #context: OperatorContext;
  readonly #keyed: KeyedOperatorState;

  constructor(context: OperatorContext, keyed: KeyedOperatorState) {
    this.#context = context;
    this.#keyed = keyed;
  }

  add(name: string, ttl: number, state: { clearExpired(): void }): void {
    const walk = this.#keyed.walk(name);
    const step = (): void => {
      walk.next(STEP_KEYS, () => state.clearExpired());
      next();
    };
    const next = (): void => {
      const steps = Math.ceil(walk.size / STEP_KEYS) + 1;
      this.#context.schedule(Math.min(Math.max(Math.floor(ttl / 2 / steps), STEP_MS_MIN), STEP_MS_MAX), step);
    };
    next();
  }
}
