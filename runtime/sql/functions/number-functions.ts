/**
 * Owns: functions of numbers. Arithmetic operators are not here.
 *
 * SQUN1 Functions of whole numbers and DECIMAL are exact; those that give a DOUBLE read their arguments as one. A DOUBLE is rounded as the decimal number that it
 *     is written as: ROUND(1.005, 2) is 1.01.
 */
import type { SqlType } from "../types/sql-type.ts";
import { isApproximate, isInteger, type OperandType } from "../types/type-families.ts";
import { narrowed } from "../casts/number-texts.ts";
import { cut, type Exact, exactOf, exactReader, exactValue, floorOf, powerOfTen, rescaled } from "./decimals.ts";
import { doubleReader, failExpression, type Integer, numberOf, typed } from "./implementations.ts";
import type { CallSite, ScalarFactory } from "./scalar-implementation.ts";
import { timeRounding } from "./time/time-rounding.ts";

type Unary = (value: number) => number;

/** Of numbers of all types, as doubles. */
const ofDouble = (work: Unary): ScalarFactory =>
  typed(({ arguments: [type] }) => {
    const read = doubleReader(type);
    return (value: Integer) => work(read(value));
  });

const ofTwoDoubles = (work: (left: number, right: number) => number): ScalarFactory =>
  typed(({ arguments: [first, second] }) => {
    const [left, right] = [doubleReader(first), doubleReader(second)];
    return (a: Integer, b: Integer) => work(left(a), right(b));
  });

/** One way for FLOAT and DOUBLE, one for exact numbers, which gives a value of the result's type. */
const ofNumber = (approximate: Unary, exact: (value: Exact, type: OperandType) => Exact): ScalarFactory =>
  typed(({ arguments: [type], result }) => {
    if (type === undefined || isApproximate(type)) return inFloat(result, approximate);
    const read = exactReader(type);
    return (value: Integer) => exactValue(exact(read(value), type), result);
  });

/** A FLOAT has 24 bits. */
const inFloat = ({ kind }: SqlType, work: Unary): Unary =>
  kind === "float" ? (value) => Math.fround(work(value)) : work;

/** How digits behind a place are dropped: of an exact number; of a double without a sign, to a whole one, or null where its last bits decide. */
type Dropping = {
  readonly exact: (value: Exact, scale: number) => bigint;
  readonly quick: (size: number) => number | null;
};

/** Beyond, a double's own error is near to what decides. */
const [QUICK_MAX, DOUBT] = [2 ** 40, 1e-3];

const rounding: Dropping = {
  exact: rescaled,
  quick: (size) => (Math.abs(size - Math.floor(size) - 0.5) < DOUBT ? null : Math.floor(size + 0.5)),
};
const cutting: Dropping = {
  exact: cut,
  quick: (size) => (Math.abs(size - Math.round(size)) < DOUBT ? null : Math.floor(size)),
};

/** Null: it has to be worked out digit by digit (SQUN1). */
function droppedQuickly(value: number, digits: number, { quick }: Dropping): number | null {
  if (digits < 0 || digits > 9) return null;
  const unit = 10 ** digits;
  const size = Math.abs(value) * unit;
  const whole = size < QUICK_MAX ? quick(size) : null;
  // Plus zero: a zero has no sign.
  return whole === null ? null : ((value < 0 ? -whole : whole) + 0) / unit;
}

const toPlace = (dropping: Dropping): ScalarFactory =>
  typed(({ arguments: [type], result }) => {
    const place = (exact: Exact, digits: Integer): Exact => {
      const scale = numberOf(digits);
      if (scale >= exact.scale) return exact;
      if (scale >= 0) return { unscaled: dropping.exact(exact, scale), scale };
      // Before the point: 1234 to -2 is 12 hundreds. No number has as many digits as a double can.
      const power = Math.min(-scale, 400);
      const unscaled = dropping.exact({ unscaled: exact.unscaled, scale: exact.scale + power }, 0);
      return { unscaled: unscaled * powerOfTen(power), scale: 0 };
    };
    if (type !== undefined && !isApproximate(type)) {
      const read = exactReader(type);
      return (value: Integer, digits: Integer = 0) => exactValue(place(read(value), digits), result);
    }
    const round = (value: number, digits: Integer = 0): number => {
      if (!Number.isFinite(value)) return value;
      const quick = droppedQuickly(value, numberOf(digits), dropping);
      if (quick !== null) return quick;
      const { unscaled, scale } = place(exactOf(value), digits);
      return Number(`${unscaled}E-${scale}`);
    };
    return result.kind === "float" ? (value: number, digits: Integer = 0) => Math.fround(round(value, digits)) : round;
  });

function failDivision(): never {
  return failExpression("MOD by zero", "Divide by NULLIF(…, 0) to get NULL, or filter these rows in WHERE.");
}

/** Whole numbers that are numbers. */
const isSmall = (type: OperandType | undefined): boolean =>
  type !== undefined && isInteger(type) && type.kind !== "bigint";

// `| 0`: the remainder of -4 and 2 is 0, not -0.
const smallRemainder = (dividend: number, divisor: number): number =>
  divisor === 0 ? failDivision() : (dividend % divisor) | 0;

const remainder: ScalarFactory = typed(({ arguments: [first, second], result }) => {
  const [left, right] = [exactReader(first), exactReader(second)];
  if (isSmall(first) && isSmall(second)) return smallRemainder;
  return (a: Integer, b: Integer) => {
    const [dividend, divisor] = [left(a), right(b)];
    if (divisor.unscaled === 0n) failDivision();
    const scale = Math.max(dividend.scale, divisor.scale);
    return exactValue({ unscaled: rescaled(dividend, scale) % rescaled(divisor, scale), scale }, result);
  };
});

const absolute: ScalarFactory = typed(({ result }) => {
  if (result.kind === "decimal") return (value: bigint) => (value < 0n ? -value : value);
  // The least whole number of each type has no counterpart, and stays as it is, as in Java.
  if (result.kind === "bigint") return (value: bigint) => (value < 0n ? BigInt.asIntN(64, -value) : value);
  return isInteger(result) ? (value: number) => narrowed(Math.abs(value), result.kind) : Math.abs;
});

const floor = ofNumber(Math.floor, (value) => ({ unscaled: floorOf(value), scale: 0 }));
const ceiling = ofNumber(Math.ceil, ({ unscaled, scale }) => ({
  unscaled: -floorOf({ unscaled: -unscaled, scale }),
  scale: 0,
}));

/** FLOOR and CEIL have two forms: of a number, and of a time and a unit. */
const ofNumberOrTime =
  (ofNumbers: ScalarFactory, direction: "down" | "up"): ScalarFactory =>
  (site: CallSite) => {
    if (site.words.length > 0) return timeRounding(site, direction);
    const [type] = site.arguments;
    const isWhole = type !== undefined && isInteger(type);
    return isWhole ? { takesNulls: false, call: (value: Integer) => value } : ofNumbers(site);
  };

const ceil = ofNumberOrTime(ceiling, "up");

const logarithm: ScalarFactory = typed(({ arguments: [first, second] }) => {
  const read = doubleReader(first);
  if (second === undefined) return (value: Integer) => Math.log(read(value));
  const readSecond = doubleReader(second);
  return (base: Integer, value: Integer) => Math.log(readSecond(value)) / Math.log(read(base));
});

const constant = (value: number): ScalarFactory => typed(() => () => value);

export const numberFunctions: Readonly<Record<string, ScalarFactory>> = {
  ABS: absolute,
  SIGN: ofNumber(Math.sign, ({ unscaled }) => ({ unscaled: unscaled > 0n ? 1n : unscaled < 0n ? -1n : 0n, scale: 0 })),
  MOD: remainder,
  POWER: ofTwoDoubles(Math.pow),
  SQRT: ofDouble(Math.sqrt),
  EXP: ofDouble(Math.exp),
  LN: ofDouble(Math.log),
  LOG: logarithm,
  // In upper case it would read as the id of a rule, here as in the table.
  log10: ofDouble(Math.log10),
  LOG2: ofDouble((value) => Math.log(value) / Math.LN2),
  SIN: ofDouble(Math.sin),
  COS: ofDouble(Math.cos),
  TAN: ofDouble(Math.tan),
  ASIN: ofDouble(Math.asin),
  ACOS: ofDouble(Math.acos),
  ATAN: ofDouble(Math.atan),
  SINH: ofDouble(Math.sinh),
  COSH: ofDouble(Math.cosh),
  TANH: ofDouble(Math.tanh),
  COT: ofDouble((value) => 1 / Math.tan(value)),
  ATAN2: ofTwoDoubles(Math.atan2),
  DEGREES: ofDouble((value) => value * (180 / Math.PI)),
  RADIANS: ofDouble((value) => value * (Math.PI / 180)),
  PI: constant(Math.PI),
  E: constant(Math.E),
  FLOOR: ofNumberOrTime(floor, "down"),
  CEIL: ceil,
  CEILING: ceil,
  ROUND: toPlace(rounding),
  TRUNCATE: toPlace(cutting),
};
