/**
 * Owns: where a row is put in an ordered list, and what is emitted when the rows that are shown have become others. Pure.
 *
 * SQJP1 Where ranks are shown each place that has another row is a change, from the first place on; what is taken back comes before what takes its place.
 * SQJP2 Elsewhere rows that are no longer shown are taken back before those that are shown now are emitted; rows that have only moved are neither.
 */
import { rowKinds } from "../../record/index.ts";
import { type SqlRow, sameValues } from "../rows/sql-row.ts";
import type { RowKind } from "./emitted-rows.ts";

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

type Visit = (kind: RowKind, row: SqlRow, place: number) => void;

/** Tells `visit` of each place that has another row: SQJP1. Places count from 0. */
export function forEachMove(
  before: readonly SqlRow[],
  after: readonly SqlRow[],
  names: readonly string[],
  visit: Visit,
): void {
  const length = Math.max(before.length, after.length);
  for (let place = 0; place < length; place++) {
    const [goes, comes] = [before[place], after[place]];
    if (goes === comes || (goes !== undefined && comes !== undefined && sameValues(goes, comes, names))) continue;
    if (comes === undefined) visit(rowKinds.delete, goes as SqlRow, place);
    else if (goes === undefined) visit(rowKinds.insert, comes, place);
    else {
      visit(rowKinds.updateBefore, goes, place);
      visit(rowKinds.updateAfter, comes, place);
    }
  }
}

/** The same for rows that come and go: SQJP2. */
export function forEachComing(
  before: readonly SqlRow[],
  after: readonly SqlRow[],
  names: readonly string[],
  visit: Visit,
): void {
  const [stays, was] = [new Set(after), new Set(before)];
  const gone = before.filter((row) => !stays.has(row));
  const come = after.filter((row) => !was.has(row));
  for (const [place, row] of gone.entries()) {
    const same = come.findIndex((other) => sameValues(row, other, names));
    if (same < 0) visit(rowKinds.delete, row, place);
    else come.splice(same, 1);
  }
  for (const [place, row] of come.entries()) visit(rowKinds.insert, row, place);
}
