/**
 * Owns: the types of literals.
 *
 * SQLL1 A literal has the narrowest type of its family, as in Flink: 'abc' is CHAR(3), 7 is INT, 1.50 is DECIMAL(3, 2), 1E3 is DOUBLE.
 */
import { unreachable } from "../../../base/index.ts";
import type { Literal, TimeUnit } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import { DECIMAL_PRECISION_MAX, type SqlType } from "./sql-type.ts";
import type { OperandType } from "./type-families.ts";

const INT_MAX = 2n ** 31n - 1n;
const BIGINT_MAX = 2n ** 63n - 1n;
const monthUnits: ReadonlySet<TimeUnit> = new Set<TimeUnit>(["YEAR", "QUARTER", "MONTH"]);

/** Errors: SqlFailure, of a number that no type holds. */
export function literalType(literal: Literal): OperandType {
  const isNullable = false;
  switch (literal.kind) {
    case "null":
      return { kind: "null", isNullable: true };
    case "boolean":
      return { kind: "boolean", isNullable };
    case "number":
      return numberType(literal);
    case "string":
      // Code points, as in Flink.
      return { kind: "char", isNullable, length: Array.from(literal.value).length };
    case "bytes":
      return { kind: "binary", isNullable, length: literal.hex.length / 2 };
    case "temporal": {
      if (literal.type === "DATE") return { kind: "date", isNullable };
      const precision = /\.(\d+)/.exec(literal.text)?.[1]?.length ?? 0;
      return { kind: literal.type === "TIME" ? "time" : "timestamp", isNullable, precision };
    }
    case "interval":
      return {
        kind: "interval",
        isNullable,
        unit: monthUnits.has(literal.qualifier.from) ? "month" : "millisecond",
      };
    default:
      return unreachable(literal);
  }
}

function numberType({ text, at }: Literal & { readonly kind: "number" }): SqlType {
  const isNullable = false;
  if (/e/i.test(text)) return { kind: "double", isNullable };
  const [whole = "", fraction = ""] = text.split(".");
  if (fraction === "") {
    const value = BigInt(whole);
    if (value <= BIGINT_MAX) return { kind: value <= INT_MAX ? "int" : "bigint", isNullable };
  }
  const precision = whole.length + fraction.length;
  if (precision > DECIMAL_PRECISION_MAX)
    fail(
      at,
      `the number has ${precision} digits`,
      `At most ${DECIMAL_PRECISION_MAX} fit: write it with an exponent, as a DOUBLE.`,
    );
  return { kind: "decimal", isNullable, precision, scale: fraction.length };
}
