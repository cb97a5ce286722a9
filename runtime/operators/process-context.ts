/**
 * Owns: the context of process functions, and the calls of them: what is checked before and after each.
 * Called by: process-operator.ts, keyed-process-operator.ts, and what adapts functions of two streams to them (connected).
 */
import { type Clock, isPromiseLike, type Log, StreamError } from "../../base/index.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../record/index.ts";
import type {
  EmissionDesk,
  Emitter,
  KeyedOperatorState,
  KeyedStates,
  MetricGroup,
  NoSideOutputs,
  Nothing,
  OperatorContext,
  OperatorFactory,
  OrFactory,
  Output,
  ProcessContext,
  RecordOutput,
  SideOutputEmitters,
  SideOutputTypes,
  StateHandles,
} from "../ports/index.ts";
import { declarationsOf, openStates, type StatePlace } from "./declared-state.ts";
import { GuardedOperatorState } from "./guarded-operator-state.ts";
import { deskOf, PUSHED_MAX, pushedTooMuch, SteppedEmission } from "./stepped-emission.ts";
import { assertSynchronous } from "./synchronous-function.ts";
import { UserCall } from "./user-call.ts";

/** What the process operators call of a function. `C`: its context. */
export interface ProcessHooks<I, O, C> {
  open?(context: C): void | Promise<void>;
  process(value: I, context: C): IterableIterator<O> | Nothing;
  onTimer?(timestamp: number, context: C): Nothing;
  close?(): void | Promise<void>;
}

/** What a function of two streams does with records of the second. `name`: of the hook, for messages. */
export type SecondHook<C> = {
  readonly name: string;
  readonly isBroadcast: boolean;
  process(value: unknown, context: C): unknown;
};

/** What a function may be connected to, and what its hooks are called. */
export type FunctionKind = StatePlace & {
  /** What is checked when the graph is built: they must be there, and synchronous (FN1). */
  readonly hooks: readonly string[];
};

export const OF_ONE_STREAM = { hooks: ["process"], hasBroadcast: false } as const;

/** The function for one subtask; throws JOB_GRAPH_INVALID when a hook that it must have is missing or asynchronous (FN1). */
function instanceOf<F extends object>({ hooks }: FunctionKind, fn: OrFactory<F>): F {
  const instance = (typeof fn === "function" ? fn() : fn) as F & Readonly<Record<string, unknown>>;
  for (const hook of hooks) assertSynchronous(`process: the function's ${hook}`, instance?.[hook], "iterable");
  const { onTimer } = instance as { readonly onTimer?: unknown };
  if (onTimer !== undefined) assertSynchronous("process: the function's onTimer", onTimer, "nothing");
  return instance;
}

type Declared<S, X> = { readonly state?: S | undefined; readonly sideOutputs?: X | undefined };

/** A function, or what makes them, with what it declares for the graph. */
export class FunctionMaker<F extends Declared<S, X>, S extends KeyedStates, X extends SideOutputTypes> {
  readonly states: S;
  readonly sideOutputs: X;
  /** What the graph is told. */
  readonly declared: Pick<OperatorFactory<unknown, unknown>, "kind" | "name" | "declares" | "sideOutputs">;
  readonly #make: () => F;
  /** Made to read what it declares; the first subtask's. */
  #first: F | null;

  constructor(kind: FunctionKind, fn: OrFactory<F>) {
    this.#make = () => instanceOf(kind, fn);
    this.#first = this.#make();
    this.states = (this.#first.state ?? {}) as S;
    this.sideOutputs = checkSideOutputs((this.#first.sideOutputs ?? {}) as X);
    const declares = declarationsOf(this.states, kind);
    this.declared = { kind: "operator", name: "process", declares, sideOutputs: this.sideOutputs };
  }

  /** The function for one subtask. */
  make(): F {
    const first = this.#first;
    this.#first = null;
    return first ?? this.#make();
  }
}

function checkSideOutputs<X extends SideOutputTypes>(declared: X): X {
  for (const [name, type] of Object.entries(declared)) {
    if (typeof type?.kind === "string" && typeof type.nullable === "boolean") continue;
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `process: the side output "${name}" is not declared with a type of its records; write for example sideOutputs: { ${name}: t.string }`,
      { destiny: "terminal" },
    );
  }
  return declared;
}

/** What a context has of the operator's calls. */
export type ContextParts<O, X> = {
  readonly call: UserCall;
  readonly out: Emitter<O>;
  readonly sideOutputs: SideOutputEmitters<X>;
};

/** The one context of an operator (FN2); the operator sets `now` and `risen` before each call. */
export class OperatorProcessContext<O, S extends KeyedStates, X extends SideOutputTypes>
  implements ProcessContext<O, S, X>
{
  readonly call: UserCall;
  readonly out: Emitter<O>;
  readonly sideOutputs: SideOutputEmitters<X>;
  now = NO_TIMESTAMP;
  risen = MIN_WATERMARK;
  readonly state: StateHandles<S>;
  readonly uid: string;
  readonly name: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricGroup;

  constructor(
    context: OperatorContext,
    { call, out, sideOutputs }: ContextParts<O, X>,
    states: S,
    keyed: KeyedOperatorState | null = null,
  ) {
    this.call = call;
    this.out = out;
    this.sideOutputs = sideOutputs;
    this.state = openStates(states, { keyed, operator: new GuardedOperatorState(context.operatorState, call) });
    this.uid = context.uid;
    this.name = context.name;
    this.subtask = context.subtask;
    this.parallelism = context.parallelism;
    this.clock = context.clock;
    this.log = context.log;
    this.metrics = context.metrics;
  }

  get timestamp(): number {
    if (!this.call.isOpen) throw this.call.late("context.timestamp");
    return this.now;
  }

  get watermark(): number {
    if (!this.call.isOpen) throw this.call.late("context.watermark");
    return this.risen;
  }
}

/** What the two process operators do around each call of their function. */
export class ProcessCalls<I, O, X extends SideOutputTypes = NoSideOutputs> {
  readonly call: UserCall;
  readonly steps: SteppedEmission<I, O>;
  /** The one emitter of the function. */
  readonly out: Emitter<O>;
  readonly sideOutputs: SideOutputEmitters<X>;
  /** What a record is emitted with when the function names no timestamp. */
  emitTimestamp = NO_TIMESTAMP;
  readonly #context: OperatorContext;
  readonly #desk: EmissionDesk;
  #pushed = 0;

  constructor(
    context: OperatorContext,
    output: Output<O>,
    parts: { readonly sideOutputs: X; begin?(): void; handle(value: I, timestamp: number): void },
  ) {
    const call = new UserCall(context);
    this.call = call;
    this.#context = context;
    this.#desk = deskOf(context);
    this.out = this.#emitter("out", output);
    this.sideOutputs = Object.freeze(
      Object.fromEntries(
        Object.keys(parts.sideOutputs).map((name) => [
          name,
          this.#emitter(`sideOutputs.${name}`, output.sideOutput(name)),
        ]),
      ),
    ) as SideOutputEmitters<X>;
    this.steps = new SteppedEmission<I, O>({
      ...parts,
      desk: this.#desk,
      next: (iterator) => {
        call.isOpen = true;
        const next = iterator.next();
        call.isOpen = false;
        return next;
      },
      emit: (value, timestamp) => this.#emit(output, value, timestamp),
    });
  }

  /** While `open` goes on the context may be used, also after its awaits. */
  opening(opened: void | Promise<void>): void | Promise<void> {
    const { call } = this;
    if (!isPromiseLike(opened)) {
      call.isOpen = false;
      return;
    }
    return Promise.resolve(opened).then(() => {
      call.isOpen = false;
    });
  }

  /** `isOfBroadcast`: a call for a record of the broadcast stream, which every subtask makes. */
  begin(isOfBroadcast = false): void {
    this.#pushed = 0;
    this.call.isOpen = true;
    this.call.isOfBroadcast = isOfBroadcast;
  }

  /** Calls the function for a record of the second stream; what it returned is still to be finished. */
  callSecond<C>(second: SecondHook<C>, value: unknown, context: C & { now: number }, timestamp: number): unknown {
    context.now = timestamp;
    this.emitTimestamp = timestamp;
    this.begin(second.isBroadcast);
    const returned = second.process(value, context);
    this.call.isOpen = false;
    return returned;
  }

  /** `returned`: not undefined. A generator is emitted; other values have no meaning, and a promise or an array is a mistake. */
  finish(returned: unknown, timestamp: number, hook = "process"): void {
    if (isIterator<O>(returned)) {
      this.steps.start(returned, timestamp);
      return;
    }
    this.call.refusePromise(`what ${hook} returned`, returned);
    if (Array.isArray(returned)) throw this.call.returned(hook, "an array");
  }

  finishTimer(returned: unknown): void {
    this.call.refusePromise("what onTimer returned", returned);
    if (isIterator(returned)) throw this.call.returned("onTimer", "a generator");
  }

  close(): void {
    this.call.isOpen = false;
    this.steps.close();
  }

  #emitter<V>(name: string, output: RecordOutput<V>): Emitter<V> {
    const push = (value: V, timestamp: number): void => {
      if (this.#desk.isPaused && ++this.#pushed > PUSHED_MAX) throw pushedTooMuch(this.#context);
      this.#emit(output, value, timestamp);
    };
    return {
      collect: (value) => {
        if (!this.call.isOpen) throw this.call.late(`${name}.collect`);
        push(value, this.emitTimestamp);
      },
      collectAt: (value, timestamp) => {
        if (!this.call.isOpen) throw this.call.late(`${name}.collectAt`);
        push(value, this.call.checkTimestamp(timestamp));
      },
    };
  }

  #emit<V>(output: RecordOutput<V>, value: V, timestamp: number): void {
    if (isPromiseLike(value)) throw this.call.promised("a record that the function emitted");
    output.collect(value, timestamp);
  }
}

function isIterator<O>(value: unknown): value is IterableIterator<O> {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { next?: unknown }).next === "function" && Symbol.iterator in value;
}
