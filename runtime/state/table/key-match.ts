/**
 * Owns: whether the key at a place of some columns is that at a place of others.
 *
 * TKY1 Numbers are compared as numbers (0 and -0 are one, and so are two NaN), texts by their bytes, null equals null: as `plainKey` has it.
 */
import {
  type BigintColumn,
  type Column,
  isNull,
  type Key,
  keyIdentity,
  plainKey,
  type TextColumn,
} from "../../record/index.ts";

export function sameKey(left: readonly Column[], place: number, right: readonly Column[], row: number): boolean {
  for (let field = 0; field < left.length; field++)
    if (!sameValue(left[field] as Column, place, right[field] as Column, row)) return false;
  return true;
}

/** The same of columns that are among others, at these places. They may be objects, too. */
export function sameFields(
  { columns, places }: { readonly columns: readonly Column[]; readonly places: readonly number[] },
  place: number,
  right: readonly Column[],
  row: number,
): boolean {
  for (let field = 0; field < places.length; field++) {
    const left = columns[places[field] as number] as Column;
    const other = right[field] as Column;
    const isSame =
      left.kind === "objects"
        ? sameObject(left.values[place], (other as typeof left).values[row])
        : sameValue(left, place, other, row);
    if (!isSame) return false;
  }
  return true;
}

function sameObject(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  return keyIdentity(plainKey(one) as Key) === keyIdentity(plainKey(other) as Key);
}

function sameValue(left: Column, place: number, right: Column, row: number): boolean {
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
function sameText(left: TextColumn, place: number, right: TextColumn, row: number): boolean {
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
