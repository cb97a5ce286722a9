/**
 * Owns: `process` without keys: a user's ProcessFunction.
 * Not here: keys and timers (keyed-process-operator.ts), its context (process-context.ts).
 */
import type {
  OperatorContext,
  OperatorFactory,
  OrFactory,
  Output,
  ProcessFunction,
  StreamOperator,
} from "../../ports/index.ts";
import { instanceOf, OperatorProcessContext, ProcessCalls } from "../process-context.ts";

/** Calls a ProcessFunction for each record. */
export function processOperator<I, O>(fn: OrFactory<ProcessFunction<I, O>>): OperatorFactory<I, O> {
  return { kind: "operator", name: "process", create: () => new ProcessOperator(instanceOf("process", fn)) };
}

class ProcessOperator<I, O> implements StreamOperator<I, O> {
  readonly emits = "state";
  readonly #fn: ProcessFunction<I, O>;
  #context!: OperatorProcessContext<O>;
  #calls!: ProcessCalls<I, O>;

  constructor(fn: ProcessFunction<I, O>) {
    this.#fn = fn;
  }

  open(context: OperatorContext, output: Output<O>): void | Promise<void> {
    const calls = new ProcessCalls<I, O>(context, output, {
      handle: (value, timestamp) => this.#handle(value, timestamp),
    });
    this.#calls = calls;
    this.#context = new OperatorProcessContext(context, calls);
    calls.begin();
    return calls.opening(this.#fn.open?.(this.#context));
  }

  process(value: I, timestamp: number): void {
    if (this.#calls.steps.keeps(value, timestamp)) return;
    this.#handle(value, timestamp);
  }

  beforeWatermark(timestamp: number): void {
    this.#context.risen = timestamp;
  }

  onWatermark(timestamp: number): void {
    this.#context.risen = timestamp;
  }

  close(): void | Promise<void> {
    this.#calls?.close();
    return this.#fn.close?.();
  }

  #handle(value: I, timestamp: number): void {
    const calls = this.#calls;
    this.#context.now = timestamp;
    calls.emitTimestamp = timestamp;
    calls.begin();
    const returned: unknown = this.#fn.process(value, this.#context);
    calls.call.isOpen = false;
    if (returned !== undefined) calls.finish(returned, timestamp);
  }
}
