/**
 * Owns: `flatMap`: any number of records out for each in, with its timestamp.
 * Not here: emitting in steps what was returned (stepped-emission.ts).
 *
 * FMO1 What is collected leaves at once; what is returned, a long array or an iterable such as a generator, leaves in steps (OP5).
 */
import { isPromiseLike } from "../../../base/index.ts";
import type {
  EmissionDesk,
  Emitter,
  FlatMapFunction,
  OperatorContext,
  OperatorFactory,
  Output,
  StreamOperator,
} from "../../ports/index.ts";
import { deskOf, PUSHED_MAX, pushedTooMuch, SHORT_ARRAY, SteppedEmission } from "../stepped-emission.ts";
import { assertSynchronous } from "../synchronous-function.ts";
import { UserCall } from "../user-call.ts";

/** Emits what `fn` collects and returns for each record. */
export function flatMapOperator<I, O>(fn: FlatMapFunction<I, O>): OperatorFactory<I, O> {
  assertSynchronous("flatMap", fn, "iterable");
  return { kind: "operator", name: "flatMap", create: () => new FlatMapOperator(fn) };
}

class FlatMapOperator<I, O> implements StreamOperator<I, O> {
  readonly #fn: FlatMapFunction<I, O>;
  #output!: Output<O>;
  #context!: OperatorContext;
  #call!: UserCall;
  #desk!: EmissionDesk;
  #steps!: SteppedEmission<I, O>;
  #pushed = 0;
  // Begins as what is no number, so that V8 keeps a reference here: a field of type double would be boxed anew for each record.
  #timestamp: number = undefined as never;
  /** One for all records. */
  readonly #out: Emitter<O> = {
    collect: (value) => this.#push(value, this.#timestamp, "out.collect"),
    collectAt: (value, timestamp) => this.#push(value, this.#call.checkTimestamp(timestamp), "out.collectAt"),
  };

  constructor(fn: FlatMapFunction<I, O>) {
    this.#fn = fn;
  }

  open(context: OperatorContext, output: Output<O>): void {
    this.#output = output;
    this.#context = context;
    this.#call = new UserCall(context);
    this.#desk = deskOf(context);
    this.#steps = new SteppedEmission<I, O>({
      desk: this.#desk,
      handle: (value, timestamp) => this.#handle(value, timestamp),
      next: (iterator) => {
        this.#call.isOpen = true;
        const next = iterator.next();
        this.#call.isOpen = false;
        return next;
      },
      emit: (value, timestamp) => this.#emit(value, timestamp),
    });
  }

  process(value: I, timestamp: number): void {
    if (this.#steps.keeps(value, timestamp)) return;
    this.#handle(value, timestamp);
  }

  close(): void {
    if (this.#call === undefined) return;
    this.#call.isOpen = false;
    this.#steps.close();
  }

  #handle(value: I, timestamp: number): void {
    const fn = this.#fn;
    const call = this.#call;
    this.#timestamp = timestamp;
    this.#pushed = 0;
    call.isOpen = true;
    const returned = fn(value, this.#out);
    call.isOpen = false;
    if (returned === undefined || returned === null) return;
    if (Array.isArray(returned) && returned.length <= SHORT_ARRAY) {
      for (let index = 0; index < returned.length; index++) this.#emit(returned[index] as O, timestamp);
      return;
    }
    call.refusePromise("what the function returned", returned);
    this.#steps.start(returned, timestamp);
  }

  #push(value: O, timestamp: number, hook: string): void {
    if (!this.#call.isOpen) throw this.#call.late(hook);
    if (this.#desk.isPaused && ++this.#pushed > PUSHED_MAX) throw pushedTooMuch(this.#context);
    this.#emit(value, timestamp);
  }

  #emit(value: O, timestamp: number): void {
    if (isPromiseLike(value)) throw this.#call.promised("a record that the function emitted");
    this.#output.collect(value, timestamp);
  }
}
