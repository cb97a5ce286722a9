/**
 * Owns: a stream as a table: its columns, and its records as rows of SQL.
 *
 * GVST1 A record becomes a row of the columns that are read, and no others: what a query does not use is not converted.
 * GVST2 A whole number of a stream (t.int64) is a BIGINT, so it becomes a bigint; as the rowtime it is epoch milliseconds, and stays as it is.
 */
import { StreamError } from "../../base/index.ts";
import type { DataStream } from "../api/index.ts";
import { type ColumnField, describeType, itemOf, keyOf, layoutOf, sameType, type ValueType } from "../record/index.ts";
import type { GivenColumn } from "./given-rows.ts";
import { type GivenTable, rowTypeOf, type SqlType, sqlTypeOf } from "../sql/index.ts";

type Row = Readonly<Record<string, unknown>>;
type Convert = (value: unknown) => unknown;

export type TableOptions = {
  /**
   * The field with the time of each record: a t.timestamp, or a t.int64 of epoch milliseconds. The stream's watermarks speak of it. Default: none, and windows by
   * event time are refused.
   */
  readonly rowtime?: string;
  /** Fields that together are in one row only. Default: none. */
  readonly primaryKey?: readonly string[];
};

const OPTION_NAMES: readonly string[] = ["rowtime", "primaryKey"] satisfies (keyof TableOptions)[];

/** Errors: JOB_GRAPH_INVALID, OPTION_UNKNOWN. */
export function givenTableOf(name: string, stream: DataStream<unknown>, options: TableOptions): GivenTable {
  const unknown = Object.keys(options).find((option) => !OPTION_NAMES.includes(option));
  if (unknown !== undefined)
    throw new StreamError(
      "OPTION_UNKNOWN",
      `table ${name}: there is no option ${unknown}. There are ${OPTION_NAMES.join(", ")}.`,
      {
        destiny: "terminal",
      },
    );
  const { type } = stream;
  const { rowtime = null, primaryKey = [] } = options;
  if (type.fields === undefined)
    throw refused(
      name,
      `its records are of type ${describeType(type)}, which has no fields`,
      "Give the operation before it a type: t.record({ … }).",
    );
  if (type.nullable)
    throw refused(name, "its records may be null", "Filter the nulls out, and give a type that is not nullable.");
  for (const field of [...primaryKey, ...(rowtime === null ? [] : [rowtime])])
    if (!type.fields.some((each) => each.name === field))
      throw refused(
        name,
        `it has no field ${field}`,
        `Its fields are ${type.fields.map((each) => each.name).join(", ")}.`,
      );
  const columns = type.fields.map(({ name: field, type: fieldType, optional }) => {
    if (optional === true)
      throw refused(name, `its records may lack the field ${field}`, "Use t.nullable(…), and null.");
    return { name: field, type: columnType(name, field, fieldType, field === rowtime) };
  });
  return { name, columns, rowtime, primaryKey, changes: "append" };
}

function columnType(table: string, field: string, type: ValueType<unknown>, isRowtime: boolean): SqlType {
  if (isRowtime) {
    if ((type.kind !== "timestamp" && type.kind !== "int64") || type.nullable)
      throw refused(
        table,
        `its rowtime ${field} is of type ${describeType(type)}`,
        "A rowtime is a t.timestamp, or a t.int64 of epoch milliseconds.",
      );
    return { kind: "timestamp_ltz", isNullable: false, precision: 3 };
  }
  const made = sqlTypeOf(type);
  if (made.kind === "refused") throw refused(table, `its field ${field}: ${made.reason}`, made.remedy);
  return made;
}

/** What makes rows of a stream's records, with these columns of it; null: its records are such rows. */
export function rowsOf(
  table: GivenTable,
  type: ValueType<unknown>,
  columns: readonly number[],
): ((record: unknown) => unknown) | null {
  const fields = type.fields ?? [];
  const read = columns.map((place) => table.columns[place] as GivenTable["columns"][number]);
  if (columns.length === fields.length && sameType(rowTypeOf(read), type)) return null;
  const converts = columns.map((place): readonly [string, Convert | null] => {
    const { name, type: fieldType } = fields[place] as (typeof fields)[number];
    return [name, name === table.rowtime ? null : converterOf(fieldType)];
  });
  return (record) => {
    const row: Record<string, unknown> = {};
    for (const [name, convert] of converts) {
      const value = (record as Row)[name];
      row[name] = convert === null || value === null ? value : convert(value);
    }
    return row;
  };
}

/** What becomes of the columns, of streams in columns. */
export function columnsOf(
  table: GivenTable,
  type: ValueType<unknown>,
  columns: readonly number[],
): readonly GivenColumn[] {
  const rowType = rowTypeOf(columns.map((place) => table.columns[place] as GivenTable["columns"][number]));
  const [from, to] = [layoutOf(type).fields, layoutOf(rowType).fields];
  return columns.map((place, at): GivenColumn => {
    const [source, target] = [from[place], to[at]];
    const isRowtime = source?.name === table.rowtime;
    if (source?.kind === target?.kind && (isRowtime || converterOf((source as ColumnField).type) === null))
      return { place, becomes: "itself" };
    return { place, becomes: source?.type.kind === "int64" ? "bigint" : "other" };
  });
}

/** GVST2. Of values that are not null; null: they stay as they are. */
function converterOf(type: ValueType<unknown>): Convert | null {
  switch (type.kind) {
    case "int64":
      return (value) => BigInt(value as number);
    case "literal":
      return literalConverter(type);
    case "list": {
      const item = nullableConverter(itemOf(type));
      return item === null ? null : (value) => (value as readonly unknown[]).map(item);
    }
    case "map": {
      const [key, item] = [nullableConverter(keyOf(type)), nullableConverter(itemOf(type))];
      if (key === null && item === null) return null;
      return (value) =>
        new Map(
          Array.from(value as ReadonlyMap<unknown, unknown>, ([name, each]) => [
            key?.(name) ?? name,
            item === null ? each : item(each),
          ]),
        );
    }
    case "record": {
      const converts = (type.fields ?? []).map((field) => [field.name, nullableConverter(field.type)] as const);
      if (converts.every(([, convert]) => convert === null)) return null;
      return (value) =>
        Object.fromEntries(
          converts.map(([name, convert]) => [
            name,
            convert === null ? (value as Row)[name] : convert((value as Row)[name]),
          ]),
        );
    }
    default:
      return null;
  }
}

function nullableConverter(type: ValueType<unknown>): Convert | null {
  const convert = converterOf(type);
  return convert === null ? null : (value) => (value === null ? null : convert(value));
}

/** Numbers of a literal type are an INT, a BIGINT or a DOUBLE. */
function literalConverter(type: ValueType<unknown>): Convert | null {
  const made = sqlTypeOf(type);
  return made.kind === "bigint" ? (value) => BigInt(value as number) : null;
}

function refused(table: string, what: string, remedy: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", `table ${table}: ${what}. ${remedy}`, { destiny: "terminal" });
}
