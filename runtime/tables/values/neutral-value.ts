/** Owns: a value of each type that stands where none is meant: in the row of a deletion, of which only the key counts. */
import type { SqlType } from "../../sql/index.ts";
import { MILLISECOND_DIGITS } from "./time-text.ts";

export function neutralValue(type: SqlType): unknown {
  switch (type.kind) {
    case "boolean":
      return false;
    case "bigint":
    case "decimal":
      return 0n;
    case "char":
    case "varchar":
      return "";
    case "binary":
    case "varbinary":
      return new Uint8Array(0);
    case "date":
      return new Date(0);
    case "timestamp":
    case "timestamp_ltz":
      return type.precision <= MILLISECOND_DIGITS ? 0 : 0n;
    case "array":
      return [];
    case "map":
    case "multiset":
      return new Map();
    case "row":
      return Object.fromEntries(
        type.fields.map((field) => [field.name, field.type.isNullable ? null : neutralValue(field.type)]),
      );
    default:
      return 0;
  }
}
