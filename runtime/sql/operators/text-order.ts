/**
 * Owns: the order of two texts as they stand in columns (SQRO1).
 */
import { readText, type TextColumn } from "../../record/index.ts";
import { compareTexts } from "../rows/value-order.ts";

/** Below zero: the left one comes first. By code points: as bytes, but where surrogates stand alone. */
export function compareTextsAt(left: TextColumn, row: number, right: TextColumn, place: number): number {
  if (!left.isWellFormed || !right.isWellFormed) return compareTexts(readText(left, row), readText(right, place));
  const [lengthLeft, lengthRight] = [left.lengths[row] as number, right.lengths[place] as number];
  const [first, other] = [left.starts[row] as number, right.starts[place] as number];
  const length = Math.min(lengthLeft, lengthRight);
  for (let at = 0; at < length; at++) {
    const difference = (left.bytes[first + at] as number) - (right.bytes[other + at] as number);
    if (difference !== 0) return difference;
  }
  return lengthLeft - lengthRight;
}
