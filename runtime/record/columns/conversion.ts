/**
 * Owns: batches of rows as batches of columns, and back, with all that they have beside their records.
 * Called by: the joints of a chain (taskmanager/column-joints.ts).
 */
import { StreamError } from "../../../base/index.ts";
import { NO_TIMESTAMP, type RowBatch } from "../row-batch.ts";
import { rowKinds } from "../row-kind.ts";
import type { ColumnBatch } from "./column-batch.ts";
import type { ColumnBuilder } from "./column-builder.ts";

/** Each is to be released. Errors: VALUE_NOT_SERIALIZABLE. */
export function columnsOfRows(builder: ColumnBuilder, batch: RowBatch<unknown>): ColumnBatch[] {
  const { rows, timestamps, keyHashes, rowKinds: kinds } = batch;
  const batches: ColumnBatch[] = [];
  for (let row = 0; row < rows.length; row++) {
    const at = builder.count;
    builder.appendRow(rows[row], timestamps === null ? NO_TIMESTAMP : (timestamps[row] as number));
    if (keyHashes !== null) builder.keyHashes()[at] = keyHashes[row] as number;
    if (kinds !== undefined) builder.rowKinds()[at] = kinds[row] as number;
    if (builder.isFull || row + 1 === rows.length) batches.push(builder.take());
  }
  return batches;
}

/** Independent of `batch`. Errors: JOB_GRAPH_INVALID when records take others back, of which operators of rows know nothing. */
export function rowsOfColumns(batch: ColumnBatch): RowBatch<unknown> {
  const { rows, count, marks } = batch;
  const { keyHashes } = marks;
  refuseChanges(batch);
  const hashes = keyHashes === null ? null : new Int32Array(count);
  if (hashes !== null && keyHashes !== null)
    for (let at = 0; at < count; at++) hashes[at] = keyHashes[rows[at] as number] as number;
  return { rows: batch.toRows(), timestamps: batch.timestampsFrom(0), keyHashes: hashes };
}

/** For whoever takes records as they come. Errors: JOB_GRAPH_INVALID when there are any that take others back. */
export function refuseChanges({ rows, count, marks }: ColumnBatch): void {
  if (marks.rowKinds === null) return;
  for (let at = 0; at < count; at++) if (marks.rowKinds[rows[at] as number] !== rowKinds.insert) throw changesForRows();
}

function changesForRows(): StreamError {
  return new StreamError(
    "JOB_GRAPH_INVALID",
    "results that change came to an operator of rows, which would take what is taken back for new: turn the table into a stream of changes first",
    { destiny: "terminal" },
  );
}
