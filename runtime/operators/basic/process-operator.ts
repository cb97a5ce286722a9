/**
 * Owns: `process` without keys: a user's ProcessFunction.
 * Not here: keys and timers (keyed-process-operator.ts), its context (process-context.ts).
 */
import type {
  OperatorContext,
  NoStates,
  OperatorFactory,
  OperatorStates,
  OrFactory,
  Output,
  ProcessFunction,
  StreamOperator,
} from "../../ports/index.ts";
import { declarationsOf } from "../declared-state.ts";
import { FunctionMaker, OperatorProcessContext, ProcessCalls } from "../process-context.ts";

/** Calls a ProcessFunction for each record. */
export function processOperator<I, O, S extends OperatorStates = NoStates>(
  fn: OrFactory<ProcessFunction<I, O, S>>,
): OperatorFactory<I, O> {
  const maker = new FunctionMaker<ProcessFunction<I, O, S>, S>("process", fn);
  const { states } = maker;
  const declares = declarationsOf(states, false);
  return { kind: "operator", name: "process", declares, create: () => new ProcessOperator(maker.make(), states) };
}

class ProcessOperator<I, O, S extends OperatorStates> implements StreamOperator<I, O> {
  readonly emits = "state";
  readonly #fn: ProcessFunction<I, O, S>;
  readonly #states: S;
  #context!: OperatorProcessContext<O, S>;
  #calls!: ProcessCalls<I, O>;

  constructor(fn: ProcessFunction<I, O, S>, states: S) {
    this.#fn = fn;
    this.#states = states;
  }

  open(context: OperatorContext, output: Output<O>): void | Promise<void> {
    const calls = new ProcessCalls<I, O>(context, output, {
      handle: (value, timestamp) => this.#handle(value, timestamp),
    });
    this.#calls = calls;
    this.#context = new OperatorProcessContext(context, calls, this.#states);
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
