/**
 * Owns: the source that makes its records from their numbers.
 *
 * GS1 Record i is `generate(i)` in whichever subtask and after whichever restore: the position is the only state.
 * GS2 At parallelism 1 the order is 0, 1, 2, … (SOR1).
 * GS3 The rate is that of the whole source; each reader has the share of its splits among those that have records, and readers start
 *     staggered (PA1). After a restore near the end, when some splits have ended, several readers may be slower; never faster.
 */
import { isPromiseLike, StreamError } from "../../../base/index.ts";
import { type ReaderContext, type Source, type SourceOutput, type SourceReader } from "../../ports/index.ts";
import { NO_TIMESTAMP, t, type ValueType } from "../../record/index.ts";
import { checkNumber, optionInvalid, Pace } from "../kit/index.ts";
import { StridedOrder, type StridedSplit, stridedSplits } from "./strided-order.ts";

export type GeneratorOptions<T> = {
  /** The record of a number 0, 1, 2, …; must give an equal record each time it is asked. */
  readonly generate: (index: number) => T;
  /** How many records; absent: without end. */
  readonly count?: number | undefined;
  /** Records per second of the whole source, above 0; a fraction is fine. Absent: as fast as they are taken. */
  readonly ratePerSecond?: number | undefined;
  /** Default `t.any`. */
  readonly type?: ValueType<T>;
  /** Event time in epoch milliseconds; absent: none. */
  readonly timestampOf?: (value: T, index: number) => number;
  /** Default `generator`. */
  readonly name?: string;
  /** How many splits: the most subtasks that can ever share the work. Default: a multiple of the parallelism, at least 12. */
  readonly splits?: number | undefined;
};

/** Records between two looks at the clock: `generate` may be slow (SO2). */
const BATCH_RECORDS = 128;
const POLL_MS_MAX = 1;

/** A source of computed records, bounded when `count` is given. Errors: OPTION_INVALID. */
export function generatorSource<T>(options: GeneratorOptions<T>): Source<T, StridedSplit> {
  const name = options.name ?? "generator";
  if (typeof options.generate !== "function") throw optionInvalid(name, "generate must be a function of a number");
  checkNumber(
    name,
    ["count", options.count],
    (count) => Number.isSafeInteger(count) && count >= 0,
    "a whole number from 0",
  );
  checkNumber(
    name,
    ["ratePerSecond", options.ratePerSecond],
    (rate) => rate > 0 && rate < Infinity,
    "a number above 0",
  );
  checkNumber(
    name,
    ["splits", options.splits],
    (splits) => Number.isInteger(splits) && splits >= 1 && splits <= 32768,
    "a whole number from 1 to 32768",
  );
  const { count = Number.POSITIVE_INFINITY } = options;
  return {
    kind: "source",
    name,
    boundedness: options.count === undefined ? "unbounded" : "bounded",
    type: options.type ?? t.anyOf<T>(),
    discover: ({ parallelism }) => stridedSplits(parallelism, options.splits).filter(({ next }) => next < count),
    createReader: (context) => new GeneratorReader(options, context),
  };
}

function promised(what: string): StreamError {
  return new StreamError(
    "USER_FUNCTION_FAILED",
    `a generator source's function \`${what}\` returned a promise, but nothing is awaited per record; return the record, or write a source of your own (docs/connectors.md)`,
    { destiny: "terminal" },
  );
}

class GeneratorReader<T> implements SourceReader<T, StridedSplit> {
  readonly #generate: (index: number) => T;
  readonly #timestampOf: ((value: T, index: number) => number) | undefined;
  readonly #end: number;
  readonly #isBounded: boolean;
  readonly #order: StridedOrder;
  readonly #pace: Pace | null = null;
  readonly #clock: ReaderContext<StridedSplit>["clock"];

  constructor(options: GeneratorOptions<T>, context: ReaderContext<StridedSplit>) {
    this.#generate = options.generate;
    this.#timestampOf = options.timestampOf;
    this.#isBounded = options.count !== undefined;
    this.#end = options.count ?? Number.MAX_SAFE_INTEGER;
    this.#order = new StridedOrder(context.splits);
    this.#clock = context.clock;
    const first = context.splits[0];
    if (options.ratePerSecond !== undefined && first !== undefined) {
      // A reader alone has all that are left; of others' splits it only knows how many there were when the job started.
      const among = context.parallelism === 1 ? context.splits.length : Math.min(first.of, this.#end);
      const perSecond = options.ratePerSecond * this.#order.share(among);
      this.#pace = new Pace(context.clock, perSecond, this.#order.stagger(among), () => context.wake());
    }
  }

  poll(output: SourceOutput<T>, maxRecords: number): "more" | "idle" | "end" {
    if (this.#order.head >= this.#end) return this.#isBounded ? "end" : "idle";
    const pace = this.#pace;
    if (pace === null) {
      this.#emit(output, maxRecords);
    } else {
      pace.spend(this.#emit(output, pace.due(maxRecords)));
    }
    if (this.#order.head >= this.#end) return this.#isBounded ? "end" : "idle";
    if (pace === null || pace.due(1) === 1) return "more";
    pace.wakeWhenDue();
    return "idle";
  }

  snapshot(): readonly StridedSplit[] {
    return this.#order.snapshot(this.#end);
  }

  close(): void {
    this.#pace?.close();
  }

  /** At most `records`, fewer when they take long; returns how many. */
  #emit(output: SourceOutput<T>, records: number): number {
    const order = this.#order;
    const generate = this.#generate;
    const timestampOf = this.#timestampOf;
    const end = this.#end;
    const startedMs = records > BATCH_RECORDS ? this.#clock.monotonicMs() : 0;
    for (let emitted = 0; emitted < records; ) {
      const stop = Math.min(records, emitted + BATCH_RECORDS);
      for (; emitted < stop; emitted++) {
        if (order.head >= end) return emitted;
        const index = order.take();
        const value = generate(index);
        if (isPromiseLike(value)) throw promised("generate");
        output.collect(value, timestampOf === undefined ? NO_TIMESTAMP : timestampOf(value, index));
      }
      if (emitted < records && this.#clock.monotonicMs() - startedMs >= POLL_MS_MAX) return emitted;
    }
    return records;
  }
}
