/**
 * Owns: values of one type as values of the common type that they have with others (SQCT1): nothing here can fail.
 * Does not own: CAST.
 */
import type { SqlType } from "../types/sql-type.ts";
import { isApproximate, isExact, isTimestamp, type OperandType } from "../types/type-families.ts";
import { exactReader, rescaled } from "./decimals.ts";
import { doubleReader } from "./implementations.ts";
import { clockWriter, millisecondsOf, type MomentValue, momentWriter, nanosOf } from "./time/moments.ts";
import { timeZone } from "./time/time-zone.ts";

type Conversion = (value: unknown) => unknown;

const asIs: Conversion = (value) => value;

/** Also of NULL, which stays NULL. */
export function toCommonType(from: OperandType, to: SqlType, zoneName: string): Conversion {
  if (from.kind === "null") return asIs;
  const convert = conversion(from, to, zoneName);
  return convert === asIs ? asIs : (value) => (value === null ? null : convert(value));
}

function conversion(from: SqlType, to: SqlType, zoneName: string): Conversion {
  if (isExact(from)) {
    if (isApproximate(to)) return doubleReader(from) as Conversion;
    if (to.kind === "bigint") return from.kind === "bigint" ? asIs : (value) => BigInt(value as number);
    if (to.kind !== "decimal" || (from.kind === "decimal" && from.scale === to.scale)) return asIs;
    const exactOf = exactReader(from);
    return (value) => rescaled(exactOf(value as number | bigint), to.scale);
  }
  if (isTimestamp(from) && isTimestamp(to)) {
    const write = from.kind === to.kind ? momentWriter(to) : clockWriter(to, timeZone(zoneName));
    return (value) => write(millisecondsOf(value as MomentValue), nanosOf(value as MomentValue));
  }
  return conversionOfParts(from, to, zoneName);
}

function conversionOfParts(from: SqlType, to: SqlType, zoneName: string): Conversion {
  if (from.kind === "array" && to.kind === "array") {
    const item = toCommonType(from.element, to.element, zoneName);
    return item === asIs ? asIs : (items) => (items as readonly unknown[]).map(item);
  }
  if (from.kind === "map" && to.kind === "map") {
    const [key, item] = [toCommonType(from.key, to.key, zoneName), toCommonType(from.value, to.value, zoneName)];
    if (key === asIs && item === asIs) return asIs;
    return (map) => new Map(Array.from(map as Map<unknown, unknown>, ([name, value]) => [key(name), item(value)]));
  }
  if (from.kind !== "row" || to.kind !== "row") return asIs;
  const fields = to.fields.map(({ name, type }, index) => {
    const source = from.fields[index];
    return {
      name,
      from: source?.name ?? name,
      convert: source === undefined ? asIs : toCommonType(source.type, type, zoneName),
    };
  });
  return (row) =>
    Object.fromEntries(
      fields.map((field) => [field.name, field.convert((row as Readonly<Record<string, unknown>>)[field.from])]),
    );
}
