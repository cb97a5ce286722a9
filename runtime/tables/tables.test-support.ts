/** Owns: tables as tests write them: columns as types, options as a record. */
import type { OperatorContext, Output } from "../ports/index.ts";
import { ColumnBuilder } from "../record/index.ts";
import { rowTypeOf, type SqlType } from "../sql/index.ts";
import { TableOptions } from "./options/table-options.ts";
import type { Format } from "./formats/format.ts";
import type { Row } from "./formats/format.ts";
import { prefixed } from "./options/option-row.ts";
import type { TableColumn, TableDescription, TableSink } from "./table-description.ts";

const STRING_LENGTH = 2_147_483_647;

/** Nullable types of SQL, by short names. */
export const sql = {
  boolean: { kind: "boolean", isNullable: true },
  tinyint: { kind: "tinyint", isNullable: true },
  smallint: { kind: "smallint", isNullable: true },
  int: { kind: "int", isNullable: true },
  bigint: { kind: "bigint", isNullable: true },
  float: { kind: "float", isNullable: true },
  double: { kind: "double", isNullable: true },
  date: { kind: "date", isNullable: true },
  string: { kind: "varchar", isNullable: true, length: STRING_LENGTH },
  bytes: { kind: "varbinary", isNullable: true, length: STRING_LENGTH },
  decimal: (precision: number, scale: number): SqlType => ({ kind: "decimal", isNullable: true, precision, scale }),
  time: (precision: number): SqlType => ({ kind: "time", isNullable: true, precision }),
  timestamp: (precision: number): SqlType => ({ kind: "timestamp", isNullable: true, precision }),
  instant: (precision: number): SqlType => ({ kind: "timestamp_ltz", isNullable: true, precision }),
  array: (element: SqlType): SqlType => ({ kind: "array", isNullable: true, element }),
  map: (key: SqlType, value: SqlType): SqlType => ({ kind: "map", isNullable: true, key, value }),
  multiset: (element: SqlType): SqlType => ({ kind: "multiset", isNullable: true, element }),
  row: (fields: Readonly<Record<string, SqlType>>): SqlType => ({
    kind: "row",
    isNullable: true,
    fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
  }),
  interval: (unit: "month" | "millisecond"): SqlType => ({ kind: "interval", isNullable: true, unit }),
} as const;

export const notNull = (type: SqlType): SqlType => ({ ...type, isNullable: false });

export function columnsOf(types: Readonly<Record<string, SqlType>>): readonly TableColumn[] {
  return Object.entries(types).map(([name, type]) => ({ name, type, metadata: null }));
}

export function tableOf(
  types: Readonly<Record<string, SqlType>>,
  options: Readonly<Record<string, string>>,
  primaryKey: readonly string[] = [],
): TableDescription {
  return { name: "orders", columns: columnsOf(types), primaryKey, options };
}

/** A format on its own: what it reads of a record, and writes for a row. */
export function formatAlone(
  format: Format,
  types: Readonly<Record<string, SqlType>>,
  options: Readonly<Record<string, string>> = {},
  read: readonly string[] = Object.keys(types),
): { decode(record: string | Uint8Array): readonly (readonly [Row, number])[]; encode(row: Row): string | Uint8Array } {
  const table = tableOf(types, { connector: "filesystem", format: format.name, ...options });
  const rows = [{ name: "format", kind: "text", meaning: "" } as const, ...prefixed(`${format.name}.`, format.rows)];
  const use = {
    options: new TableOptions(table, "the connector filesystem", rows),
    prefix: `${format.name}.`,
    columns: table.columns,
    read,
  };
  const decode = format.decoder(use);
  const encode = format.encoder?.(use);
  return {
    decode: (record) => {
      const taken: [Row, number][] = [];
      decode(record, (row, kind) => void taken.push([row, kind]));
      return taken;
    },
    encode: (row) => encode?.(row) ?? "",
  };
}

/** What the encoder of a sink gives for rows with their kinds, in one batch. */
export function encodedRows(
  sink: TableSink | undefined,
  columns: readonly TableColumn[],
  rows: readonly (readonly [object, number])[],
): unknown[] {
  const seen: unknown[] = [];
  const operator = sink?.encoder?.create();
  const output = { collect: (value: unknown) => void seen.push(value) } as unknown as Output<unknown>;
  void operator?.open?.({} as OperatorContext, output);
  const builder = new ColumnBuilder(rowTypeOf(columns));
  for (const [row, kind] of rows) {
    builder.appendRow(row, 0);
    builder.rowKinds()[builder.count - 1] = kind;
  }
  operator?.processBatch?.(builder.take(), 0);
  return seen;
}
