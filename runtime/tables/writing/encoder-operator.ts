/**
 * Owns: the operator in front of a sink of a table: of each row of a batch, with its kind, it makes the record that the sink takes.
 *
 * TBCE1 It stops inside a batch when its task is to pause, so that a slow sink holds back what comes (OP7).
 * TBCE2 A row that cannot be written fails the job; the error names the table.
 */
import { assert, StreamError } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, rowKinds } from "../../record/index.ts";
import { RecordMisfit, type Row } from "../formats/format.ts";
import { ValueMisfit } from "../values/scalar-text.ts";

/** `kind`: a RowKind. Undefined: nothing is written for this row. */
export type EncodeRow = (row: Row, kind: number) => unknown;

/** `table`: for messages. `encoder` makes one for each subtask. */
export function encoderOperator(table: string, encoder: () => EncodeRow): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: `encode ${table}`, create: () => new EncoderOperator(table, encoder()) };
}

class EncoderOperator implements StreamOperator<unknown, unknown> {
  readonly #table: string;
  readonly #encode: EncodeRow;
  #output: Output<unknown> | null = null;
  #emission: OperatorContext["emission"];

  constructor(table: string, encode: EncodeRow) {
    this.#table = table;
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
      const record = this.#record(objects[at - from] as Row, kind);
      if (record !== undefined) this.#output?.collect(record, batch.timestampAt(place));
      if (emission?.isPaused === true) return at + 1;
    }
    return count;
  }

  /** TBCE2 */
  #record(row: Row, kind: number): unknown {
    try {
      return this.#encode(row, kind);
    } catch (error) {
      if (!(error instanceof RecordMisfit || error instanceof ValueMisfit)) throw error;
      throw new StreamError("SINK_FAILED", `table ${this.#table}: a row cannot be written: ${error.message}`, {
        destiny: "terminal",
        cause: error,
      });
    }
  }
}
