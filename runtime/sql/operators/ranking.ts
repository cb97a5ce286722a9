/**
 * Owns: where a row is put in an ordered list, and what has become of the places that are shown when one row was put in or taken out. Pure.
 *
 * SQJP1 Each change is told with what it takes back before what it brings, from the first place on.
 * SQJP2 Where ranks are shown a row that moves is a change of both places; elsewhere at most one row comes and one goes.
 */
import { rowKinds } from "../../record/index.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import type { RowKind } from "./row-emitter.ts";

/** Places count from 1; `to` null: there is no last one. */
export type Shown = { readonly from: number; readonly to: number | null; readonly showsRank: boolean };

/** A row was put in at an index of the list, or taken out from there. */
export type ListChange =
  | { readonly kind: "in"; readonly index: number }
  | { readonly kind: "out"; readonly index: number; readonly row: SqlRow };

/** The index behind all rows that do not come after `row`. */
export function indexAfter(
  rows: readonly SqlRow[],
  row: SqlRow,
  compare: (one: SqlRow, other: SqlRow) => number,
): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(rows[middle] as SqlRow, row) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Tells `visit` what is emitted. `rows`: the list after the change. */
export function forEachShownChange(
  rows: readonly SqlRow[],
  change: ListChange,
  { from, to, showsRank }: Shown,
  visit: (kind: RowKind, row: SqlRow, rank: number) => void,
): void {
  const isIn = change.kind === "in";
  const length = rows.length;
  const lengthBefore = isIn ? length - 1 : length + 1;
  const first = Math.max(change.index, from - 1);
  const last = Math.min((to ?? Number.POSITIVE_INFINITY) - 1, Math.max(length, lengthBefore) - 1);
  if (first > last) return;
  const before = (index: number): SqlRow => {
    if (index < change.index) return rows[index] as SqlRow;
    if (isIn) return rows[index + 1] as SqlRow;
    return index === change.index ? change.row : (rows[index - 1] as SqlRow);
  };
  if (showsRank) {
    for (let index = first; index <= last; index++) {
      const isUpdate = index < lengthBefore && index < length;
      if (index < lengthBefore) visit(isUpdate ? rowKinds.updateBefore : rowKinds.delete, before(index), index + 1);
      if (index < length) visit(isUpdate ? rowKinds.updateAfter : rowKinds.insert, rows[index] as SqlRow, index + 1);
    }
    return;
  }
  const [goes, comes] = isIn ? [last, first] : [first, last];
  if (goes < lengthBefore) visit(rowKinds.delete, before(goes), goes + 1);
  if (comes < length) visit(rowKinds.insert, rows[comes] as SqlRow, comes + 1);
}
