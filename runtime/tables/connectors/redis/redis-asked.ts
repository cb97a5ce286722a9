/**
 * Owns: single rows of a table of Redis, for lookup joins: a value that a format reads, or the fields of a hash.
 *
 * TBRL1 The columns of the key are not in the value: they are what was asked by.
 */
import { StreamError } from "../../../../base/index.ts";
import type { AsyncFunction } from "../../../ports/index.ts";
import { typeText } from "../../../sql/index.ts";
import { RecordMisfit, type Row } from "../../formats/format.ts";
import type { AskedTable, LookupUse, TableColumn } from "../../table-description.ts";
import { scalarText, ValueMisfit } from "../../values/scalar-text.ts";
import { TableError } from "../../table-error.ts";
import { type ConnectorUse, requireKey } from "../connector.ts";
import { loadRedis } from "../lazy-rooms.ts";
import { lookupCache, lookupRetries } from "../lookup-options.ts";
import { formatOf, keyText } from "./redis-values.ts";
import { serverUrl } from "./redis-server.ts";

type Ask = AsyncFunction<readonly unknown[], readonly Row[], unknown>;

/** What all ways of asking share. `rowOf`: the key's columns of what was asked by. */
type Asking = {
  readonly common: {
    readonly name: string;
    readonly server: string;
    readonly key: (asked: readonly unknown[]) => string;
    readonly cache?: NonNullable<ReturnType<typeof lookupCache>>;
  };
  readonly keyOf: (asked: readonly unknown[]) => Row;
  /** Columns that are not in the key. */
  readonly columns: readonly TableColumn[];
};

/** Errors: TableError. */
export function askedRedis(use: ConnectorUse, { columns, asks }: LookupUse): AskedTable {
  const { table, options } = use;
  const keys = requireKey(use, "redis");
  const asked = asks.map((place) => (table.columns[place] as TableColumn).name);
  const missing = keys.filter((key) => !asked.includes(key));
  if (missing.length > 0)
    throw new TableError(table.name, {
      message: `a table of Redis is asked by its whole key (${keys.join(", ")}), and ON has no equality for ${missing.join(", ")}`,
      remedy: "Compare each column of the PRIMARY KEY in ON, as it is.",
    });
  const textOf = keyText(use, keys);
  const keyOf = (values: readonly unknown[]): Row =>
    Object.fromEntries(keys.map((key) => [key, values[asked.indexOf(key)]]));
  const cache = lookupCache(options);
  const asking: Asking = {
    common: {
      name: table.name,
      server: serverUrl(options),
      key: (values) => textOf(keyOf(values)),
      ...(cache === undefined ? {} : { cache }),
    },
    keyOf,
    columns: columns.map((place) => table.columns[place] as TableColumn).filter(({ name }) => !keys.includes(name)),
  };
  const fn = options.given("data-type") === "hash" ? askedHash(use, asking) : askedValue(use, asking, keys);
  return { kind: "asked", fn, retries: lookupRetries(options) };
}

function askedValue(use: ConnectorUse, { common, keyOf, columns }: Asking, keys: readonly string[]): Ask {
  const { table, options } = use;
  const format = formatOf(options);
  const stored = table.columns.filter(({ name }) => !keys.includes(name));
  const decode = format.decoder({
    options,
    prefix: `${format.name}.`,
    columns: stored,
    read: columns.map(({ name }) => name),
  });
  return loadRedis().redisLookup<readonly unknown[], readonly Row[]>({
    ...common,
    join: (asked, found) => {
      const rows: Row[] = [];
      if (found === null) return rows;
      readable(table.name, common.key(asked), () => decode(found, (row) => rows.push({ ...keyOf(asked), ...row })));
      return rows;
    },
  }) as Ask;
}

function askedHash({ table }: ConnectorUse, { common, keyOf, columns }: Asking): Ask {
  const readers = columns.map(({ name, type }) => {
    const scalar = scalarText(type, "SQL");
    if (scalar === null)
      throw new TableError(table.name, {
        message: `a field of a hash is text, and the column ${name} is ${typeText(type)}`,
        remedy: "Declare it as STRING, or keep one value of JSON: 'data-type' = 'string', 'format' = 'json'.",
        column: name,
      });
    return { name, type, parse: scalar.parse };
  });
  return loadRedis().redisHashLookup<readonly unknown[], readonly Row[]>({
    ...common,
    fields: columns.map(({ name }) => name),
    join: (asked, found) => {
      if (found === null) return [];
      const row = keyOf(asked);
      readable(table.name, common.key(asked), () => {
        for (const [index, { name, type, parse }] of readers.entries()) {
          const text = found[index] ?? null;
          if (text === null && !type.isNullable)
            throw new ValueMisfit(`the field ${name} is missing, and ${typeText(type)}`);
          row[name] = text === null ? null : parse(text);
        }
      });
      return [row];
    },
  }) as Ask;
}

function readable(table: string, key: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof RecordMisfit || error instanceof ValueMisfit)) throw error;
    throw new StreamError(
      "LOOKUP_FAILED",
      `table ${table}: the value of ${key} cannot be read: ${error.message}; declare the columns as the values are`,
      { destiny: "terminal", cause: error },
    );
  }
}
