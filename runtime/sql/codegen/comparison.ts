/**
 * Owns: = <> < <= > >= and IS DISTINCT FROM in generated code. What may be compared: types/comparable-types.ts.
 *
 * SQXB1 Exact numbers are compared by their value, texts by code points without regard to blanks, bytes one by one, rows and collections part by part. A text that is no
 *     date or time beside one is an error when it is a literal, and NULL when it is from a row.
 */
import { assert } from "../../../base/index.ts";
import { powerOfTen } from "../functions/decimals.ts";
import type { TimeZone } from "../functions/time/time-zone.ts";
import { comparableTypes } from "../types/comparable-types.ts";
import { compareTexts } from "../rows/value-order.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isExact, isText } from "../types/type-families.ts";
import { exact, scaleOf } from "./arithmetic.ts";
import { type Code, formOf, type Generated } from "./code.ts";
import { converted } from "./conversion.ts";
import { nullOf, operation, totalOperation } from "./operation.ts";
import { areEqual, compareBytes } from "./values.ts";

export type ComparisonSign = "=" | "<>" | "<" | "<=" | ">" | ">=";

const signs: Readonly<Record<ComparisonSign, string>> = {
  "=": "===",
  "<>": "!==",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

export const isComparisonSign = (name: string): name is ComparisonSign => name in signs;

const booleanOf = (operands: readonly Generated[]): SqlType => ({
  kind: "boolean",
  isNullable: operands.some(({ isNull }) => isNull !== null),
});

export function compared(
  code: Code,
  sign: ComparisonSign,
  operands: readonly [Generated, Generated],
  zone: TimeZone,
): Generated {
  const [left, right] = operands;
  const type = booleanOf(operands);
  if (left.isNull === "true" || right.isNull === "true") return nullOf(type);
  const comparison = comparableTypes(left.type, right.type);
  assert(comparison.kind === "comparable", "what is compared can be compared");
  const to = comparison.as;
  if (to === null) return comparedExactly(code, sign, operands, type);
  const [a, b] = operands.map((from) => {
    const isReadTime = isText(from.type as SqlType) && !isText(to);
    const isFromRow = isReadTime && !/^k\d+$/.test(from.value);
    return converted(code, { from, to: { ...to, isNullable: true }, zone }, isFromRow ? "null" : "fail");
  });
  assert(a !== undefined && b !== undefined, "two operands");
  return comparedAs(code, sign, [a, b], to);
}

function comparedAs(
  code: Code,
  sign: ComparisonSign,
  operands: readonly [Generated, Generated],
  to: SqlType,
): Generated {
  const [a, b] = operands;
  const type = booleanOf(operands);
  const form = formOf(to);
  const isOrder = sign !== "=" && sign !== "<>";
  const isBigint = to.kind === "decimal" || to.kind === "timestamp" || to.kind === "timestamp_ltz";
  if (form !== "object" && (form !== "text" || !isOrder))
    return totalOperation(code, operands, type, `${a.value} ${signs[sign]} ${b.value}`);
  if (isBigint) return checked(code, operands, type, `${a.value} ${signs[sign]} ${b.value}`);
  if (to.kind === "varbinary" || to.kind === "binary" || form === "text") {
    const compare = code.constant(form === "text" ? compareTexts : compareBytes);
    return checked(code, operands, type, `${compare}(${a.value}, ${b.value}) ${signs[sign]} 0`);
  }
  const equal = `${code.constant(areEqual)}(${a.value}, ${b.value})`;
  return checked(code, operands, type, sign === "=" ? equal : `!${equal}`);
}

const checked = (code: Code, operands: readonly Generated[], type: SqlType, expression: string): Generated =>
  operation(code, operands, type, { expression, gives: "value" });

/** Whole numbers and DECIMALs. */
function comparedExactly(
  code: Code,
  sign: ComparisonSign,
  operands: readonly [Generated, Generated],
  type: SqlType,
): Generated {
  const [left, right] = operands;
  assert(isExact(left.type) && isExact(right.type), "exact numbers");
  const [a, b] = [formOf(left.type), formOf(right.type)];
  if (a === "number" && b === "number")
    return totalOperation(code, operands, type, `${left.value} ${signs[sign]} ${right.value}`);
  if (a !== "object" && b !== "object")
    return totalOperation(code, operands, type, `${exact(left)} ${signs[sign]} ${exact(right)}`);
  const scale = Math.max(scaleOf(left), scaleOf(right));
  const scaled = (operand: Generated): string => {
    const missing = scale - scaleOf(operand);
    return missing === 0 ? exact(operand) : `(${exact(operand)} * ${powerOfTen(missing)}n)`;
  };
  return checked(code, operands, type, `${scaled(left)} ${signs[sign]} ${scaled(right)}`);
}

/** Never NULL. */
export function distinct(
  code: Code,
  operands: readonly [Generated, Generated],
  isNegated: boolean,
  zone: TimeZone,
): Generated {
  const type: SqlType = { kind: "boolean", isNullable: false };
  const [left, right] = operands;
  const [a, b] = [left.isNull ?? "false", right.isNull ?? "false"];
  if (a === "true" || b === "true") return { value: `(${a} ${isNegated ? "===" : "!=="} ${b})`, isNull: null, type };
  const equal = compared(code, "=", operands, zone);
  // Not equal, or a comparison that gives NULL of values: distinct.
  const areSame = code.keep(
    equal.isNull === null ? equal.value : `(${a} && ${b}) || (!${equal.isNull} && ${equal.value})`,
  );
  return { value: isNegated ? areSame : `(!${areSame})`, isNull: null, type };
}
