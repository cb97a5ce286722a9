/**
 * Owns: exact numbers of any scale, as functions need them: from and to values of their types, rounded, cut, rounded down. DECIMAL itself is casts/decimals.ts.
 */
import { isInteger, type KindOf, type OperandType } from "../types/type-families.ts";

const powers: bigint[] = [];

export function powerOfTen(exponent: number): bigint {
  return (powers[exponent] ??= 10n ** BigInt(exponent));
}

/** Rounded half away from zero (SQXD1). */
export function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend - quotient * divisor;
  const [restSize, size] = [rest < 0n ? -rest : rest, divisor < 0n ? -divisor : divisor];
  if (restSize * 2n < size) return quotient;
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

/** From so many digits behind the point to so many; fewer: rounded. */
export function rescaledDigits(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return to === from ? unscaled : unscaled * powerOfTen(to - from);
  return roundedQuotient(unscaled, powerOfTen(from - to));
}

export type Exact = { readonly unscaled: bigint; readonly scale: number };

/** Digits behind the point; fewer than before: rounded (SQXD1). */
export const rescaled = ({ unscaled, scale }: Exact, to: number): bigint => rescaledDigits(unscaled, scale, to);

/** The same, and what is too much is dropped. */
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
