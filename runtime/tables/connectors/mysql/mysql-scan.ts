/**
 * Owns: a table of MySQL as a source that ends: its columns and rows, and the parts that subtasks share.
 *
 * TBMS1 Parts are ranges of one numeric column: each number from the lower to the upper bound is in one of them. What lies outside of the bounds, or is NULL, is not read, as in Flink.
 * TBMS2 With a PRIMARY KEY rows come in its order (MSO2); not by one of FLOAT, DOUBLE or bytes, whose texts are not their values.
 */
import type { MySqlSourceKey } from "../../../connectors/mysql/index.ts";
import type { Source } from "../../../ports/index.ts";
import { rowKinds } from "../../../record/index.ts";
import { rowTypeOf, type ScanFilter, type SqlType } from "../../../sql/index.ts";
import type { TableOptions } from "../../options/table-options.ts";
import { decodedSource } from "../../reading/decoded-source.ts";
import type { TableColumn, TableSource } from "../../table-description.ts";
import type { ConnectorUse } from "../connector.ts";
import { loadMysql } from "../lazy-rooms.ts";
import { quotedColumn, rowReader, selectList } from "./mysql-rows.ts";
import { serverUrl } from "./mysql-server.ts";

const COLUMN = "scan.partition.column";
const NUMBER = "scan.partition.num";
const LOWER = "scan.partition.lower-bound";
const UPPER = "scan.partition.upper-bound";
const FETCH = "scan.fetch-size";
const PARTS_MAX = 10_000;

type Answer = Readonly<Record<string, unknown>>;

/** Errors: TableError. */
export function mysqlScan(use: ConnectorUse, places: readonly number[], filters: readonly ScanFilter[]): TableSource {
  const { table, options } = use;
  const columns = places.map((place) => table.columns[place] as TableColumn);
  const rowOf = rowReader(table, columns, "SOURCE_FAILED");
  const key = keyOf(use);
  const fetchRows = options.number(FETCH) ?? 1;
  if (fetchRows < 1) throw options.refuse(FETCH, `'${FETCH}' is ${fetchRows}`, "Write a whole number from 1.");
  const records = loadMysql().mysqlSource({
    name: table.name,
    server: serverUrl(options),
    table: options.given("table-name"),
    select: selectList(columns),
    parts: partsOf(use),
    where: filters.map((filter) => conditionOf(use, filter)).join(" and "),
    fetchRows,
    ...(key === null ? {} : { key }),
  }) as Source<unknown> as Source<Answer>;
  const source = decodedSource<Answer>({
    records,
    type: rowTypeOf(columns),
    decoder: () => (answer, take) => take(rowOf(answer), rowKinds.insert),
  });
  return { source, changes: "append" };
}

function conditionOf({ table }: ConnectorUse, { column, operator, value }: ScanFilter): string {
  const name = quotedColumn((table.columns[column] as TableColumn).name);
  if (value === null) return `${name} ${operator.toLowerCase()}`;
  if (typeof value === "bigint") return `${name} ${operator} ${value}`;
  // Letters that the column's character set does not have would be an error (TBMA2).
  return `${isAscii(value) ? name : `convert(${name} using utf8mb4)`} ${operator} ${quotedText(value)}`;
}

/** TBMS1. None: the table is one part. */
function partsOf({ table, options }: ConnectorUse): readonly string[] {
  const all = [COLUMN, NUMBER, LOWER, UPPER];
  const given = all.filter((name) => options.isSet(name));
  if (given.length === 0) return [];
  const missing = all.find((name) => !options.isSet(name));
  if (missing !== undefined)
    throw options.refuse(
      given[0] as string,
      `'${given[0]}' stands without '${missing}'`,
      "Write all of scan.partition.column, num, lower-bound and upper-bound, or none.",
    );
  const name = options.given(COLUMN);
  const column = table.columns.find((each) => each.name === name);
  if (column === undefined)
    throw options.refuse(
      COLUMN,
      `the table has no column ${name}`,
      "Name a column that is a whole number or a DECIMAL.",
    );
  if (!PARTED.has(column.type.kind))
    throw options.refuse(
      COLUMN,
      `the column ${name} is no number`,
      "Name a column that is a whole number or a DECIMAL.",
    );
  const [lower, upper] = [BigInt(options.given(LOWER)), BigInt(options.given(UPPER))];
  if (lower > upper)
    throw options.refuse(LOWER, `'${LOWER}' is above '${UPPER}'`, "Write the least value that is read.");
  return ranges({ name: quotedColumn(name), lower, upper }, partCount(options));
}

const PARTED: ReadonlySet<SqlType["kind"]> = new Set(["tinyint", "smallint", "int", "bigint", "decimal"]);

function partCount(options: TableOptions): bigint {
  const count = options.number(NUMBER) ?? 1;
  if (count < 1 || count > PARTS_MAX)
    throw options.refuse(NUMBER, `'${NUMBER}' is ${count}`, `Write a whole number from 1 to ${PARTS_MAX}.`);
  return BigInt(count);
}

type Range = { readonly name: string; readonly lower: bigint; readonly upper: bigint };

/** Each from its first number up to that of the next; the last one up to the upper bound. */
function ranges({ name, lower, upper }: Range, wanted: bigint): readonly string[] {
  const length = upper - lower + 1n;
  const count = wanted < length ? wanted : length;
  return Array.from({ length: Number(count) }, (_, at) => {
    const from = lower + (length * BigInt(at)) / count;
    const next = lower + (length * BigInt(at + 1)) / count;
    return next > upper ? `${name} >= ${from} and ${name} <= ${upper}` : `${name} >= ${from} and ${name} < ${next}`;
  });
}

/** TBMS2. Null: rows have no order. */
function keyOf({ table }: ConnectorUse): MySqlSourceKey | null {
  const columns = table.primaryKey.flatMap((name) => table.columns.filter((column) => column.name === name));
  if (columns.length === 0 || !columns.every(({ type }) => literalOf(type) !== null)) return null;
  const names = columns.map(({ name }) => quotedColumn(name));
  const literals = columns.map(({ type }) => literalOf(type) as (text: string) => string);
  return {
    columns: names,
    texts: names.map((name) => `cast(${name} as char)`),
    behind: (last) => `(${names.join(", ")}) > (${last.map((text, at) => literals[at]?.(text) ?? "null").join(", ")})`,
  };
}

/** A value from its text; null: the text is not all of it. */
function literalOf(type: SqlType): ((text: string) => string) | null {
  switch (type.kind) {
    case "boolean":
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
      return (text) => (/^-?\d+$/.test(text) ? text : quotedText(text));
    case "decimal":
      return (text) => `cast(${quotedText(text)} as decimal(${type.precision}, ${type.scale}))`;
    case "char":
    case "varchar":
    case "date":
    case "time":
    case "timestamp":
    case "timestamp_ltz":
      return quotedText;
    default:
      return null;
  }
}

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** For sessions in which a backslash escapes (MSE1). */
const quotedText = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;
