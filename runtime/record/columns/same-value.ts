/**
 * Owns: whether the value at a place of a column is that at a place of another one of its kind.
 * Called by: tables of keyed state, for every record that looks for its key.
 *
 * SVL1 Numbers are compared as numbers (0 and -0 are one, and so are two NaN), texts by their bytes; null equals null.
 */
import { type BigintColumn, type Column, isNull, type TextColumn } from "./column.ts";

/** Objects are equal when they are one. */
export function sameValueAt(left: Column, place: number, right: Column, row: number): boolean {
  const isLeftNull = left.nulls !== null && isNull(left.nulls, place);
  const isRightNull = right.nulls !== null && isNull(right.nulls, row);
  if (isLeftNull || isRightNull) return isLeftNull && isRightNull;
  if (left.kind === "text") return sameText(left, place, right as TextColumn, row);
  if (left.kind === "bigint") return sameWords(left, place, right as BigintColumn, row);
  const one = left.values[place];
  const other = (right as typeof left).values[row];
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}

/** By words, padding and all (CLM2). */
export function sameText(left: TextColumn, place: number, right: TextColumn, row: number): boolean {
  const length = left.lengths[place] as number;
  if (length !== right.lengths[row]) return false;
  const first = (left.starts[place] as number) >> 2;
  const other = (right.starts[row] as number) >> 2;
  for (let word = (length + 3) >> 2; word-- > 0; )
    if (left.words[first + word] !== right.words[other + word]) return false;
  return true;
}

function sameWords(left: BigintColumn, place: number, right: BigintColumn, row: number): boolean {
  return (
    left.words[place << 1] === right.words[row << 1] && left.words[(place << 1) + 1] === right.words[(row << 1) + 1]
  );
}
