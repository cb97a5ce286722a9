/**
 * Owns: Nexmark queries as streams of columns, as a planner would make them, and the same over rows.
 *
 * q0: auction, bidder, price, dateTime, extra of each bid. q1: the same with the price in euros: 0.908 of it, exactly, in thousandths. q5: every 2
 * seconds of event time the auctions with the most bids in the last 10 (hot-items.ts).
 */
import type { DataStream, OperatorFactory } from "streamjob";
import type { Output, StreamOperator } from "../../runtime/ports/index.ts";
import { type ColumnBatch, layoutOf, type ValueType } from "../../runtime/record/index.ts";
import type { Column, Float64Column } from "../../runtime/record/columns/column.ts";
import { Bid } from "./bids.ts";
import type { HotItem } from "./bid-counts.ts";
import { hotItems } from "./hot-items.ts";
import { hotItemsOfRows } from "./hot-items-rows.ts";

export type Query = {
  /** Of a source of columns. */
  readonly columns: (bids: DataStream<Bid>) => DataStream<Bid> | DataStream<HotItem>;
  /** Of a source of rows. */
  readonly rows: (bids: DataStream<Bid>) => DataStream<Bid> | DataStream<HotItem>;
  /** Whether one record comes out for each bid, and Flink's peer has the query, too. */
  readonly isStateless: boolean;
};

const EURO_PER_THOUSAND_DOLLARS = 908;
const PRICE = 2;

/** Of a price in dollars, in thousandths of a euro. */
const inEuros = (price: number): number => price * EURO_PER_THOUSAND_DOLLARS;

class EuroOperator implements StreamOperator<Bid, Bid> {
  readonly #layout = layoutOf(Bid as ValueType<unknown>);
  #output!: Output<Bid>;
  #euros = new Float64Array(0);

  open(_context: unknown, output: Output<Bid>): void {
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch): number {
    const { columns, rows, count, size } = batch;
    if (this.#euros.length < size) this.#euros = new Float64Array(size);
    const euros = this.#euros;
    const prices = (columns[PRICE] as Float64Column).values;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      euros[row] = inEuros(prices[row] as number);
    }
    const price: Column = { kind: "float64", values: euros, nulls: null };
    this.#output.collectBatch(batch.withColumns(this.#layout, columns.with(PRICE, price)));
    return count;
  }
}

const euros: OperatorFactory<Bid, Bid> = { kind: "operator", name: "euros", create: () => new EuroOperator() };

export function bidsInEuros(bids: DataStream<Bid>): DataStream<Bid> {
  return bids.transform(euros, { uid: "euros", type: Bid });
}

/** The same of a row. */
export function bidInEuros(bid: Bid): Bid {
  return { ...bid, price: inEuros(bid.price) };
}

const WINDOWS = { sizeMs: 10_000, slideMs: 2000 };

export const queries: Readonly<Record<string, Query>> = {
  q0: {
    columns: (bids) => bids,
    rows: (bids) => bids.map((bid) => ({ ...bid }), { uid: "query", type: Bid }),
    isStateless: true,
  },
  q1: {
    columns: bidsInEuros,
    rows: (bids) => bids.map(bidInEuros, { uid: "query", type: Bid }),
    isStateless: true,
  },
  q5: {
    columns: (bids) => hotItems(bids, WINDOWS),
    rows: (bids) => hotItemsOfRows(bids, WINDOWS),
    isStateless: false,
  },
};
