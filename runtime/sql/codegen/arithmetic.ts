/**
 * Owns: + - * / % of numbers, dates, times and intervals, in generated code. Their types: types/arithmetic-type.ts.
 *
 * SQXA1 Whole numbers lose the bits that their type has no room for, as in Java; a DECIMAL that has no room for its digits is NULL, and an error where the result
 *     is NOT NULL. A division by zero is an error, but for FLOAT and DOUBLE, which have an infinity.
 * SQXA2 A day has 24 hours here: a DATE moves by whole days of an interval, a TIME stays within its day, months end with their last day.
 */
import { assert } from "../../../base/index.ts";
import { fitted, quotientOf, remainderOf, rescaled } from "../casts/decimals.ts";
import { addMonths, millisecondsOf, NANOS_PER_MS } from "../casts/time-texts.ts";
import { failExpression } from "../functions/implementations.ts";
import { DAY_MS } from "../functions/time/calendar.ts";
import type { TimeZone } from "../functions/time/time-zone.ts";
import { commonType } from "../types/common-type.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isApproximate, isDatetime, isInteger, isNumeric, type KindOf, shownType } from "../types/type-families.ts";
import { type Code, formOf, type Generated } from "./code.ts";
import { converted, narrow } from "./conversion.ts";
import { nullOf, operation, totalOperation } from "./operation.ts";

export type ArithmeticSign = "+" | "-" | "*" | "/" | "%";
type Call = { readonly operator: ArithmeticSign; readonly type: SqlType; readonly zone: TimeZone };

export function generateArithmetic(code: Code, left: Generated, right: Generated, call: Call): Generated {
  const { operator, type } = call;
  if (left.type.kind === "null" || right.type.kind === "null" || left.isNull === "true" || right.isNull === "true")
    return nullOf(type);
  if (!isNumeric(left.type) || !isNumeric(right.type)) return intervals(code, left, right, call);
  const operands = [left, right];
  if (operands.some(({ type: each }) => isApproximate(each))) return approximate(code, operands, call);
  if (type.kind === "decimal" || operands.some(({ type: each }) => each.kind === "decimal"))
    return decimals(code, operands, call);
  return integers(code, operands, operator, call);
}

function approximate(code: Code, operands: readonly Generated[], { operator, type, zone }: Call): Generated {
  const [a, b] = operands.map((from) => converted(code, { from, to: type, zone }, "fail"));
  assert(a !== undefined && b !== undefined, "two operands");
  const result = `(${a.value} ${operator} ${b.value})`;
  return totalOperation(code, [a, b], type, type.kind === "float" ? `Math.fround${result}` : result);
}

const byZero = (): never =>
  failExpression(
    "a division by zero",
    "Divide by NULLIF(…, 0), which gives NULL there, or leave such rows out in WHERE.",
  );

const divideNumbers = (left: number, right: number): number => (right === 0 ? byZero() : Math.trunc(left / right));
const remainNumbers = (left: number, right: number): number => (right === 0 ? byZero() : left % right);
const divideBigints = (left: bigint, right: bigint): bigint => (right === 0n ? byZero() : left / right);
const remainBigints = (left: bigint, right: bigint): bigint => (right === 0n ? byZero() : left % right);

function integers(
  code: Code,
  operands: readonly Generated[],
  operator: ArithmeticSign,
  { type, zone }: Call,
): Generated {
  const wide = commonType(operands.map((operand) => operand.type));
  assert(wide.kind !== "refused", "whole numbers have a common type");
  const [a, b] = operands.map((from) => converted(code, { from, to: { ...wide, isNullable: true }, zone }, "fail"));
  assert(a !== undefined && b !== undefined, "two operands");
  const isBig = wide.kind === "bigint";
  if (operator === "/" || operator === "%") {
    // A literal divisor is known not to be zero.
    if (/^[1-9]\d*n?$/.test(b.value))
      return totalOperation(code, [a, b], type, ofWidth(`(${a.value} ${operator} ${b.value})`, isBig, type));
    const [divide, remain] = isBig ? [divideBigints, remainBigints] : [divideNumbers, remainNumbers];
    const call = `${code.constant(operator === "/" ? divide : remain)}(${a.value}, ${b.value})`;
    return operation(code, [a, b], type, { expression: ofWidth(call, isBig, type), gives: "value" });
  }
  const isProduct = operator === "*" && !isBig;
  const result = isProduct ? `Math.imul(${a.value}, ${b.value})` : `(${a.value} ${operator} ${b.value})`;
  return totalOperation(code, [a, b], type, ofWidth(result, isBig, type));
}

/** SQXA1: only its last bits. */
function ofWidth(value: string, isBig: boolean, type: SqlType): string {
  if (type.kind === "bigint") return isBig ? `BigInt.asIntN(64, ${value})` : `BigInt(${value})`;
  return narrow(isBig ? `Number(BigInt.asIntN(32, ${value}))` : value, type.kind);
}

function decimals(code: Code, operands: readonly Generated[], { operator, type }: Call): Generated {
  const calculate = decimalOperation(operator, operands.map(scaleOf), type);
  const expression = `${code.constant(calculate)}(${operands.map(exact).join(", ")})`;
  return operation(code, operands, type, { expression, gives: type.isNullable ? "null" : "value" });
}

export const scaleOf = ({ type }: Generated): number => (type.kind === "decimal" ? type.scale : 0);

/** As a bigint. */
export const exact = ({ value, type }: Generated): string => {
  if (type.kind === "decimal" || type.kind === "bigint") return value;
  return /^-?\d+$/.test(value) ? `${value}n` : `BigInt(${value})`;
};

type Calculation = (left: bigint, right: bigint) => unknown;

function decimalOperation(operator: ArithmeticSign, [a = 0, b = 0]: readonly number[], type: SqlType): Calculation {
  const scale = type.kind === "decimal" ? type.scale : 0;
  const fit = fitOf(type);
  const common = Math.max(a, b);
  switch (operator) {
    case "+":
      return (left, right) => fit(rescaled(rescaled(left, a, common) + rescaled(right, b, common), common, scale));
    case "-":
      return (left, right) => fit(rescaled(rescaled(left, a, common) - rescaled(right, b, common), common, scale));
    case "*":
      return (left, right) => fit(rescaled(left * right, a + b, scale));
    case "/":
      return (left, right) => (right === 0n ? byZero() : fit(quotientOf([left, a], [right, b], scale)));
    case "%":
      return (left, right) => (right === 0n ? byZero() : fit(remainderOf([left, a], [right, b], scale)));
  }
}

/** SQXA1. A remainder may be a whole number (SQAR1). */
function fitOf(type: SqlType): (value: bigint) => unknown {
  if (type.kind === "bigint") return (value) => BigInt.asIntN(64, value);
  if (type.kind !== "decimal") return (value) => Number(BigInt.asIntN(32, value));
  const { precision, isNullable } = type;
  if (isNullable) return (value) => fitted(value, precision);
  return (value) =>
    fitted(value, precision) ??
    failExpression(
      `a result has more digits than ${shownType(type)}`,
      "Cast the operands to a DECIMAL with fewer digits, or to DOUBLE.",
    );
}

/** Of one operand. */
export function generateSign(code: Code, operand: Generated, operator: "+" | "-", type: SqlType): Generated {
  if (operator === "+" || operand.isNull === "true") return { ...operand, type };
  if (type.kind === "decimal")
    return operation(code, [operand], type, { expression: `-(${operand.value})`, gives: "value" });
  const negative = `-(${operand.value})`;
  if (type.kind === "bigint") return totalOperation(code, [operand], type, `BigInt.asIntN(64, ${negative})`);
  if (isInteger(type)) return totalOperation(code, [operand], type, narrow(negative, type.kind));
  // A negative zero is none of a whole number.
  return totalOperation(code, [operand], type, type.kind === "interval" ? `(0 - ${operand.value})` : negative);
}

function intervals(code: Code, left: Generated, right: Generated, call: Call): Generated {
  const { operator, type, zone } = call;
  if (operator === "*") {
    const double: SqlType = { kind: "double", isNullable: true };
    const [a, b] = [left, right].map((from) =>
      from.type.kind === "interval" ? from : converted(code, { from, to: double, zone }, "fail"),
    );
    assert(a !== undefined && b !== undefined, "two operands");
    return totalOperation(code, [a, b], type, `(Math.trunc(${a.value} * ${b.value}) + 0)`);
  }
  if (left.type.kind === "interval" && right.type.kind === "interval")
    return totalOperation(code, [left, right], type, `(${left.value} ${operator} ${right.value})`);
  const [time, interval] = left.type.kind === "interval" ? [right, left] : [left, right];
  assert(isDatetime(time.type) && interval.type.kind === "interval", "an interval beside a date or time");
  return shifted(code, time, interval, call);
}

function shifted(code: Code, time: Generated, interval: Generated, { operator, type }: Call): Generated {
  const step = operator === "-" ? `-(${interval.value})` : interval.value;
  const { unit } = interval.type as KindOf<"interval">;
  const isFine = formOf(time.type) === "object";
  if (unit === "month") {
    const add = code.constant(isFine ? addMonthsToNanoseconds : addMonths);
    return operation(code, [time, interval], type, { expression: `${add}(${time.value}, ${step})`, gives: "value" });
  }
  if (isFine) {
    const expression = `${time.value} + BigInt(${step}) * ${NANOS_PER_MS}n`;
    return operation(code, [time, interval], type, { expression, gives: "value" });
  }
  const sum = `(${time.value} + ${step})`;
  if (type.kind === "date")
    return totalOperation(
      code,
      [time, interval],
      type,
      `(${time.value} + Math.trunc((${step}) / ${DAY_MS}) * ${DAY_MS})`,
    );
  return totalOperation(
    code,
    [time, interval],
    type,
    type.kind === "time" ? `((${sum} % ${DAY_MS} + ${DAY_MS}) % ${DAY_MS})` : sum,
  );
}

function addMonthsToNanoseconds(time: bigint, months: number): bigint {
  const ms = millisecondsOf(time);
  return time + BigInt(addMonths(ms, months) - ms) * NANOS_PER_MS;
}
