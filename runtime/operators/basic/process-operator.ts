/**
 * Owns: `process` without keys: a user's ProcessFunction, or a function of two streams that was adapted to it.
 * Not here: keys and timers (keyed-process-operator.ts), its context (process-context.ts), adapting (connected).
 */
import { assert } from "../../../base/index.ts";
import type {
  NoSideOutputs,
  NoStates,
  OperatorContext,
  OperatorFactory,
  OperatorStates,
  OrFactory,
  Output,
  ProcessContext,
  ProcessFunction,
  SideOutputTypes,
  StreamOperator,
} from "../../ports/index.ts";
import {
  FunctionMaker,
  OF_ONE_STREAM,
  OperatorProcessContext,
  ProcessCalls,
  type ProcessHooks,
  type SecondHook,
} from "../process-context.ts";

/** Calls a ProcessFunction for each record. */
export function processOperator<I, O, S extends OperatorStates = NoStates, X extends SideOutputTypes = NoSideOutputs>(
  fn: OrFactory<ProcessFunction<I, O, S, X>>,
): OperatorFactory<I, O> {
  const maker = new FunctionMaker<ProcessFunction<I, O, S, X>, S, X>({ ...OF_ONE_STREAM, isKeyed: false }, fn);
  return { ...maker.declared, create: () => new ProcessOperator(maker.make(), maker, null) };
}

export class ProcessOperator<I, O, S extends OperatorStates, X extends SideOutputTypes>
  implements StreamOperator<I, O>
{
  readonly emits = "state";
  readonly #fn: ProcessHooks<I, O, ProcessContext<O, S, X>>;
  readonly #declared: { readonly states: S; readonly sideOutputs: X };
  readonly #second: SecondHook<ProcessContext<O, S, X>> | null;
  #context!: OperatorProcessContext<O, S, X>;
  #calls!: ProcessCalls<I, O, X>;

  /** `second`: null for a function of one stream. */
  constructor(
    fn: ProcessHooks<I, O, ProcessContext<O, S, X>>,
    declared: { readonly states: S; readonly sideOutputs: X },
    second: SecondHook<ProcessContext<O, S, X>> | null,
  ) {
    this.#fn = fn;
    this.#declared = declared;
    this.#second = second;
  }

  open(context: OperatorContext, output: Output<O>): void | Promise<void> {
    const { states, sideOutputs } = this.#declared;
    const calls = new ProcessCalls<I, O, X>(context, output, {
      sideOutputs,
      handle: (value, timestamp) => this.#handle(value, timestamp),
    });
    this.#calls = calls;
    this.#context = new OperatorProcessContext(context, calls, states);
    calls.begin();
    return calls.opening(this.#fn.open?.(this.#context));
  }

  process(value: I, timestamp: number): void {
    if (this.#calls.steps.keeps(value, timestamp)) return;
    this.#handle(value, timestamp);
  }

  processInput(_input: number, value: unknown, timestamp: number): void {
    const second = this.#second;
    assert(second !== null, "a function of one stream has one input");
    const returned = this.#calls.callSecond(second, value, this.#context, timestamp);
    if (returned !== undefined) this.#calls.finish(returned, timestamp, second.name);
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
