/**
 * Owns: `process` without keys: a user's ProcessFunction, and the context that it sees.
 * Not here: keys and timers (keyed-process-operator.ts).
 */
import type { Clock, Log } from "../base/index.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../record/index.ts";
import type { OperatorStateStore } from "../state/index.ts";
import type { Emit, OrFactory, ProcessContext, ProcessFunction } from "./functions.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "./operator.ts";
import { assertSynchronous } from "./synchronous-function.ts";

/** Calls a ProcessFunction for each record. */
export function processOperator<I, O>(fn: OrFactory<ProcessFunction<I, O>>): OperatorFactory<I, O> {
  return { kind: "operator", name: "process", create: () => new ProcessOperator(instanceOf("process", fn)) };
}

/** The function for one subtask; throws JOB_GRAPH_INVALID when it has no synchronous `process` (FN1). */
export function instanceOf<F extends { process: unknown }>(operator: string, fn: OrFactory<F>): F {
  const instance = typeof fn === "function" ? fn() : fn;
  assertSynchronous(`${operator}: the function's process`, instance?.process);
  return instance;
}

/** The one context of an operator (FN2); the operator sets its fields before each call. */
export class OperatorProcessContext implements ProcessContext {
  timestamp = NO_TIMESTAMP;
  watermark = MIN_WATERMARK;
  readonly operatorState: OperatorStateStore;
  readonly uid: string;
  readonly name: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly log: Log;

  constructor(context: OperatorContext) {
    this.operatorState = context.operatorState;
    this.uid = context.uid;
    this.name = context.name;
    this.subtask = context.subtask;
    this.parallelism = context.parallelism;
    this.clock = context.clock;
    this.log = context.log;
  }
}

class ProcessOperator<I, O> implements StreamOperator<I, O> {
  readonly emits = "state";
  readonly #fn: ProcessFunction<I, O>;
  #context!: OperatorProcessContext;
  #emit!: Emit<O>;

  constructor(fn: ProcessFunction<I, O>) {
    this.#fn = fn;
  }

  open(context: OperatorContext, output: Output<O>): void | Promise<void> {
    const seen = new OperatorProcessContext(context);
    this.#context = seen;
    this.#emit = (value, timestamp = seen.timestamp) => output.collect(value, timestamp);
    return this.#fn.open?.(seen);
  }

  process(value: I, timestamp: number): void {
    this.#context.timestamp = timestamp;
    this.#fn.process(value, this.#context, this.#emit);
  }

  beforeWatermark(timestamp: number): void {
    this.#context.watermark = timestamp;
  }

  onWatermark(timestamp: number): void {
    this.#context.watermark = timestamp;
  }

  close(): void | Promise<void> {
    return this.#fn.close?.();
  }
}
