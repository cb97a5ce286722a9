/**
 * Owns: casts of ARRAY, MAP, MULTISET and ROW, part by part (SQCA2).
 */
import { assert } from "../../../base/index.ts";
import { DateValue } from "../../record/index.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { KindOf } from "../types/type-families.ts";

/** Takes what is not NULL; SQXC1. */
export type CastValue = (value: unknown) => unknown;

type CastOf = (from: SqlType, to: SqlType) => CastValue;

export function castOfParts(
  from: SqlType,
  to: KindOf<"array" | "multiset" | "map" | "row">,
  castOf: CastOf,
): CastValue {
  if (to.kind === "row" && from.kind === "row") return castOfRow(from, to, castOf);
  if (to.kind === "array" && from.kind === "array") {
    const element = castOfPart(from.element, to.element, castOf);
    return (items) => {
      const cast = (items as readonly unknown[]).map(element);
      return cast.includes(undefined) ? undefined : cast;
    };
  }
  if (to.kind === "map" && from.kind === "map")
    return castOfEntries(castOfPart(from.key, to.key, castOf), castOfPart(from.value, to.value, castOf));
  assert(to.kind === "multiset" && from.kind === "multiset", `a cast from ${from.kind} to ${to.kind}`);
  return castOfEntries(castOfPart(from.element, to.element, castOf), (count) => count);
}

function castOfRow(from: KindOf<"row">, to: KindOf<"row">, castOf: CastOf): CastValue {
  const fields = to.fields.map(({ name, type }, index) => {
    const source = from.fields[index];
    assert(source !== undefined, "rows are cast field by field");
    return { name, from: source.name, cast: castOfPart(source.type, type, castOf) };
  });
  return (row) => {
    const cast: Record<string, unknown> = {};
    for (const field of fields) {
      const value = field.cast((row as Readonly<Record<string, unknown>>)[field.from]);
      if (value === undefined) return undefined;
      cast[field.name] = value;
    }
    return cast;
  };
}

function castOfEntries(key: CastValue, value: CastValue): CastValue {
  return (entries) => {
    const cast = new Map<unknown, unknown>();
    for (const [name, item] of entries as ReadonlyMap<unknown, unknown>) {
      const [newName, newItem] = [key(name), value(item)];
      if (newName === undefined || newItem === undefined) return undefined;
      cast.set(newName, newItem);
    }
    return cast;
  };
}

/** NULL stays NULL, where the part may be NULL; a DATE is a Date here. */
function castOfPart(from: SqlType, to: SqlType, castOf: CastOf): CastValue {
  const cast = castOf(from, to);
  return (value) => {
    const result = value === null ? null : cast(from.kind === "date" ? (value as Date).getTime() : value);
    if (result === null) return to.isNullable ? null : undefined;
    return to.kind === "date" && typeof result === "number" ? new DateValue(result) : result;
  };
}
