/**
 * Owns: the operator in front of a sink of a table: of each row of a batch, with its kind, it makes the record that the sink takes.
 *
 * TBCE1 It stops inside a batch when its task is to pause, so that a slow sink holds back what comes (OP7).
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, rowKinds } from "../../record/index.ts";
import type { Row } from "../formats/format.ts";
import type { TableDescription } from "../table-description.ts";
import { WrittenRows } from "./written-row.ts";

/** `kind`: a RowKind. Undefined: nothing is written for this row. */
export type EncodeRow = (row: Row, kind: number) => unknown;

/** `encoder` makes one for each subtask. */
export function encoderOperator(table: TableDescription, encoder: () => EncodeRow): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: `encode ${table.name}`, create: () => new EncoderOperator(table, encoder()) };
}

class EncoderOperator implements StreamOperator<unknown, unknown> {
  readonly #rows: WrittenRows;
  readonly #encode: EncodeRow;
  #output: Output<unknown> | null = null;
  #emission: OperatorContext["emission"];

  constructor(table: TableDescription, encode: EncodeRow) {
    this.#rows = new WrittenRows(table);
    this.#encode = encode;
  }

  open(context: OperatorContext, output: Output<unknown>): void {
    this.#output = output;
    this.#emission = context.emission;
  }

  process(): void {
    assert(false, "the encoder of a table gets batches");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count, marks } = batch;
    const emission = this.#emission;
    const objects = batch.toRows(from);
    for (let at = from; at < count; at++) {
      const place = rows[at] as number;
      const kind = marks.rowKinds === null ? rowKinds.insert : (marks.rowKinds[place] as number);
      const row = objects[at - from] as Row;
      const record = this.#record(row, kind);
      if (record !== undefined) this.#output?.collect(record, batch.timestampAt(place));
      if (emission?.isPaused === true) return at + 1;
    }
    return count;
  }

  #record(row: Row, kind: number): unknown {
    try {
      this.#rows.check(row, false);
      return this.#encode(row, kind);
    } catch (error) {
      throw this.#rows.failureOf(error);
    }
  }
}
