/**
 * Owns: q5 over columns: of each window of time the auctions with the most bids, as a planner would make it: counts by auction and slice, windows
 *       summed up from their slices, the most of each subtask, the most of all.
 *
 * NXH1 A bid is counted in one table, that of its slice. A window is the sum of its slices; a slice is dropped with the last window that has it.
 * NXH2 Every subtask has had the same watermark at a barrier, and keeps how far its windows are told: a window is told once, at any parallelism.
 */
import type { DataStream, OperatorFactory } from "streamjob";
import type { OperatorContext, Output, SlicedTable, StreamOperator } from "../../runtime/ports/index.ts";
import {
  type Column,
  type ColumnBatch,
  describeType,
  type Float64Column,
  MAX_WATERMARK,
  MIN_WATERMARK,
  t,
  type ValueType,
} from "../../runtime/record/index.ts";
import { AuctionKey, BidCounts, Bids, HotItem, ITEM_AUCTION, ITEM_BIDS, ITEM_END, MostEmitter } from "./bid-counts.ts";
import { bidTimes } from "./bid-times.ts";
import { Bid } from "./bids.ts";

export type HotItemWindows = {
  /** A multiple of `slideMs`. */
  readonly sizeMs: number;
  readonly slideMs: number;
};

const [BID_AUCTION, BID_TIME] = [0, 3];

const declares = (name: string) => [
  { name, kind: "sliced-table", type: `map<${describeType(AuctionKey)}, ${describeType(Bids)}>` },
];

/** A slice of no time: there while a window is summed up, and never at a barrier. */
const SUM_SLICE = -1;

class WindowCounts implements StreamOperator<Bid, HotItem> {
  readonly #windows: HotItemWindows;
  readonly #counts = new BidCounts();
  #slices!: SlicedTable;
  #most!: MostEmitter;
  #told!: { update(values: readonly number[]): void };
  /** Windows that end until then have been told. */
  #toldUntil = MIN_WATERMARK;

  constructor(windows: HotItemWindows) {
    this.#windows = windows;
  }

  open({ keyed, operatorState }: OperatorContext, output: Output<HotItem>): void {
    if (keyed === null) throw new Error("bids come by auction");
    this.#slices = keyed.slicedTable({ name: "bids", key: AuctionKey, value: Bids });
    this.#most = new MostEmitter(output);
    const told = operatorState.unionList({ name: "told", type: t.timestamp as ValueType<number> });
    this.#toldUntil = Math.max(MIN_WATERMARK, ...told.get());
    this.#told = told;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch({ columns, rows, count, marks }: ColumnBatch, from: number): number {
    const { sizeMs, slideMs } = this.#windows;
    const times = (columns[BID_TIME] as Float64Column).values;
    const auctions = columns[BID_AUCTION] as Column;
    const hashes = marks.keyHashes as Int32Array;
    for (let at = from, to = from; at < count; at = to) {
      const time = times[rows[at] as number] as number;
      const end = (Math.floor(time / slideMs) + 1) * slideMs;
      // The bids of a batch are of one slice, or of two that follow each other.
      for (to = at + 1; to < count; to++) {
        const other = times[rows[to] as number] as number;
        if (other >= end || other < end - slideMs) break;
      }
      const isLate = end + sizeMs - slideMs <= this.#toldUntil;
      if (!isLate) this.#counts.add(this.#slices.table(end), { auctions, hashes, rows: rows.subarray(at, to) }, null);
    }
    return count;
  }

  onWatermark(watermark: number): void {
    const { sizeMs, slideMs } = this.#windows;
    const over = Math.floor((watermark + 1) / slideMs) * slideMs;
    for (let slices = this.#slices.slices(); slices.length > 0; slices = this.#slices.slices()) {
      const end = Math.max(slices[0] as number, this.#toldUntil + slideMs);
      if (end > over) break;
      this.#tell(
        end,
        slices.filter((slice) => slice > end - sizeMs && slice <= end),
      );
      this.#toldUntil = end;
      for (const slice of slices) if (slice <= end - sizeMs + slideMs) this.#slices.drop(slice);
    }
    if (watermark < MAX_WATERMARK) this.#toldUntil = Math.max(this.#toldUntil, over);
  }

  prepareSnapshot(): void {
    this.#told.update(this.#toldUntil === MIN_WATERMARK ? [] : [this.#toldUntil]);
  }

  #tell(windowEnd: number, slices: readonly number[]): void {
    const sum = this.#slices.table(SUM_SLICE);
    for (const slice of slices) this.#counts.addTable(sum, this.#slices.table(slice));
    this.#most.emit(sum, windowEnd);
    this.#slices.drop(SUM_SLICE);
  }
}

/** Of what each subtask found for a window, the most. */
class Hottest implements StreamOperator<HotItem, HotItem> {
  readonly #counts = new BidCounts();
  #windows!: SlicedTable;
  #most!: MostEmitter;

  open({ keyed }: OperatorContext, output: Output<HotItem>): void {
    if (keyed === null) throw new Error("items come by window");
    this.#windows = keyed.slicedTable({ name: "items", key: AuctionKey, value: Bids });
    this.#most = new MostEmitter(output);
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch({ columns, rows, count, marks }: ColumnBatch, from: number): number {
    const ends = (columns[ITEM_END] as Float64Column).values;
    const bids = (columns[ITEM_BIDS] as Float64Column).values;
    const auctions = columns[ITEM_AUCTION] as Column;
    const hashes = marks.keyHashes as Int32Array;
    for (let at = from, to = from; at < count; at = to) {
      const end = ends[rows[at] as number] as number;
      for (to = at + 1; to < count && ends[rows[to] as number] === end; ) to += 1;
      this.#counts.add(this.#windows.table(end), { auctions, hashes, rows: rows.subarray(at, to) }, bids);
    }
    return count;
  }

  onWatermark(watermark: number): void {
    for (const end of this.#windows.slices()) {
      if (end - 1 > watermark) break;
      this.#most.emit(this.#windows.table(end), end);
      this.#windows.drop(end);
    }
  }
}

const windowCounts = (windows: HotItemWindows): OperatorFactory<Bid, HotItem> => ({
  kind: "operator",
  name: "windowCounts",
  declares: [
    ...declares("bids"),
    { name: "told", kind: "union-list", type: describeType(t.timestamp as ValueType<unknown>) },
  ],
  create: () => new WindowCounts(windows),
});

const hottest: OperatorFactory<HotItem, HotItem> = {
  kind: "operator",
  name: "hottest",
  declares: declares("items"),
  create: () => new Hottest(),
};

export function hotItems(bids: DataStream<Bid>, windows: HotItemWindows): DataStream<HotItem> {
  return bids
    .transform(bidTimes, { uid: "times", type: Bid })
    .keyBy("auction")
    .transform(windowCounts(windows), { uid: "counts", type: HotItem })
    .keyBy("windowEnd")
    .transform(hottest, { uid: "hottest", type: HotItem });
}
