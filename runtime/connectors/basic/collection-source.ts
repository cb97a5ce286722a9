/**
 * Owns: the source of values that stand in the job module: every process has them, so a split is only a position.
 *
 * CS1 At parallelism 1 the order is that of the values (SOR1).
 */
import type { ReaderContext, Source, SourceOutput, SourceReader } from "../../ports/index.ts";
import { NO_TIMESTAMP, t, type ValueType } from "../../record/index.ts";
import { StridedOrder, type StridedSplit, stridedSplits } from "./strided-order.ts";

export type CollectionOptions<T> = {
  /** Default `t.any`. */
  readonly type?: ValueType<T>;
  /** Default `collection`. */
  readonly name?: string;
};

/** A bounded source of `values`, which must be the same in every process that loads the job module. Records have no timestamp. */
export function collectionSource<T>(values: readonly T[], options: CollectionOptions<T> = {}): Source<T, StridedSplit> {
  return {
    kind: "source",
    name: options.name ?? "collection",
    boundedness: "bounded",
    type: options.type ?? t.anyOf<T>(),
    discover: ({ parallelism }) => stridedSplits(parallelism).filter(({ next }) => next < values.length),
    createReader: (context) => new CollectionReader(values, context),
  };
}

class CollectionReader<T> implements SourceReader<T, StridedSplit> {
  readonly #values: readonly T[];
  readonly #order: StridedOrder;

  constructor(values: readonly T[], context: ReaderContext<StridedSplit>) {
    this.#values = values;
    this.#order = new StridedOrder(context.splits);
  }

  poll(output: SourceOutput<T>, maxRecords: number): "more" | "end" {
    const values = this.#values;
    for (let left = maxRecords; left > 0; left--) {
      if (this.#order.head >= values.length) return "end";
      output.collect(values[this.#order.take()] as T, NO_TIMESTAMP);
    }
    return this.#order.head >= values.length ? "end" : "more";
  }

  snapshot(): readonly StridedSplit[] {
    return this.#order.snapshot(this.#values.length);
  }
}
