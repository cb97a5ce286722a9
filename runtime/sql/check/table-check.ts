/**
 * Owns: whether the parts of CREATE TABLE fit together: columns, key, watermark, partitions, options.
 * Does not own: what the connector wants, what is in other tables.
 *
 * SQLD1 Names of columns are compared as they are written, upper and lower case included, as in Flink. An unknown one suggests the nearest
 *     (SQVN1).
 * SQLD2 A table that takes columns from another one (LIKE, AS) may name columns that it does not define itself.
 */
import type { Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Statement, TableOption } from "../syntax/statement-tree.ts";
import { type SqlType, typeOf, typeText } from "../types/sql-type.ts";
import { nameRemedy } from "../validate/names.ts";

type CreateTable = Statement & { readonly kind: "createTable" };

/** The type of a column; null: that of an expression, or of another table. */
type Columns = ReadonlyMap<string, SqlType | null>;

/** Digits of a second that a time attribute may have. */
const ROWTIME_PRECISION_MAX = 3;

/** Errors: SqlFailure. */
export function checkTable(table: CreateTable): void {
  const columns = new Map<string, SqlType | null>();
  for (const column of table.columns) {
    const { name, at } = column.name;
    if (columns.has(name)) fail(at, `a second column ${nameText(column.name)}`, "Give each column its own name.");
    columns.set(name, column.kind === "computedColumn" ? null : typeOf(column.type));
  }
  checkOptions(table.options);
  const isOpen = table.like !== null || table.query !== null;
  for (const column of [...(table.primaryKey?.columns ?? []), ...table.partitionedBy])
    if (!isOpen) knownColumn(column, columns);
  for (const column of table.primaryKey?.columns ?? [])
    if (columns.get(column.name) === null)
      fail(
        column.at,
        `the computed column ${nameText(column)} in a PRIMARY KEY`,
        "A key has columns that are stored: name those it is computed from.",
      );
  checkWatermark(table, columns, isOpen);
}

function checkWatermark({ watermark }: CreateTable, columns: Columns, isOpen: boolean): void {
  const [column, ...fields] = watermark?.column.parts ?? [];
  if (watermark === null || column === undefined || (isOpen && !columns.has(column.name))) return;
  let type = knownColumn(column, columns);
  for (const field of fields) {
    const found: SqlType | undefined =
      type?.kind === "row" ? type.fields.find(({ name }) => name === field.name)?.type : undefined;
    if (type !== null && found === undefined)
      fail(field.at, `${typeText(type)} has no field ${nameText(field)}`, "Name a field of the row, or a column.");
    type = found ?? null;
  }
  if (type === null) return;
  const digits = type.kind === "timestamp" || type.kind === "timestamp_ltz" ? type.precision : null;
  if (digits !== null && digits <= ROWTIME_PRECISION_MAX) return;
  const { at } = watermark.column;
  const remedy =
    digits !== null
      ? `Declare it as ${type.kind.toUpperCase()}(${ROWTIME_PRECISION_MAX}), or less.`
      : "Declare a column of that type, or compute one: ts AS TO_TIMESTAMP_LTZ(milliseconds, 3).";
  fail(at, `a watermark needs a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and this is ${typeText(type)}`, remedy);
}

function knownColumn(column: Identifier, columns: Columns): SqlType | null {
  const type = columns.get(column.name);
  if (type !== undefined) return type;
  const remedy = nameRemedy(column.name, [...columns.keys()], "Its columns");
  return fail(column.at, `the table has no column ${nameText(column)}`, remedy);
}

function checkOptions(options: readonly TableOption[]): void {
  const keys = new Set<string>();
  for (const { key, at } of options) {
    if (keys.has(key)) fail(at, `a second option '${key}'`, "Take one of them out.");
    keys.add(key);
  }
}
