/**
 * Owns: arithmetic of decimals as bigints of their smallest unit.
 */
import { DECIMAL_PRECISION_MAX, type SqlType } from "../../types/sql-type.ts";

const LIMIT = 10n ** BigInt(DECIMAL_PRECISION_MAX);

/** Null where it has more digits than a DECIMAL. */
export function decimalOf(units: bigint): bigint | null {
  return units < LIMIT && units > -LIMIT ? units : null;
}

export function powerOfTen(digits: number): bigint {
  return 10n ** BigInt(digits);
}

/** `below` is above zero; halves go away from zero. */
export function divideHalfUp(above: bigint, below: bigint): bigint {
  const half = below / 2n;
  return (above < 0n ? above - half : above + half) / below;
}

/** The greatest whole number whose square is not above it. */
export function squareRoot(square: bigint): bigint {
  if (square < 2n) return square;
  // Newton's, from above.
  let root = 1n << BigInt((square.toString(2).length >> 1) + 1);
  for (let next = (root + square / root) >> 1n; next < root; next = (root + square / root) >> 1n) root = next;
  return root;
}

/** Whether rows have a bigint for a whole number of that type. */
export function isBig(type: SqlType): boolean {
  return type.kind === "bigint";
}
