/**
 * Owns: how operators of SQL get rows: none comes to them, since edges between them are of columns (OP7); of a batch they may take one after the other.
 *
 * SQBR1 Between two rows the task may turn to something else: what one row emits, a million rows perhaps, is all that goes beyond.
 */
import { assert } from "../../../base/index.ts";
import type { KeyedOperatorState, OperatorContext } from "../../ports/index.ts";
import type { ColumnBatch } from "../../record/index.ts";
import type { RowKeys } from "../rows/row-key.ts";
import type { SqlRow } from "../rows/sql-row.ts";

export function refuseRow(): never {
  return assert(false, "an operator of columns is given batches") as never;
}

/** Calls `apply` for each row from the one numbered `from` on, with its key as the current one. `place`: in the batch's columns. */
export function forEachKeyed(
  batch: ColumnBatch,
  from: number,
  { keys, keyed }: { readonly keys: RowKeys; readonly keyed: KeyedOperatorState },
  apply: (row: SqlRow, place: number) => void,
): void {
  const hashes = keys.hashes(batch);
  for (const [at, row] of batch.toRows(from).entries()) {
    const place = batch.rows[from + at] as number;
    keyed.setCurrentKey(keys.at(batch, place), hashes[place] as number);
    apply(row as SqlRow, place);
  }
}

/** Calls `take` with each row of the batch, and its place, until the task is to pause (SQBR1). Answers how far it got. */
export function takeRows(
  batch: ColumnBatch,
  from: number,
  { emission }: Pick<OperatorContext, "emission">,
  take: (row: SqlRow, place: number) => void,
): number {
  const { rows, count } = batch;
  let at = from;
  for (const row of batch.toRows(from)) {
    take(row as SqlRow, rows[at] as number);
    at += 1;
    if (at < count && emission?.isFull() === true) break;
  }
  return at;
}
