/**
 * Owns: what holds for each row that is written, whatever the connector: no NULL where none may be, and the table's name in what goes wrong.
 *
 * TBWR1 A NULL for a column that is NOT NULL fails the job, as in Flink; of a row that is deleted only the key is looked at.
 * TBWR2 A row that cannot be written fails the job for good: trying again would not help.
 */
import { StreamError } from "../../../base/index.ts";
import { RecordMisfit, type Row } from "../formats/format.ts";
import type { TableDescription } from "../table-description.ts";
import { ValueMisfit } from "../values/scalar-text.ts";

export class WrittenRows {
  readonly #table: string;
  /** Names of columns that may not be NULL: in rows that stay, and in rows that are deleted. */
  readonly #required: { readonly written: readonly string[]; readonly deleted: readonly string[] };

  constructor({ name, columns, primaryKey }: TableDescription) {
    this.#table = name;
    const written = columns.filter(({ type }) => !type.isNullable).map((column) => column.name);
    this.#required = { written, deleted: primaryKey };
  }

  /** Errors: RecordMisfit (TBWR1). */
  check(row: Row, isDeleted: boolean): void {
    const { written, deleted } = this.#required;
    for (const name of isDeleted ? deleted : written)
      if (row[name] === null) throw new RecordMisfit(`the column ${name} is NOT NULL, and the row has NULL for it`);
  }

  /** What became of a row that could not be written (TBWR2). */
  failureOf(error: unknown): unknown {
    if (!(error instanceof RecordMisfit || error instanceof ValueMisfit)) return error;
    return new StreamError("SINK_FAILED", `table ${this.#table}: a row cannot be written: ${error.message}`, {
      destiny: "terminal",
      cause: error,
    });
  }
}
