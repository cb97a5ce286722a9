/**
 * Owns: whether the key at a place of some columns is that at a place of others.
 *
 * TKY1 Values are compared as SVL1 says: as `plainKey` has it.
 */
import { type Column, type Key, keyIdentity, plainKey, sameValueAt } from "../../record/index.ts";

export function sameKey(left: readonly Column[], place: number, right: readonly Column[], row: number): boolean {
  for (let field = 0; field < left.length; field++)
    if (!sameValueAt(left[field] as Column, place, right[field] as Column, row)) return false;
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
        : sameValueAt(left, place, other, row);
    if (!isSame) return false;
  }
  return true;
}

function sameObject(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  return keyIdentity(plainKey(one) as Key) === keyIdentity(plainKey(other) as Key);
}
