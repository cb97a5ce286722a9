/**
 * Owns: the catalog's view of a table that the program hands over.
 *
 * SQGT1 It has what the program says, and no options: nothing in it is computed, and its watermarks are those of the stream.
 */
import { assert } from "../../../base/index.ts";
import type { Identifier } from "../syntax/expression-tree.ts";
import { isTimestamp, withNullability } from "../types/type-families.ts";
import type { CatalogTable, GivenTable } from "./catalog.ts";
import type { Column } from "./typed-tree.ts";

const nowhere = { start: 0, end: 0 } as const;
const identifier = (name: string): Identifier => ({ kind: "identifier", at: nowhere, name });

export function givenTable(given: GivenTable): CatalogTable {
  const { columns, rowtime, primaryKey } = given;
  const places = primaryKey.map((key) => columns.findIndex(({ name }) => name === key));
  assert(!places.includes(-1), `the table ${given.name} has no column ${primaryKey[places.indexOf(-1)]} for its key`);
  const time = columns.find(({ name }) => name === rowtime);
  assert(rowtime === null || time !== undefined, `the table ${given.name} has no column ${rowtime}, its rowtime`);
  assert(
    time === undefined || (isTimestamp(time.type) && time.type.precision <= 3),
    `the rowtime ${rowtime} of ${given.name} must be a TIMESTAMP(3) or TIMESTAMP_LTZ(3)`,
  );
  const shown = columns.map(
    ({ name, type }): Column => ({
      name,
      type: primaryKey.includes(name) ? withNullability(type, false) : type,
      time: name === rowtime ? "rowtime" : null,
    }),
  );
  return {
    kind: "table",
    definition: {
      columns: columns.map(({ name, type }) => ({ kind: "physical", name: identifier(name), type })),
      watermark: null,
      primaryKey:
        primaryKey.length === 0
          ? null
          : { kind: "primaryKey", at: nowhere, constraint: null, columns: primaryKey.map(identifier) },
      at: { start: 0, end: 0 },
      partitionedBy: [],
      options: [],
    },
    schema: { columns: shown, keys: primaryKey.length === 0 ? [] : [places] },
    writable: shown,
    computed: columns.map(() => null),
    watermark: null,
    given,
  };
}
