/**
 * Owns: numbers as Java writes them, which is how Flink prints and encodes them; and decimals from text.
 *
 * TBCN1 Digits are the fewest that give the same DOUBLE, or the same FLOAT, when they are read.
 * TBCN2 A decimal that does not fit its type is refused, never cut: only digits behind the scale are rounded, half up.
 */

const PLAIN_EXPONENT_MIN = -3;
const PLAIN_EXPONENT_MAX = 6;
const FLOAT_DIGITS_MAX = 9;

/** As `Double.toString`: `1.0`, `1.0E10`. */
export function doubleText(value: number): string {
  return numberText(value, (number) => number.toExponential());
}

/** As `Float.toString`, of a number that is a FLOAT. */
export function floatText(value: number): string {
  return numberText(value, shortestFloat);
}

function shortestFloat(value: number): string {
  for (let digits = 0; digits < FLOAT_DIGITS_MAX - 1; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(FLOAT_DIGITS_MAX - 1);
}

function numberText(value: number, shortest: (value: number) => string): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const sign = value < 0 ? "-" : "";
  const [mantissa = "", exponentText = ""] = shortest(Math.abs(value)).split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(exponentText);
  if (exponent < PLAIN_EXPONENT_MIN || exponent > PLAIN_EXPONENT_MAX)
    return `${sign}${digits[0]}.${digits.slice(1) || "0"}E${exponent}`;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/** `12.30` of 1230 at scale 2. */
export function plainDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const sign = unscaled < 0n ? "-" : "";
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Below it Java writes an exponent. */
const DECIMAL_EXPONENT_MIN = -6;

/** As `BigDecimal.toString`: as `plainDecimal`, but `1E-7` where the value is very small. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled);
  const exponent = digits.length - 1 - scale;
  if (exponent >= DECIMAL_EXPONENT_MIN) return plainDecimal(unscaled, scale);
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  return `${unscaled < 0n ? "-" : ""}${digits[0]}${fraction}E${exponent}`;
}

/** Digits that a number has exactly, whatever the scale adds to them. */
const SHORT_DECIMAL = 9;
const SHORT_SCALE = 6;
const ZERO = 48;
const POINT = 46;

/** Of at most SHORT_DECIMAL characters, as most are, when it has no sign, no exponent and no digits behind the scale; null: it has, or is no number. */
function shortDecimal(text: string, scale: number): number | null {
  let value = 0;
  let behind = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === POINT && behind < 0) {
      behind = 0;
      continue;
    }
    const digit = code - ZERO;
    if (!(digit >= 0 && digit <= 9)) return null;
    value = value * 10 + digit;
    if (behind >= 0) behind++;
  }
  const digits = text.length - (behind >= 0 ? 1 : 0);
  const missing = scale - Math.max(0, behind);
  return digits === 0 || missing < 0 ? null : value * 10 ** missing;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/** The unscaled value. Null: it is no number, or has more digits than the type (TBCN2). */
export function parseDecimal(text: string, precision: number, scale: number): bigint | null {
  const short = text.length <= SHORT_DECIMAL && scale <= SHORT_SCALE ? shortDecimal(text, scale) : null;
  if (short !== null && short < 10 ** precision) return BigInt(short);
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = DECIMAL.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+(?=\d)/, "");
  if (digits === "") return null;
  const shift = Number(exponent) - fraction.length + scale;
  if (digits === "0") return 0n;
  if (digits.length + shift > precision) return null;
  const unscaled = shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : rounded(digits, -shift);
  if (String(unscaled).length > precision) return null;
  return sign === "-" ? -unscaled : unscaled;
}

/** Without its last `cut` digits, half up. */
function rounded(digits: string, cut: number): bigint {
  if (cut > digits.length) return 0n;
  const kept = digits.slice(0, -cut);
  const isUp = (digits[digits.length - cut] as string) >= "5";
  return BigInt(kept === "" ? "0" : kept) + (isUp ? 1n : 0n);
}
