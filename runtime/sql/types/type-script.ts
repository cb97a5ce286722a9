/**
 * Owns: a type of SQL as TypeScript: what its values are in a stream (value-types.ts), as text.
 * Called by: the declarations of rows.
 *
 * SQTS1 The text depends on the type alone: the same type is the same text, and needs no import.
 */
import { unreachable } from "../../../base/index.ts";
import { itemOf, keyOf, literalsOf, type ValueType } from "../../record/index.ts";
import type { SqlType } from "./sql-type.ts";
import type { TypeRefusal } from "./type-families.ts";
import { valueTypeOf } from "./value-types.ts";

type TypeScript = { readonly kind: "type"; readonly text: string };

/** refused: no stream has such values. */
export function typeScriptOf(type: SqlType): TypeScript | TypeRefusal {
  const value = valueTypeOf(type);
  return value.kind === "refused" ? value : { kind: "type", text: textOf(value) };
}

/** A name as a field of a type is written. */
export const fieldText = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

const textOf = (type: ValueType<unknown>): string => (type.nullable ? `${bareText(type)} | null` : bareText(type));

/** `readonly a[]` and `a | null` are bound less than what follows them. */
const itemText = (type: ValueType<unknown>): string =>
  type.nullable || type.kind === "list" || type.kind === "literal" ? `(${textOf(type)})` : bareText(type);

function bareText(type: ValueType<unknown>): string {
  switch (type.kind) {
    case "string":
    case "boolean":
    case "bigint":
      return type.kind;
    case "decimal":
      return "bigint";
    case "int32":
    case "int64":
    case "float64":
    case "timestamp":
      return "number";
    case "bytes":
      return "Uint8Array";
    case "date":
      return "Date";
    case "any":
      return "unknown";
    case "literal":
      return literalsOf(type)
        .map((literal) => JSON.stringify(literal))
        .join(" | ");
    case "list":
      return `readonly ${itemText(itemOf(type))}[]`;
    case "map":
      return `ReadonlyMap<${textOf(keyOf(type))}, ${textOf(itemOf(type))}>`;
    case "record": {
      const fields = (type.fields ?? []).map(
        ({ name, type: field }) => `readonly ${fieldText(name)}: ${textOf(field)}`,
      );
      return `{ ${fields.join("; ")} }`;
    }
    default:
      return unreachable(type.kind);
  }
}
