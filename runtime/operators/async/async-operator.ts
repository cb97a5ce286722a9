/**
 * Owns: async I/O: something outside is asked for each record, many at a time, and the answers go on as records.
 * Not here: in which order they leave (async-queue.ts), one record's calls (async-calls.ts), the state (async-state.ts).
 *
 * ASY1 A record is in the queue before it is asked for; when the queue is full the task takes no input, and goes on with everything else:
 *     answers, timers, checkpoints (AS-1). What operators before it, or a source, emit in one call comes nevertheless; it is asked for
 *     when others have left. No record is dropped.
 * ASY2 Records of a restored checkpoint are asked for again, in order, before any new one (AS-2): what is outside may be asked twice.
 * ASY3 Answers leave on the task's turn, and only while it reads its input; at the end of the data the operator ends after the last
 *     answer (AS-7), and then the end's watermark goes on.
 * ASY4 A failure ends the task on its turn, whichever record it is of; what is answered after that is of no account.
 */
import { assert, isPromiseLike, StreamError } from "../../../base/index.ts";
import { keyHash, type ValueType } from "../../record/index.ts";
import type { AsyncFunction, OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { AsyncCalls } from "./async-calls.ts";
import type { AsyncPlan } from "./async-options.ts";
import { type AsyncQueue, type AsyncRequest, OrderedQueue, type TimeMark, UnorderedQueue } from "./async-queue.ts";
import { asyncDeclarations, AsyncState } from "./async-state.ts";
import { Fifo } from "./fifo.ts";
import { KeyLanes } from "./key-lanes.ts";

export type AsyncParts<I, O, R, C> = {
  /** What the user called. */
  readonly name: string;
  readonly fn: AsyncFunction<I, R, C>;
  readonly plan: AsyncPlan<I, R, C>;
  /** The records of an answer; throws when it cannot be one. */
  readonly recordsOf: (result: R) => readonly O[];
  /** Of the records that come in, for the state. */
  readonly inputType: ValueType<I>;
};

export function asyncOperator<I, O, R, C>(parts: AsyncParts<I, O, R, C>): OperatorFactory<I, O> {
  const { name, fn, plan, inputType } = parts;
  for (const hook of ["invoke", "open", "close"] as const) {
    const found: unknown = fn?.[hook];
    if (typeof found === "function" || (hook !== "invoke" && found === undefined)) continue;
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `${name}: ${hook} is ${String(found)}; give ${name} a function (value) => promise, or an object whose ${hook} is a function`,
      { destiny: "terminal" },
    );
  }
  const declares = asyncDeclarations(inputType, plan.order === "keyed");
  return { kind: "operator", name, declares, create: () => new AsyncOperator(parts) };
}

class AsyncOperator<I, O, R, C> implements StreamOperator<I, O> {
  readonly ownsWatermarks = "all";
  readonly #parts: AsyncParts<I, O, R, C>;
  readonly #queue: AsyncQueue<I, O>;
  readonly #lanes: KeyLanes<AsyncRequest<I, O>> | null;
  #context!: OperatorContext;
  #output!: Output<O>;
  #state!: AsyncState<I, O>;
  #calls!: AsyncCalls<I, R, C>;
  #sequence = 0;
  /** Are being asked for, or are answered and have not left. */
  #asked = 0;
  /** Wait until fewer are (ASY1). */
  readonly #backlog = new Fifo<AsyncRequest<I, O>>();
  #isHeld = false;
  #failure: { readonly error: unknown } | null = null;
  /** Set while the end of the data waits for the last answer. */
  #ending: { resolve(): void; reject(error: unknown): void } | null = null;
  readonly #emit = (): boolean => this.#emitAnswers();

  constructor(parts: AsyncParts<I, O, R, C>) {
    this.#parts = parts;
    const { order } = parts.plan;
    this.#queue = order === "ordered" ? new OrderedQueue() : new UnorderedQueue();
    this.#lanes = order === "keyed" ? new KeyLanes() : null;
  }

  async open(context: OperatorContext, output: Output<O>): Promise<void> {
    const { inputType, plan, name } = this.#parts;
    const isKeyed = plan.order === "keyed";
    assert(!isKeyed || context.keyed !== null, `${name}, uid ${context.uid}, was opened without keyed state`);
    this.#context = context;
    this.#output = output;
    this.#state = new AsyncState(context, inputType, isKeyed);
    this.#calls = new AsyncCalls<I, R, C>(context, this.#parts, {
      onAnswer: (request, result) => this.#onAnswer(request as AsyncRequest<I, O>, result),
      onFailure: (error) => this.#fail(error),
    });
    context.metrics.gauge("asyncInFlight", () => this.#asked);
    await this.#calls.open();
    this.#goOnFromRestored();
  }

  process(value: I, timestamp: number): void {
    const { keyed } = this.#context;
    let key: AsyncRequest<I, O>["key"] = null;
    if (this.#lanes !== null && keyed !== null) {
      const current = keyed.currentKey();
      key = { value: current, hash: keyHash(current) };
    }
    const times = { startedMs: 0, attempts: 0, retryAtMs: null };
    const sequence = this.#sequence++;
    this.#add({ value, timestamp, key, sequence, ...times, results: null });
  }

  onWatermark(timestamp: number): void {
    this.#addMark({ kind: "watermark", sequence: this.#sequence++, timestamp });
  }

  onStatus(idle: boolean): void {
    this.#addMark({ kind: "status", sequence: this.#sequence++, idle });
  }

  prepareSnapshot(): void {
    this.#state.write(this.#queue);
  }

  /** ASY3 */
  async endInput(): Promise<void> {
    this.#calls.retryNow();
    const ended = new Promise<void>((resolve, reject) => {
      this.#ending = { resolve, reject };
    });
    this.#onChange();
    await ended;
  }

  async close(): Promise<void> {
    this.#failure ??= { error: null };
    await this.#calls?.close();
  }

  /** ASY2 */
  #goOnFromRestored(): void {
    const restored = this.#state.restored();
    // Those whose time is up first (DLN1).
    const byDeadline = restored.filter((item): item is AsyncRequest<I, O> => "value" in item);
    this.#calls.resume(byDeadline.toSorted((a, b) => a.startedMs - b.startedMs));
    for (const item of restored) {
      this.#sequence = Math.max(this.#sequence, item.sequence + 1);
      if ("value" in item) this.#add(item);
      else this.#addMark(item);
    }
  }

  /** ASY1 */
  #add(request: AsyncRequest<I, O>): void {
    this.#queue.add(request);
    if (request.key === null || this.#lanes === null || this.#lanes.enter(request.key.hash, request))
      this.#ask(request);
    this.#holdIfFull();
  }

  #ask(request: AsyncRequest<I, O>): void {
    if (this.#asked >= this.#parts.plan.capacity) {
      this.#backlog.push(request);
      return;
    }
    this.#asked += 1;
    this.#calls.begin(request);
  }

  #onLeft(): void {
    this.#asked -= 1;
    const next = this.#backlog.shift();
    if (next !== undefined) this.#ask(next);
    this.#holdIfFull();
  }

  #addMark(mark: TimeMark): void {
    this.#queue.addMark(mark);
    this.#onChange();
  }

  #onAnswer(request: AsyncRequest<I, O>, result: R): void {
    if (this.#failure !== null) return;
    try {
      request.results = this.#parts.recordsOf(result);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#queue.onAnswer(request);
    const next = request.key === null ? null : this.#lanes?.leave(request.key.hash);
    if (next !== null && next !== undefined) this.#ask(next);
    this.#onChange();
  }

  /** ASY4 */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#onChange();
  }

  /** Something may leave now. */
  #onChange(): void {
    if (this.#ending === null) {
      this.#context.outside.emitSoon(this.#emit);
      return;
    }
    // The task waits for the end and gives no turns: what is left is emitted at once.
    try {
      if (this.#emitAnswers(true) && this.#queue.size === 0) this.#ending.resolve();
    } catch (error) {
      this.#ending.reject(error);
    }
  }

  /** True when nothing more can leave now. `regardless`: of room. */
  #emitAnswers(regardless = false): boolean {
    if (this.#failure !== null) {
      if (this.#failure.error !== null) throw this.#failure.error;
      return true;
    }
    const output = this.#output;
    for (let leaving = this.#queue.take(); leaving !== null; leaving = this.#queue.take()) {
      if (leaving.kind === "answer") {
        const { results, request } = leaving;
        for (const value of results) output.collect(value, request.timestamp);
        this.#onLeft();
      } else if (leaving.mark.kind === "watermark") {
        output.emitWatermark(leaving.mark.timestamp);
      } else {
        output.emitStatus(leaving.mark.idle);
      }
      if (!regardless && this.#context.emission?.isFull() === true) return false;
    }
    return true;
  }

  #holdIfFull(): void {
    const isFull = this.#queue.size >= this.#parts.plan.capacity;
    if (isFull === this.#isHeld) return;
    this.#isHeld = isFull;
    this.#context.outside.holdInput(isFull);
  }
}

/** One record an answer. */
export function singleRecord<O>(where: string): (result: O) => readonly O[] {
  return (result) => {
    if (isPromiseLike(result)) throw badAnswer(where, "a promise", "return the value");
    return [result];
  };
}

/** Any number of records an answer, in an array. */
export function recordList<O>(where: string): (result: readonly O[]) => readonly O[] {
  return (result) => {
    if (!Array.isArray(result))
      throw badAnswer(where, String(result), "return an array, which may be empty, or use mapAsync");
    return result as readonly O[];
  };
}

function badAnswer(where: string, what: string, remedy: string): StreamError {
  return new StreamError("USER_FUNCTION_FAILED", `${where}: a call answered ${what}; ${remedy}`, {
    destiny: "terminal",
  });
}
