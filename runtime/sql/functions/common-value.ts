/**
 * Owns: values of one type as values of the common type that they have with others (SQCT1).
 */
import { castOfValue } from "../casts/cast.ts";
import { timeZone } from "./time/time-zone.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isSameType, type OperandType } from "../types/type-families.ts";

/** Also of NULL, which stays NULL. */
export function toCommonType(from: OperandType, to: SqlType, zoneName: string): (value: unknown) => unknown {
  if (from.kind === "null" || isSameType(from, to)) return (value) => value;
  const cast = castOfValue(from, to, timeZone(zoneName));
  return (value) => (value === null ? null : cast(value));
}
