/**
 * Owns: watermarks from the timestamps of batches, right behind the source of bids.
 *
 * NXW1 The bids of one reader come in the order of their times, also after a restore (SOR1): after a batch, no bid comes that is older than its last.
 */
import type { OperatorFactory } from "streamjob";
import type { Output, StreamOperator } from "../../runtime/ports/index.ts";
import type { ColumnBatch } from "../../runtime/record/index.ts";
import type { Bid } from "./bids.ts";

class BidTimes implements StreamOperator<Bid, Bid> {
  readonly ownsWatermarks = true;
  readonly emits = "input";
  #output!: Output<Bid>;

  open(_context: unknown, output: Output<Bid>): void {
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    this.#output.collectBatch(from === 0 ? batch : batch.select(rows.subarray(from, count), count - from));
    this.#output.emitWatermark(batch.timestampAt(rows[count - 1] as number) - 1);
    return count;
  }
}

export const bidTimes: OperatorFactory<Bid, Bid> = { kind: "operator", name: "bidTimes", create: () => new BidTimes() };
