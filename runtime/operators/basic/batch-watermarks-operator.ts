/**
 * Owns: watermarks from batches of columns, with all that `assignTimestampsAndWatermarks` has: idleness, splits, alignment.
 *
 * BWM1 A generator is told one number for each batch, the highest of its records: what generators make depends on no other.
 */
import type { OperatorFactory } from "../../ports/index.ts";
import type { ColumnBatch } from "../../record/index.ts";
import type { WatermarkStrategy } from "../../time/index.ts";
import { TimestampsAndWatermarksOperator } from "./timestamps-and-watermarks-operator.ts";

/** The highest of the records from the one numbered `from` on, of what the strategy makes its watermarks from. */
export type HighestOf = (batch: ColumnBatch, from: number) => number;

/** `createHighest`: called for each subtask. `watermarkIntervalMs`: above 0. */
export function batchWatermarksOperator(
  strategy: WatermarkStrategy<unknown>,
  createHighest: () => HighestOf,
  watermarkIntervalMs: number,
): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "watermarks",
    create: () => new BatchWatermarks(strategy, createHighest(), watermarkIntervalMs),
  };
}

class BatchWatermarks extends TimestampsAndWatermarksOperator<unknown> {
  readonly #highestOf: HighestOf;

  constructor(strategy: WatermarkStrategy<unknown>, highestOf: HighestOf, intervalMs: number) {
    super(strategy, intervalMs);
    this.#highestOf = highestOf;
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    if (count > from) this.observe(this.#highestOf(batch, from));
    this.output.collectBatch(from === 0 ? batch : batch.select(rows.subarray(from, count), count - from));
    return count;
  }
}
