/**
 * Owns: the type that values of several types have in common: the results of CASE and COALESCE, the branches of a set operation, the values of IN.
 *
 * SQCT1 It is Flink's: every value fits, but for digits behind the point of a DECIMAL that has no room for them, and the last digits of numbers
 *       beside a FLOAT or DOUBLE. When there is no such type, the types are refused. Ours: DATE and TIMESTAMP are, where Flink keeps the date alone.
 * SQCT2 The order of the types does not matter, but for the names of fields: those of the first ROW are taken.
 * SQCT3 It is nullable when one of the types is.
 */
import { assert } from "../../../base/index.ts";
import { castOf } from "./cast-rules.ts";
import { DECIMAL_PRECISION_MAX, type SqlType } from "./sql-type.ts";
import {
  digitsOf,
  isApproximate,
  isBytes,
  isExact,
  isInteger,
  isNumeric,
  isSameType,
  isText,
  isTimestamp,
  type KindOf,
  type OperandType,
  refuse,
  shownType,
  type TypeRefusal,
  withNullability,
} from "./type-families.ts";

/** `types`: at least one. */
export function commonType(types: readonly OperandType[]): SqlType | TypeRefusal {
  assert(types.length > 0, "a common type of no types");
  const [first, ...others] = types.filter((type): type is SqlType => type.kind !== "null");
  if (first === undefined) return refuse("NULL alone has no type", "Say which one it has: CAST(NULL AS STRING).");
  let common = first;
  for (const type of others) {
    const found = commonOfTwo(common, type);
    if (found.kind === "refused") return found;
    common = found;
  }
  return withNullability(
    common,
    types.some(({ isNullable }) => isNullable),
  );
}

/** NOT NULL of the two does not matter here. */
function commonOfTwo(left: SqlType, right: SqlType): SqlType | TypeRefusal {
  if (isSameType(left, right)) return left;
  if (isNumeric(left) && isNumeric(right)) return commonNumber(left, right);
  if (isText(left) && isText(right))
    return { kind: "varchar", isNullable: false, length: Math.max(left.length, right.length) };
  if (isBytes(left) && isBytes(right))
    return { kind: "varbinary", isNullable: false, length: Math.max(left.length, right.length) };
  if (isTimestamp(left) && isTimestamp(right))
    return { ...finest(left, right), kind: left.kind === right.kind ? left.kind : "timestamp_ltz" };
  if (left.kind === "time" && right.kind === "time") return finest(left, right);
  return commonOfParts(left, right);
}

const finest = <T extends { readonly precision: number }>(left: T, right: T): T =>
  left.precision >= right.precision ? left : right;

function commonNumber(left: SqlType, right: SqlType): SqlType {
  if (isExact(left) && isExact(right)) {
    if (isInteger(left) && isInteger(right))
      return digitsOf(left).precision >= digitsOf(right).precision ? left : right;
    return commonDecimal(left, right);
  }
  const isSingle = [left, right].every((type) => (isApproximate(type) ? type.kind === "float" : isInteger(type)));
  return { kind: isSingle ? "float" : "double", isNullable: false };
}

/** Digits before the point come first: those behind it take the room that is left. */
function commonDecimal(left: Parameters<typeof digitsOf>[0], right: Parameters<typeof digitsOf>[0]): SqlType {
  const [a, b] = [digitsOf(left), digitsOf(right)];
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  const scale = Math.min(Math.max(a.scale, b.scale), DECIMAL_PRECISION_MAX - whole);
  return { kind: "decimal", isNullable: false, precision: whole + scale, scale };
}

function commonOfParts(left: SqlType, right: SqlType): SqlType | TypeRefusal {
  if ((left.kind === "array" || left.kind === "multiset") && right.kind === left.kind) {
    const element = commonType([left.element, right.element]);
    return element.kind === "refused" ? element : { ...left, element };
  }
  if (left.kind === "map" && right.kind === "map") {
    const key = commonType([left.key, right.key]);
    if (key.kind === "refused") return key;
    const value = commonType([left.value, right.value]);
    return value.kind === "refused" ? value : { ...left, key, value };
  }
  if (left.kind === "row" && right.kind === "row") return commonRow(left, right);
  return refuse(`${shownType(left)} and ${shownType(right)} have no common type`, remedyFor(left, right));
}

function commonRow(left: KindOf<"row">, right: KindOf<"row">): SqlType | TypeRefusal {
  if (left.fields.length !== right.fields.length)
    return refuse(
      `${shownType(left)} and ${shownType(right)} have no common type`,
      "Rows go together field by field: give both the same number of fields.",
    );
  const fields: { readonly name: string; readonly type: SqlType }[] = [];
  for (const [index, { name, type }] of left.fields.entries()) {
    const common = commonType([type, right.fields[index]?.type ?? type]);
    if (common.kind === "refused") return common;
    fields.push({ name, type: common });
  }
  return { ...left, fields };
}

/** The cast that loses nothing, when there is one. */
function remedyFor(left: SqlType, right: SqlType): string {
  if ([left, right].some(isTimestamp) && [left, right].some(isNumeric))
    return "Make a time of the number: TO_TIMESTAMP_LTZ(milliseconds, 3).";
  const possible = [
    { from: left, to: right },
    { from: right, to: left },
  ].flatMap(({ from, to }) => {
    const cast = castOf(from, withNullability(to, true));
    return cast.kind === "refused" ? [] : [{ from, to, isSafe: !cast.mayFail && !isTimestamp(from) }];
  });
  const chosen = possible.find(({ isSafe }) => isSafe) ?? possible[0];
  return chosen === undefined
    ? "There is no cast between the two: give both values one type."
    : `Cast the ${shownType(chosen.from)}: CAST(… AS ${shownType(chosen.to)}).`;
}
