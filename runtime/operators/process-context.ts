/**
 * Owns: the context of process functions, and the calls of them: what is checked before and after each.
 * Called by: process-operator.ts, keyed-process-operator.ts.
 */
import { type Clock, isPromiseLike, type Log } from "../../base/index.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../record/index.ts";
import type {
  EmissionDesk,
  Emitter,
  KeyedOperatorState,
  KeyedStates,
  MetricGroup,
  OperatorContext,
  OrFactory,
  Output,
  ProcessContext,
  StateHandles,
} from "../ports/index.ts";
import { openStates } from "./declared-state.ts";
import { GuardedOperatorState } from "./guarded-operator-state.ts";
import { deskOf, PUSHED_MAX, pushedTooMuch, SteppedEmission } from "./stepped-emission.ts";
import { assertSynchronous } from "./synchronous-function.ts";
import { UserCall } from "./user-call.ts";

type Hooks = { readonly process: unknown; readonly onTimer?: unknown };

/** The function for one subtask; throws JOB_GRAPH_INVALID when it has no synchronous `process` (FN1). */
function instanceOf<F extends Hooks>(operator: string, fn: OrFactory<F>): F {
  const instance = typeof fn === "function" ? fn() : fn;
  assertSynchronous(`${operator}: the function's process`, instance?.process, "iterable");
  if (instance.onTimer !== undefined)
    assertSynchronous(`${operator}: the function's onTimer`, instance.onTimer, "nothing");
  return instance;
}

/** A function, or what makes them, with the states that it declares. */
export class FunctionMaker<F extends Hooks & { readonly state?: KeyedStates }, S extends KeyedStates> {
  readonly states: S;
  readonly #make: () => F;
  /** Made to read its states; the first subtask's. */
  #first: F | null;

  constructor(operator: string, fn: OrFactory<F>) {
    this.#make = () => instanceOf(operator, fn);
    this.#first = this.#make();
    this.states = (this.#first.state ?? {}) as S;
  }

  /** The function for one subtask. */
  make(): F {
    const first = this.#first;
    this.#first = null;
    return first ?? this.#make();
  }
}

/** The one context of an operator (FN2); the operator sets `now` and `risen` before each call. */
export class OperatorProcessContext<O, S extends KeyedStates> implements ProcessContext<O, S> {
  readonly call: UserCall;
  readonly out: Emitter<O>;
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
    { call, out }: { readonly call: UserCall; readonly out: Emitter<O> },
    states: S,
    keyed: KeyedOperatorState | null = null,
  ) {
    this.call = call;
    this.out = out;
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
export class ProcessCalls<I, O> {
  readonly call: UserCall;
  readonly steps: SteppedEmission<I, O>;
  /** The one emitter of the function. */
  readonly out: Emitter<O>;
  /** What a record is emitted with when the function names no timestamp. */
  emitTimestamp = NO_TIMESTAMP;
  readonly #context: OperatorContext;
  readonly #output: Output<O>;
  readonly #desk: EmissionDesk;
  #pushed = 0;

  constructor(
    context: OperatorContext,
    output: Output<O>,
    parts: { begin?(): void; handle(value: I, timestamp: number): void },
  ) {
    const call = new UserCall(context);
    this.call = call;
    this.#context = context;
    this.#output = output;
    this.#desk = deskOf(context);
    this.out = {
      collect: (value) => this.#push(value, this.emitTimestamp, "out.collect"),
      collectAt: (value, timestamp) => this.#push(value, call.checkTimestamp(timestamp), "out.collectAt"),
    };
    this.steps = new SteppedEmission<I, O>({
      ...parts,
      desk: this.#desk,
      next: (iterator) => {
        call.isOpen = true;
        const next = iterator.next();
        call.isOpen = false;
        return next;
      },
      emit: (value, timestamp) => this.#emitReturned(value, timestamp),
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

  begin(): void {
    this.#pushed = 0;
    this.call.isOpen = true;
  }

  /** `returned`: not undefined. A generator is emitted; other values have no meaning, and a promise or an array is a mistake. */
  finish(returned: unknown, timestamp: number): void {
    if (isIterator<O>(returned)) {
      this.steps.start(returned, timestamp);
      return;
    }
    this.call.refusePromise("what process returned", returned);
    if (Array.isArray(returned)) throw this.call.returned("process", "an array");
  }

  finishTimer(returned: unknown): void {
    this.call.refusePromise("what onTimer returned", returned);
    if (isIterator(returned)) throw this.call.returned("onTimer", "a generator");
  }

  close(): void {
    this.call.isOpen = false;
    this.steps.close();
  }

  #push(value: O, timestamp: number, hook: string): void {
    if (!this.call.isOpen) throw this.call.late(hook);
    if (this.#desk.isPaused && ++this.#pushed > PUSHED_MAX) throw pushedTooMuch(this.#context);
    this.#emitReturned(value, timestamp);
  }

  #emitReturned(value: O, timestamp: number): void {
    if (isPromiseLike(value)) throw this.call.promised("a record that the function emitted");
    this.#output.collect(value, timestamp);
  }
}

function isIterator<O>(value: unknown): value is IterableIterator<O> {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { next?: unknown }).next === "function" && Symbol.iterator in value;
}
