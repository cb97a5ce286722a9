/**
 * Owns: DECIMALs as bigints of their smallest unit: rounding, division, and their way from and to texts and numbers.
 *
 * SQXD1 What is cut off is rounded half up, away from zero, as Flink does. A value that has more digits than its type is NULL.
 */
import { powerOfTen, rescaledDigits as rescaled, roundedQuotient } from "../functions/decimals.ts";
import type { KindOf } from "../types/type-families.ts";

export { rescaledDigits as rescaled } from "../functions/decimals.ts";

export type Decimal = KindOf<"decimal">;

/** Significant digits of a division, before it is rounded to its scale (Flink's MathContext). */
const DIVISION_DIGITS = 38;
/** 10 to the power of it is exact as a number. */
const EXACT_POWER_MAX = 22;
const EXACT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

/** The value, or null when it has more digits than the type. */
export function fitted(unscaled: bigint, precision: number): bigint | null {
  const limit = powerOfTen(precision);
  return unscaled < limit && unscaled > -limit ? unscaled : null;
}

/** `right` is not zero. The result has `scale` digits behind the point. */
export function quotientOf(
  [left, leftScale]: readonly [bigint, number],
  [right, rightScale]: readonly [bigint, number],
  scale: number,
): bigint {
  // 38 significant digits first: the whole part's digits are known from a rough quotient.
  const [dividend, divisor] = [left * powerOfTen(rightScale), right * powerOfTen(leftScale)];
  const whole = absolute(dividend / divisor);
  const digits = whole === 0n ? -leadingZeros(absolute(dividend), absolute(divisor)) : String(whole).length;
  const kept = DIVISION_DIGITS - digits;
  if (kept <= scale || kept < 0) return roundedQuotient(dividend * powerOfTen(scale), divisor);
  return rescaled(roundedQuotient(dividend * powerOfTen(kept), divisor), kept, scale);
}

/** Zeros behind the point before the first digit of a fraction. */
function leadingZeros(dividend: bigint, divisor: bigint): number {
  if (dividend === 0n) return 0;
  let zeros = 0;
  for (let rest = dividend * 10n; rest < divisor; rest *= 10n) zeros += 1;
  return zeros;
}

/** Of both at the greater scale, with the sign of the dividend; `right` is not zero. */
export function remainderOf(
  [left, leftScale]: readonly [bigint, number],
  [right, rightScale]: readonly [bigint, number],
  scale: number,
): bigint {
  const common = Math.max(leftScale, rightScale);
  return rescaled(rescaled(left, leftScale, common) % rescaled(right, rightScale, common), common, scale);
}

/** All digits behind the point, no exponent. */
export function textOfDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(absolute(unscaled)).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The nearest number. */
export function numberOfDecimal(unscaled: bigint, scale: number): number {
  if (scale <= EXACT_POWER_MAX && absolute(unscaled) <= EXACT_MAX) return Number(unscaled) / 10 ** scale;
  return Number(textOfDecimal(unscaled, scale));
}

const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;
/** Beyond, no DECIMAL has a digit. */
const EXPONENT_MAX = 1000;

/** Undefined: the text is no number. Null: it has too many digits for the type. */
export function decimalOfText(text: string, { precision, scale }: Decimal): bigint | null | undefined {
  const match = DECIMAL_TEXT.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const exponent = Number(exponentText);
  const digits = `${whole}${fraction}`;
  const magnitude = BigInt(digits);
  if (magnitude === 0n || exponent < -EXPONENT_MAX - digits.length) return 0n;
  if (exponent > EXPONENT_MAX) return null;
  const ownScale = fraction.length - exponent;
  const unscaled = ownScale < 0 ? rescaled(magnitude, 0, -ownScale) : magnitude;
  return fitted(rescaled(sign === "-" ? -unscaled : unscaled, Math.max(0, ownScale), scale), precision);
}

/** By its shortest text, as Java's BigDecimal.valueOf; null: too many digits, or no finite number. */
export function decimalOfNumber(value: number, type: Decimal): bigint | null {
  return decimalOfText(String(value), type) ?? null;
}
