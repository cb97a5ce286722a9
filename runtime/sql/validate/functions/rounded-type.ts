/**
 * Owns: the type of a DECIMAL that ROUND and TRUNCATE have been at: it goes by the place that is written, and not by types alone.
 *
 * SQVZ1 As in Flink: with so many digits behind the point as the place says, and one more ahead of it, as rounding may need it. Where the place is no literal, the
 *     digits behind the point stay.
 */
import type { SqlType } from "../../types/sql-type.ts";
import type { TypedExpression } from "../typed-tree.ts";

const DIGITS_MAX = 38;

/** `type`: of the number. `place`: undefined stands for 0. */
export function roundedType(type: SqlType, place: TypedExpression | undefined): SqlType {
  if (type.kind !== "decimal") return type;
  const { precision, scale } = type;
  const digits = place === undefined ? 0 : literalOf(place);
  if (digits !== null && digits >= scale) return type;
  const behind = digits === null ? scale : Math.max(0, digits);
  return { ...type, precision: Math.min(DIGITS_MAX, 1 + precision - scale + behind), scale: behind };
}

/** Null: it is no whole number that is written. */
function literalOf(value: TypedExpression): number | null {
  if (value.kind === "call" && value.name === "-" && value.arguments.length === 1) {
    const [size] = value.arguments.map(literalOf);
    return size === undefined || size === null ? null : -size;
  }
  return value.kind === "literal" && value.literal.kind === "number" ? Number(value.literal.text) : null;
}
