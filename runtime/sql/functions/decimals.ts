/**
 * Owns: exact numbers as a bigint of their smallest unit, and their digits behind the point.
 *
 * SQUD1 What is cut off is rounded half away from zero, as Java's HALF_UP does; `cut` drops it.
 */
import { isInteger, type KindOf, type OperandType } from "../types/type-families.ts";

export type Exact = { readonly unscaled: bigint; readonly scale: number };

const powers: bigint[] = [];

export function powerOfTen(exponent: number): bigint {
  return (powers[exponent] ??= 10n ** BigInt(exponent));
}

/** Digits behind the point; fewer than before: rounded (SQUD1). */
export function rescaled({ unscaled, scale }: Exact, to: number): bigint {
  if (to >= scale) return unscaled * powerOfTen(to - scale);
  const unit = powerOfTen(scale - to);
  const [quotient, rest] = [unscaled / unit, unscaled % unit];
  const isFar = (rest < 0n ? -rest : rest) * 2n >= unit;
  return isFar ? quotient + (unscaled < 0n ? -1n : 1n) : quotient;
}

export const cut = ({ unscaled, scale }: Exact, to: number): bigint =>
  to >= scale ? unscaled * powerOfTen(to - scale) : unscaled / powerOfTen(scale - to);

/** The greatest whole number that is not above. */
export function floorOf({ unscaled, scale }: Exact): bigint {
  const unit = powerOfTen(scale);
  const quotient = unscaled / unit;
  return unscaled < 0n && quotient * unit !== unscaled ? quotient - 1n : quotient;
}

/** A finite double, as the decimal number that it is written as. */
export function exactOf(value: number): Exact {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const scale = fraction.length - Number(exponent);
  const unscaled = BigInt(whole + fraction);
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * powerOfTen(-scale), scale: 0 };
}

/** From values of an exact type. */
export const exactReader = (type: OperandType | undefined): ((value: number | bigint) => Exact) => {
  const scale = type?.kind === "decimal" ? type.scale : 0;
  return (value) => ({ unscaled: BigInt(value), scale });
};

const bits = { tinyint: 8, smallint: 16, int: 32, bigint: 64 } as const;
type Integers = KindOf<keyof typeof bits>;

/** A whole number as a value of an integer type: bits that it has no room for are lost, as in Java. */
export function wrapped(value: bigint, type: Integers): number | bigint {
  const kept = BigInt.asIntN(bits[type.kind], value);
  return type.kind === "bigint" ? kept : Number(kept);
}

/** As a value of an exact type: rounded to its scale. */
export function exactValue(exact: Exact, type: OperandType): number | bigint {
  if (isInteger(type)) return wrapped(rescaled(exact, 0), type);
  return rescaled(exact, type.kind === "decimal" ? type.scale : 0);
}
