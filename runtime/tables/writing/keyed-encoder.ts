/**
 * Owns: the operator in front of a sink that keeps the last row of each key: of a batch it gives, for each key, what is last.
 *
 * TBCB1 A row that is taken back (-U, -D) is a deletion, unless a row of the same key comes behind it in the batch.
 * TBCB2 What comes out of a batch is one record for each key, in the order of their last rows; batches keep their order.
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, rowKinds } from "../../record/index.ts";
import type { Row } from "../formats/format.ts";
import type { TableDescription } from "../table-description.ts";
import { WrittenRows } from "./written-row.ts";

/** The record of a key's last row. */
export type EncodeLast = (row: Row, isDeleted: boolean) => unknown;

/** The table has a key. `encoder` makes one for each subtask. */
export function keyedEncoderOperator(
  table: TableDescription,
  encoder: () => EncodeLast,
): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: `encode ${table.name}`, create: () => new KeyedEncoder(table, encoder()) };
}

type Last = { readonly row: Row; readonly isDeleted: boolean; readonly timestamp: number };

class KeyedEncoder implements StreamOperator<unknown, unknown> {
  readonly #rows: WrittenRows;
  readonly #keys: readonly string[];
  readonly #encode: EncodeLast;
  #output: Output<unknown> | null = null;

  constructor(table: TableDescription, encode: EncodeLast) {
    this.#rows = new WrittenRows(table);
    this.#keys = table.primaryKey;
    this.#encode = encode;
  }

  open(_context: OperatorContext, output: Output<unknown>): void {
    this.#output = output;
  }

  process(): void {
    assert(false, "the encoder of a table gets batches");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count, marks } = batch;
    const objects = batch.toRows(from) as Row[];
    const lasts = new Map<string, Last>();
    for (let at = from; at < count; at++) {
      const place = rows[at] as number;
      const kind = marks.rowKinds === null ? rowKinds.insert : (marks.rowKinds[place] as number);
      const row = objects[at - from] as Row;
      const key = this.#keyText(row);
      const isDeleted = kind === rowKinds.delete || kind === rowKinds.updateBefore;
      lasts.delete(key); // TBCB2: a Map keeps the place of a key's first row.
      lasts.set(key, { row, isDeleted, timestamp: batch.timestampAt(place) });
    }
    for (const { row, isDeleted, timestamp } of lasts.values())
      this.#output?.collect(this.#record(row, isDeleted), timestamp);
    return count;
  }

  #keyText(row: Row): string {
    let text = "";
    for (const name of this.#keys) text += `${JSON.stringify(textOf(row[name]))},`;
    return text;
  }

  #record(row: Row, isDeleted: boolean): unknown {
    try {
      this.#rows.check(row, isDeleted);
      return this.#encode(row, isDeleted);
    } catch (error) {
      throw this.#rows.failureOf(error);
    }
  }
}

/** Of values of one column: different ones have different texts. */
function textOf(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
  return typeof value === "bigint" ? String(value) : value;
}
