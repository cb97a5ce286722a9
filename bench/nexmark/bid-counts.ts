/**
 * Owns: what both operators of q5 over columns do with a table of counts by auction: add bids up, and emit the auctions that have the most.
 */
import type { ColumnTable, Output } from "../../runtime/ports/index.ts";
import {
  type Column,
  ColumnBuilder,
  type Float64Column,
  t,
  TABLE_PAGE_BITS,
  type ValueType,
} from "../../runtime/record/index.ts";
import type { Float64Store } from "../../runtime/record/columns/column-store.ts";

/** An auction with the most bids of the window that ends then. */
export const HotItem = t.record({ windowEnd: t.timestamp, auction: t.int64, bids: t.int64 });
export type HotItem = { windowEnd: number; auction: number; bids: number };

const PAGE_SLOTS = 2 ** TABLE_PAGE_BITS;
const SLOT_MASK = PAGE_SLOTS - 1;
export const [ITEM_END, ITEM_AUCTION, ITEM_BIDS] = [0, 1, 2];

export const AuctionKey = t.record({ auction: t.int64 }) as ValueType<unknown>;
export const Bids = t.record({ bids: t.int64 }) as ValueType<unknown>;
/** Adds up bids by auction. */
export class BidCounts {
  /** 0, 1, 2, … */
  readonly #places = Int32Array.from({ length: PAGE_SLOTS }, (_none, place) => place);
  #slots = new Int32Array(PAGE_SLOTS);

  /** `bids`: how many each record stands for, by place; null: one. */
  add(
    table: ColumnTable,
    records: { readonly auctions: Column; readonly hashes: Int32Array; readonly rows: Int32Array },
    bids: Float64Array | null,
  ): void {
    const { auctions, hashes, rows } = records;
    const count = rows.length;
    if (this.#slots.length < count) this.#slots = new Int32Array(count);
    const slots = this.#slots;
    table.slotsOf({ keys: [auctions], hashes, rows, count }, slots);
    const pages = table.values[0] as readonly Float64Array[];
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      const page = pages[slot >> TABLE_PAGE_BITS] as Float64Array;
      page[slot & SLOT_MASK] =
        (page[slot & SLOT_MASK] as number) + (bids === null ? 1 : (bids[rows[at] as number] as number));
    }
  }

  addTable(table: ColumnTable, other: ColumnTable): void {
    for (let page = 0; page * PAGE_SLOTS < other.size; page++) {
      const rows = this.#places.subarray(0, Math.min(PAGE_SLOTS, other.size - page * PAGE_SLOTS));
      const auctions = other.keysOf(page)[0] as Column;
      this.add(table, { auctions, hashes: other.hashesOf(page), rows }, other.values[0]?.[page] as Float64Array);
    }
  }
}

/** Emits what has the most bids of a table, in batches. */
export class MostEmitter {
  readonly #builder = new ColumnBuilder(HotItem as ValueType<unknown>);
  readonly #output: Output<HotItem>;

  constructor(output: Output<HotItem>) {
    this.#output = output;
  }

  emit(table: ColumnTable, windowEnd: number): void {
    const counts = table.values[0] as readonly Float64Array[];
    let most = 0;
    for (let slot = 0; slot < table.size; slot++) most = Math.max(most, countOf(counts, slot));
    for (let slot = 0; slot < table.size; slot++) {
      if (countOf(counts, slot) < most) continue;
      const auctions = table.keysOf(slot >> TABLE_PAGE_BITS)[0] as Float64Column;
      this.#put(windowEnd, auctions.values[slot & SLOT_MASK] as number, most);
    }
    this.#flush();
  }

  #put(windowEnd: number, auction: number, bids: number): void {
    const builder = this.#builder;
    const at = builder.count;
    const values = (place: number): Float64Array => (builder.stores[place] as Float64Store).values;
    values(ITEM_END)[at] = windowEnd;
    values(ITEM_AUCTION)[at] = auction;
    values(ITEM_BIDS)[at] = bids;
    builder.timestamps()[at] = windowEnd - 1;
    builder.count = at + 1;
    if (builder.isFull) this.#flush();
  }

  #flush(): void {
    if (this.#builder.count === 0) return;
    const batch = this.#builder.take();
    this.#output.collectBatch(batch);
    batch.release();
  }
}

function countOf(counts: readonly Float64Array[], slot: number): number {
  return (counts[slot >> TABLE_PAGE_BITS] as Float64Array)[slot & SLOT_MASK] as number;
}
