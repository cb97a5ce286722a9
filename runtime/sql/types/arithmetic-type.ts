/**
 * Owns: the types that + - * / % give.
 *
 * SQAR1 Whole numbers give whole numbers, division too; with a FLOAT or a DOUBLE the result is one. `%` of whole numbers has the type of its right side.
 * SQAR2 With a DECIMAL, the result has every digit that the operation can make (Flink's rules, which are SQL Server's). When these are more
 *       than 38, digits behind the point go, down to six; those before it stay as long as there is room.
 * SQAR3 An interval is added to or taken from a date or time, which keeps its type; intervals of months and of days do not mix.
 *       Ours: months are not added to a TIME, which Flink leaves as it is.
 * SQAR4 The result is nullable when one side is.
 */
import { unreachable } from "../../../base/index.ts";
import { commonType } from "./common-type.ts";
import { DECIMAL_PRECISION_MAX, type SqlType } from "./sql-type.ts";
import {
  digitsOf,
  isApproximate,
  isDatetime,
  isExact,
  isNumeric,
  isText,
  type KindOf,
  type OperandType,
  refuse,
  shownType,
  type TypeRefusal,
  withNullability,
} from "./type-families.ts";

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/** Digits behind the point that a division has at least, and that a result with too many digits keeps. */
const SCALE_KEPT = 6;

/** What `left operator right` gives, or why it gives nothing. */
export function arithmeticType(
  operator: ArithmeticOperator,
  left: OperandType,
  right: OperandType,
): SqlType | TypeRefusal {
  const type = typeOfValues(operator, left, right);
  if (type === null) return refusal(operator, left, right);
  return type.kind === "refused" ? type : withNullability(type, left.isNullable || right.isNullable);
}

/** Null: the operator does not take these types. */
function typeOfValues(
  operator: ArithmeticOperator,
  left: OperandType,
  right: OperandType,
): SqlType | TypeRefusal | null {
  if (left.kind === "null") return right.kind === "null" ? commonType([left, right]) : besideNull(operator, right);
  if (right.kind === "null") return besideNull(operator, left);
  if (isNumeric(left) && isNumeric(right)) return numberType(operator, left, right);
  return intervalType(operator, left, right);
}

/** Of NULL and a value, as if both had the value's type; no digits are added. */
function besideNull(operator: ArithmeticOperator, type: SqlType): SqlType | null {
  if (isNumeric(type)) return operator === "%" && isApproximate(type) ? null : type;
  const isSum = operator === "+" || operator === "-";
  const takesNull = isDatetime(type) ? isSum : type.kind === "interval" && (isSum || operator === "*");
  return takesNull ? type : null;
}

function numberType(operator: ArithmeticOperator, left: SqlType, right: SqlType): SqlType | TypeRefusal | null {
  if (!isExact(left) || !isExact(right)) return operator === "%" ? null : commonType([left, right]);
  if (left.kind !== "decimal" && right.kind !== "decimal") return operator === "%" ? right : commonType([left, right]);
  return decimalType(operator, left, right);
}

type Exact = Parameters<typeof digitsOf>[0];

function decimalType(operator: ArithmeticOperator, left: Exact, right: Exact): SqlType {
  const [a, b] = [digitsOf(left), digitsOf(right)];
  const [wholeA, wholeB] = [a.precision - a.scale, b.precision - b.scale];
  const scale = Math.max(a.scale, b.scale);
  switch (operator) {
    case "+":
    case "-":
      return fitted(Math.max(wholeA, wholeB) + 1, scale);
    case "*":
      return fitted(a.precision + b.precision + 1 - (a.scale + b.scale), a.scale + b.scale);
    case "/":
      return fitted(wholeA + b.scale, Math.max(SCALE_KEPT, a.scale + b.precision + 1));
    case "%":
      return scale === 0 ? right : fitted(Math.min(wholeA, wholeB), scale);
    default:
      return unreachable(operator);
  }
}

/** SQAR2; `whole`: digits before the point. */
function fitted(whole: number, scale: number): KindOf<"decimal"> {
  const isTooLong = whole + scale > DECIMAL_PRECISION_MAX;
  const kept = isTooLong ? Math.max(DECIMAL_PRECISION_MAX - whole, Math.min(scale, SCALE_KEPT)) : scale;
  return {
    kind: "decimal",
    isNullable: false,
    precision: isTooLong ? DECIMAL_PRECISION_MAX : whole + scale,
    scale: kept,
  };
}

function intervalType(operator: ArithmeticOperator, left: SqlType, right: SqlType): SqlType | null {
  if (operator === "+" || operator === "-") {
    if (left.kind === "interval" && right.kind === "interval") return left.unit === right.unit ? left : null;
    if (isDatetime(left) && right.kind === "interval") return shifted(left, right);
    if (operator === "+" && left.kind === "interval" && isDatetime(right)) return shifted(right, left);
  }
  if (operator === "*") {
    if (left.kind === "interval" && isNumeric(right)) return left;
    if (isNumeric(left) && right.kind === "interval") return right;
  }
  return null;
}

const shifted = (type: SqlType, { unit }: KindOf<"interval">): SqlType | null =>
  type.kind === "time" && unit === "month" ? null : type;

function refusal(operator: ArithmeticOperator, left: OperandType, right: OperandType): TypeRefusal {
  return refuse(
    `${operator} cannot be applied to ${shownType(left)} and ${shownType(right)}`,
    remedyFor(operator, left, right),
  );
}

function remedyFor(operator: ArithmeticOperator, left: OperandType, right: OperandType): string {
  const sides = [left, right];
  const [datetimes, intervals] = [sides.filter(isDatetime), sides.filter(({ kind }) => kind === "interval")];
  if (operator === "-" && datetimes.length === 2) return "Use TIMESTAMPDIFF(SECOND, start, end), or another unit.";
  if (operator === "-" && intervals.length === 1 && isDatetime(right))
    return "Take the interval from the time instead.";
  const [datetime] = datetimes;
  if (datetime !== undefined && sides.some(isNumeric))
    return `Say what the number counts: INTERVAL '5' ${datetime.kind === "date" ? "DAY" : "SECOND"}, or n * INTERVAL '1' SECOND.`;
  if (datetime !== undefined && intervals.length === 1) return "A TIME has no months: add hours, minutes or seconds.";
  if (intervals.length === 2 && (operator === "+" || operator === "-"))
    return "A month has no fixed number of days: apply the two intervals one after the other.";
  if (operator === "/" && intervals.length === 1) return "Multiply instead: INTERVAL '1' MINUTE * 0.5.";
  if (operator === "%" && sides.every(isNumeric)) return "A remainder is exact: cast to DECIMAL(…) or BIGINT first.";
  if (!sides.some(isText)) return "It takes numbers, and dates and times with an INTERVAL.";
  const number = sides.find(isNumeric);
  const cast = `cast the text: CAST(… AS ${number === undefined ? "INT" : shownType(number)}), or TRY_CAST where it may be no number.`;
  return operator === "+" ? `Texts are joined with ||; to add, ${cast}` : `C${cast.slice(1)}`;
}
