/**
 * Owns: a sink that takes what a query emits, adds up what is in it, and drops it; one report of each subtask at its end.
 *
 * NXS1 Two forms of a query that give the same report gave, by all likelihood, the same records: `sum` is of all numbers and the bytes of all texts.
 */
import { writeFileSync } from "node:fs";
import type { PlainSink, SinkWriter } from "streamjob";
import type { Column, ColumnBatch } from "../../runtime/record/index.ts";

export type QueryReport = { readonly subtask: number; readonly records: number; readonly sum: number };

/** Numbers stay exact below this. */
export const SUM_MODULUS = 2 ** 40;

class CheckingWriter implements SinkWriter<object> {
  readonly #file: string;
  readonly #subtask: number;
  #records = 0;
  #sum = 0;

  constructor(folder: string, subtask: number) {
    this.#file = `${folder}/query-${subtask}.json`;
    this.#subtask = subtask;
  }

  write(row: object): void {
    this.#records += 1;
    let sum = this.#sum;
    for (const name in row) {
      const value = (row as Readonly<Record<string, number | string>>)[name] as number | string;
      sum += typeof value === "string" ? value.length : value;
    }
    this.#sum = sum % SUM_MODULUS;
  }

  writeBatch({ columns, rows, count }: ColumnBatch): void {
    for (const column of columns) {
      const numbers = numbersOf(column);
      let sum = this.#sum;
      for (let at = 0; at < count; at++) sum = (sum + (numbers[rows[at] as number] as number)) % SUM_MODULUS;
      this.#sum = sum;
    }
    this.#records += count;
  }

  close(): void {
    const report: QueryReport = { subtask: this.#subtask, records: this.#records, sum: this.#sum };
    writeFileSync(this.#file, JSON.stringify(report));
  }
}

/** The values of a column of numbers, the lengths of texts. */
function numbersOf(column: Column): Float64Array | Int32Array {
  if (column.kind === "float64") return column.values;
  if (column.kind === "text") return column.lengths;
  throw new Error(`a query has a column of kind ${column.kind}, which the sink does not add up`);
}

/** `form`: what it takes. */
export function checkingSink(folder: string, form: "rows" | "columns"): PlainSink<object> {
  return {
    kind: "sink",
    name: "check",
    guarantee: "at-least-once",
    ...(form === "columns" ? { takesBatches: true as const } : {}),
    createWriter: ({ subtask }) => new CheckingWriter(folder, subtask),
  };
}
