/**
 * Owns: a sink that takes what a query emits, adds up what is in it, and drops it; one report of each subtask at its end.
 *
 * NXS1 Two forms of a query that give the same report gave, by all likelihood, the same records: `sum` is of all numbers and the bytes of all texts.
 */
import { writeFileSync } from "node:fs";
import type { PlainSink, SinkWriter } from "streamjob";
import type { ColumnBatch } from "../../runtime/record/index.ts";
import type { Float64Column, TextColumn } from "../../runtime/record/columns/column.ts";
import type { Bid } from "./bids.ts";

export type QueryReport = { readonly subtask: number; readonly records: number; readonly sum: number };

/** Numbers stay exact below this. */
export const SUM_MODULUS = 2 ** 40;

class CheckingWriter implements SinkWriter<Bid> {
  readonly #file: string;
  readonly #subtask: number;
  #records = 0;
  #sum = 0;

  constructor(folder: string, subtask: number) {
    this.#file = `${folder}/query-${subtask}.json`;
    this.#subtask = subtask;
  }

  write({ auction, bidder, price, dateTime, extra }: Bid): void {
    this.#records += 1;
    this.#sum = (this.#sum + auction + bidder + price + dateTime + extra.length) % SUM_MODULUS;
  }

  writeBatch({ columns, rows, count }: ColumnBatch): void {
    const [auctions, bidders, prices, times, extras] = columns as [
      Float64Column,
      Float64Column,
      Float64Column,
      Float64Column,
      TextColumn,
    ];
    let sum = this.#sum;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const numbers =
        (auctions.values[row] as number) + (bidders.values[row] as number) + (prices.values[row] as number);
      sum = (sum + numbers + (times.values[row] as number) + (extras.lengths[row] as number)) % SUM_MODULUS;
    }
    this.#sum = sum;
    this.#records += count;
  }

  close(): void {
    const report: QueryReport = { subtask: this.#subtask, records: this.#records, sum: this.#sum };
    writeFileSync(this.#file, JSON.stringify(report));
  }
}

/** `form`: what it takes. */
export function checkingSink(folder: string, form: "rows" | "columns"): PlainSink<Bid> {
  return {
    kind: "sink",
    name: "check",
    guarantee: "at-least-once",
    ...(form === "columns" ? { takesBatches: true as const } : {}),
    createWriter: ({ subtask }) => new CheckingWriter(folder, subtask),
  };
}
