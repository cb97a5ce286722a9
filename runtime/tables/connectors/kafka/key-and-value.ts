/**
 * Owns: how the columns of a table are shared out among the key, the value and the metadata of a record.
 *
 * TBCU1 A column of the key is called as in the key's format by its name without `key.fields-prefix`; of the value by its own name.
 */
import type { Changes } from "../../../sql/index.ts";
import type { Decode, Encode, EncodedRecord, Format, FormatUse, Row, TakeRow } from "../../formats/format.ts";
import type { TableColumn } from "../../table-description.ts";
import { type ConnectorUse, storedColumns } from "../connector.ts";

/** One of a record's two parts. */
export type Part = {
  readonly format: Format;
  /** What the names of its options begin with: `key.json.`. */
  readonly prefix: string;
  readonly columns: readonly TableColumn[];
  /** Of the table's column the name that it has in the format. */
  readonly nameOf: (column: string) => string;
};

export type KeyAndValue = { readonly key: Part | null; readonly value: Part };

/** `keyNames`: columns of the key, in their order. Errors: TableError. */
export function keyAndValue(use: ConnectorUse, keyNames: readonly string[], formats: readonly Format[]): KeyAndValue {
  const { table, options } = use;
  const stored = storedColumns(table);
  const prefix = options.text("key.fields-prefix") ?? "";
  const keys = keyNames.map((name) => {
    const column = stored.find((each) => each.name === name);
    if (column === undefined)
      throw options.refuse(
        "key.fields",
        `the table has no column ${name} for the key`,
        `Its columns are ${stored.map((each) => each.name).join(", ")}.`,
      );
    if (!name.startsWith(prefix))
      throw options.refuse(
        "key.fields-prefix",
        `the column ${name} of the key does not begin with '${prefix}'`,
        "Let the names of all columns of the key begin with it.",
      );
    return column;
  });
  const isExcluded = options.given("value.fields-include") === "EXCEPT_KEY";
  if (prefix !== "" && !isExcluded)
    throw options.refuse(
      "key.fields-prefix",
      "columns of the key have a prefix, and the value has them too",
      "Add 'value.fields-include' = 'EXCEPT_KEY'.",
    );
  const inValue = isExcluded ? stored.filter((column) => !keys.includes(column)) : stored;
  const valuePrefix = options.isSet("value.format") ? "value." : "";
  const partOf = (formatPrefix: string, columns: readonly TableColumn[], cut: string): Part => {
    const name = options.given(`${formatPrefix}format`);
    const format = formats.find((each) => each.name === name) as Format;
    return { format, prefix: `${formatPrefix}${name}.`, columns, nameOf: (column) => column.slice(cut.length) };
  };
  return {
    key: keys.length === 0 ? null : partOf("key.", keys, prefix),
    value: partOf(valuePrefix, inValue, ""),
  };
}

function useOf({ options }: ConnectorUse, { columns, nameOf, prefix }: Part, read: readonly string[]): FormatUse {
  return { options, prefix, columns: columns.map((column) => ({ ...column, name: nameOf(column.name) })), read };
}

export function partEncoder(use: ConnectorUse, part: Part): Encode {
  const { format, columns, nameOf } = part;
  const encode = format.encoder?.(useOf(use, part, []));
  if (encode === undefined)
    throw use.options.refuse(
      `${part.prefix.slice(0, -`${format.name}.`.length)}format`,
      `the format ${format.name} is only read`,
      "Choose json, csv, avro or raw.",
    );
  if (columns.every(({ name }) => nameOf(name) === name)) return encode;
  return (row) => encode(Object.fromEntries(columns.map(({ name }) => [nameOf(name), row[name]])));
}

/** What a record is, for a decoder. */
export type KeyedRecord = {
  readonly key: EncodedRecord | null;
  readonly value: EncodedRecord | null;
};

/** Where the columns that are read come from. `metadata`: by their names, of a record. */
export type ReadColumns<R> = {
  readonly columns: readonly TableColumn[];
  readonly metadata: (column: TableColumn) => (record: R) => unknown;
};

/** Decodes records with a value; those without are the caller's. */
export function recordDecoder<R extends KeyedRecord>(
  use: ConnectorUse,
  { key, value }: KeyAndValue,
  { columns, metadata }: ReadColumns<R>,
): (record: R, take: TakeRow) => void {
  const isIn = (part: Part, { name }: TableColumn): boolean => part.columns.some((column) => column.name === name);
  const stored = columns.filter((column) => column.metadata === null);
  const fromValue = stored.filter((column) => isIn(value, column));
  const fromKey = stored.filter((column) => !fromValue.includes(column));
  const decodeValue = value.format.decoder(
    useOf(
      use,
      value,
      fromValue.map(({ name }) => name),
    ),
  );
  if (fromValue.length === columns.length) return (record, take) => decodeValue(record.value as EncodedRecord, take);
  const readKey = key === null || fromKey.length === 0 ? null : keyDecoder(use, key, fromKey);
  const others = columns
    .filter((column) => column.metadata !== null)
    .map((column) => [column.name, metadata(column)] as const);
  return (record, take) => {
    const keyRow = readKey?.(record.key) ?? {};
    decodeValue(record.value as EncodedRecord, (valueRow, kind) => {
      const found: Row = { ...keyRow, ...valueRow };
      for (const [name, read] of others) found[name] = read(record);
      const row: Row = {};
      for (const { name } of columns) row[name] = found[name];
      take(row, kind);
    });
  };
}

/** Of a key the columns, by the names that they have in the table; a record without a key has NULL in them. */
export function keyDecoder(
  use: ConnectorUse,
  part: Part,
  columns: readonly TableColumn[],
): (key: EncodedRecord | null) => Row {
  const { nameOf } = part;
  const decode: Decode = part.format.decoder(
    useOf(
      use,
      part,
      columns.map(({ name }) => nameOf(name)),
    ),
  );
  return (key) => {
    const row: Row = {};
    for (const { name } of columns) row[name] = null;
    if (key === null) return row;
    decode(key, (keyRow) => {
      for (const { name } of columns) row[name] = keyRow[nameOf(name)];
    });
    return row;
  };
}

/** What a table is whose values have this format. */
export const changesOf = ({ value }: KeyAndValue): Changes => value.format.changes;
