/**
 * Owns: what operators have in common: NULL of NULL, results that may be NULL.
 */
import type { SqlType } from "../types/sql-type.ts";
import type { OperandType } from "../types/type-families.ts";
import { type Code, formOf, type Generated, neutralOf } from "./code.ts";

/** NULL, of a type. */
export const nullOf = (type: OperandType): Generated => ({ value: neutralOf(type), isNull: "true", type });

/** Of what never fails, on numbers, BIGINTs and BOOLEANs: worked out for NULLs too (SQXG2). */
export function totalOperation(
  code: Code,
  operands: readonly Generated[],
  type: SqlType,
  expression: string,
): Generated {
  const isNull = code.anyNull(operands);
  // A BOOLEAN is false where it is NULL.
  const value = type.kind === "boolean" && isNull !== null ? `(!${isNull} && (${expression}))` : `(${expression})`;
  return { value, isNull, type };
}

/** Worked out only where no operand is NULL. `gives`: whether the expression may be null itself. */
export function operation(
  code: Code,
  operands: readonly Generated[],
  type: SqlType,
  { expression, gives }: { readonly expression: string; readonly gives: "value" | "null" },
): Generated {
  const anyNull = code.anyNull(operands);
  if (anyNull === "true") return nullOf(type);
  const neutral = neutralOf(type);
  if (gives === "value")
    return {
      value: code.keep(anyNull === null ? expression : `${anyNull} ? ${neutral} : ${expression}`),
      isNull: anyNull,
      type,
    };
  const found = code.keep(anyNull === null ? expression : `${anyNull} ? null : ${expression}`);
  const isNull = code.keep(`${found} === null`);
  const isAlwaysOne = neutral === "null" || formOf(type) === "text";
  return { value: isAlwaysOne ? found : code.keep(`${isNull} ? ${neutral} : ${found}`), isNull, type };
}

/** The value, or null: as others than generated code have it. */
export const withNull = ({ value, isNull }: Generated): string => {
  if (isNull === null) return value;
  return isNull === "true" ? "null" : `(${isNull} ? null : ${value})`;
};
