/**
 * Owns: what a Map tells values of SQL apart by, and gives them back from.
 *
 * SQOI1 Scalars are themselves, dates their milliseconds, bytes hex text; rows, arrays and maps are the text of their key, from which they do not come back.
 */
import { keptValue, type Key, keyIdentity, plainKey, t, type ValueType } from "../../../record/index.ts";
import { columnTypeOf } from "../../rows/row-type.ts";
import type { SqlType } from "../../types/sql-type.ts";

export type Identity = string | number | bigint | boolean;

export type Identities = {
  readonly type: ValueType<Identity>;
  of(value: unknown): Identity;
  /** Null: values do not come back. */
  readonly value: ((identity: Identity) => unknown) | null;
};

const itself = (value: unknown): Identity => value as Identity;

/** Of values that are not NULL. */
export function identitiesOf(type: SqlType): Identities {
  const column = columnTypeOf({ ...type, isNullable: false });
  switch (column.kind) {
    case "date":
      return {
        type: t.timestamp,
        of: (value) => plainKey(value) as number,
        value: (identity) => keptValue(column, identity),
      };
    case "bytes":
      return {
        type: t.string,
        of: (value) => plainKey(value) as string,
        value: (identity) => keptValue(column, identity),
      };
    case "list":
    case "map":
    case "record":
      return { type: t.string, of: (value) => keyIdentity(plainKey(value)) as string, value: null };
    default:
      return { type: column as ValueType<Identity>, of: itself, value: itself };
  }
}

/** Of several arguments at once: the array of their keys. */
export const severalIdentities: Identities = {
  type: t.string,
  of: (value) => keyIdentity(value as Key) as string,
  value: null,
};
