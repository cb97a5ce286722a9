/**
 * Owns: a value as one of another type, in generated code: casts that were written, and those that nobody writes.
 * Does not own: what a cast gives (casts/cast.ts). Numbers are cast in the code itself.
 */
import { castOfValue } from "../casts/cast.ts";
import { intOfDouble, longOfDouble } from "../casts/number-texts.ts";
import type { TimeZone } from "../functions/time/time-zone.ts";
import { failExpression } from "../functions/implementations.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isSameType, isText, shownType, type KindOf } from "../types/type-families.ts";
import { type Code, formOf, type Generated } from "./code.ts";
import { literalText } from "./constant-parts.ts";
import { nullOf, operation } from "./operation.ts";

/** Of a value that the type does not have. */
export type OnFailure = "fail" | "null";

export function converted(
  code: Code,
  { from, to, zone }: { readonly from: Generated; readonly to: SqlType; readonly zone: TimeZone },
  onFailure: OnFailure,
): Generated {
  const { type } = from;
  if (type.kind === "null" || from.isNull === "true") return nullOf(to);
  if (isSameType(type, to) || isKept(type, to)) return { ...from, type: to };
  const inline = inlineCast(code, from.value, type, to);
  if (inline !== null) return { value: inline, isNull: from.isNull, type: to };
  const cast = castOfValue(type, to, zone);
  const known = castOfLiteral(code, from, cast);
  if (known !== null) return { value: known, isNull: null, type: to };
  const total = onFailure === "fail" ? failing(cast, type, to) : (value: unknown): unknown => cast(value) ?? null;
  return operation(code, [from], to, {
    expression: `${code.constant(total)}(${from.value})`,
    gives: onFailure === "null" || (to.kind === "decimal" && to.isNullable) ? "null" : "value",
  });
}

/** Of a text that is written in the query: cast once. Null: the value comes from a row, or has none in the type. */
function castOfLiteral(code: Code, { value, isNull }: Generated, cast: (value: unknown) => unknown): string | null {
  const literal = code.constantOf(value);
  if (typeof literal !== "string" || isNull !== null) return null;
  const result = cast(literal);
  if (result === undefined || result === null) return null;
  return literalText(result) ?? code.constant(result);
}

const integerKinds: readonly SqlType["kind"][] = ["tinyint", "smallint", "int"];
const isSmall = ({ kind }: SqlType): boolean => integerKinds.includes(kind);

/** The same value in both types. */
function isKept(from: SqlType, to: SqlType): boolean {
  if (isSmall(from)) return to.kind === "double" || integerKinds.indexOf(to.kind) >= integerKinds.indexOf(from.kind);
  if (from.kind === "float") return to.kind === "double";
  if (isText(from) && to.kind === "varchar") return from.length <= to.length;
  if (from.kind === "varbinary" || from.kind === "binary") return to.kind === "varbinary" && from.length <= to.length;
  if (from.kind === "decimal" && to.kind === "decimal")
    return from.scale === to.scale && from.precision <= to.precision;
  const isTime = from.kind === "timestamp" || from.kind === "timestamp_ltz" || from.kind === "time";
  return (
    isTime && from.kind === to.kind && formOf(from) === formOf(to) && from.precision <= (to as KindOf<"time">).precision
  );
}

/** Between numbers that the code can make of each other; never fails. */
function inlineCast(code: Code, value: string, from: SqlType, to: SqlType): string | null {
  const [source, target] = [from.kind, to.kind];
  if (isSmall(from)) {
    if (target === "bigint") return /^-?\d+$/.test(value) ? `${value}n` : `BigInt(${value})`;
    if (target === "float") return `Math.fround(${value})`;
    return isSmall(to) ? narrow(value, target) : null;
  }
  if (source === "bigint") {
    if (target === "double") return `Number(${value})`;
    if (target === "float") return `Math.fround(Number(${value}))`;
    return isSmall(to) ? narrow(`Number(BigInt.asIntN(32, ${value}))`, target) : null;
  }
  if (source !== "double" && source !== "float") return null;
  if (target === "float") return `Math.fround(${value})`;
  if (target === "bigint") return `${code.constant(longOfDouble)}(${value})`;
  return isSmall(to) ? narrow(`${code.constant(intOfDouble)}(${value})`, target) : null;
}

/** The last bits of a whole number; what is no INT before is made one. */
export function narrow(value: string, kind: SqlType["kind"]): string {
  if (kind === "tinyint") return `((${value}) << 24 >> 24)`;
  return kind === "smallint" ? `((${value}) << 16 >> 16)` : `((${value}) | 0)`;
}

const PREVIEW_LENGTH = 60;

function failing(cast: (value: unknown) => unknown, from: SqlType, to: SqlType): (value: unknown) => unknown {
  return (value) => {
    const result = cast(value);
    if (result !== undefined && (result !== null || to.isNullable)) return result;
    const shown = typeof value === "string" ? `'${value.slice(0, PREVIEW_LENGTH)}'` : `a ${shownType(from)}`;
    return failExpression(
      `${shown} cannot be cast to ${shownType(to)}`,
      "Write TRY_CAST, which gives NULL where there is no such value, or leave such rows out in WHERE.",
    );
  };
}
