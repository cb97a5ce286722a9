/**
 * Owns: Nexmark queries as operators of columns, as a planner would make them, and what each emits for one bid, for the same job over rows.
 *
 * q0: auction, bidder, price, dateTime, extra of each bid. q1: the same with the price in euros: 0.908 of it, exactly, in thousandths.
 */
import type { OperatorFactory } from "streamjob";
import type { Output, StreamOperator } from "../../runtime/ports/index.ts";
import { type ColumnBatch, layoutOf, type ValueType } from "../../runtime/record/index.ts";
import type { Column, Float64Column } from "../../runtime/record/columns/column.ts";
import { Bid } from "./bids.ts";

export type Query = {
  /** null: the bids as they are. */
  readonly operator: OperatorFactory<Bid, Bid> | null;
  readonly row: (bid: Bid) => Bid;
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

export const queries: Readonly<Record<string, Query>> = {
  q0: { operator: null, row: (bid) => ({ ...bid }) },
  q1: {
    operator: { kind: "operator", name: "euros", create: () => new EuroOperator() },
    row: (bid) => ({ ...bid, price: inEuros(bid.price) }),
  },
};
