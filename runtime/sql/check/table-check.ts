/**
 * Owns: whether the parts of CREATE TABLE fit together: columns, key, watermark, partitions, options.
 * Does not own: what the connector wants, what is in other tables.
 *
 * SQLD1 Names of columns are compared as they are written, upper and lower case included, as in Flink. An unknown one suggests the nearest
 *     (SQVN1).
 * SQLD2 A table that takes columns from another one (LIKE, AS) may name columns that it does not define itself.
 * SQLD3 A computed column is computed from columns that are not, in any order; a watermark from all of them. Its type follows from them (SQEX1).
 */
import type { Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { Statement, TableOption } from "../syntax/statement-tree.ts";
import { type SqlType, typeOf, typeText } from "../types/sql-type.ts";
import { isTimestamp, shownType } from "../types/type-families.ts";
import { nameRemedy } from "../validate/names.ts";
import { fieldType, type Scope, typeOfExpression } from "./expression-type.ts";

type CreateTable = Statement & { readonly kind: "createTable" };

/** The type of a column; null: not known (SQEX1). */
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
  checkComputedColumns(table, columns, isOpen);
  for (const column of [...(table.primaryKey?.columns ?? []), ...table.partitionedBy])
    if (!isOpen) knownColumn(column, columns);
  const computed = computedNames(table);
  for (const column of table.primaryKey?.columns ?? [])
    if (computed.has(column.name))
      fail(
        column.at,
        `the computed column ${nameText(column)} in a PRIMARY KEY`,
        "A key has columns that are stored: name those it is computed from.",
      );
  checkWatermark(table, columns, isOpen);
}

const computedNames = ({ columns }: CreateTable): ReadonlySet<string> =>
  new Set(columns.filter(({ kind }) => kind === "computedColumn").map(({ name }) => name.name));

/** SQLD3: fills in their types. */
function checkComputedColumns(table: CreateTable, columns: Map<string, SqlType | null>, isOpen: boolean): void {
  const computed = computedNames(table);
  const scope: Scope = (column) => {
    if (computed.has(column.name))
      fail(
        column.at,
        `${nameText(column)} is itself a computed column`,
        "Repeat its expression here, or compute this one in a view.",
      );
    return isOpen && !columns.has(column.name) ? null : knownColumn(column, columns);
  };
  for (const column of table.columns) {
    if (column.kind !== "computedColumn") continue;
    const type = typeOfExpression(column.value, scope);
    if (type?.kind === "null")
      fail(column.value.at, "NULL alone has no type", "Say which one it has: CAST(NULL AS STRING).");
    columns.set(column.name.name, type);
  }
}

function checkWatermark({ watermark }: CreateTable, columns: Columns, isOpen: boolean): void {
  if (watermark === null) return;
  const scope: Scope = (column) => (isOpen && !columns.has(column.name) ? null : knownColumn(column, columns));
  const [column, ...fields] = watermark.column.parts;
  let type = column === undefined ? null : scope(column);
  for (const field of fields) type = type === null ? null : fieldType(type, field);
  if (type !== null) checkRowtime(type, watermark.column.at);
  const strategy = typeOfExpression(watermark.strategy, scope);
  if (strategy !== null && !isTimestamp(strategy))
    fail(
      watermark.strategy.at,
      `a watermark is a TIMESTAMP or TIMESTAMP_LTZ, and this is ${shownType(strategy)}`,
      "Subtract the longest delay from the column: ts - INTERVAL '5' SECOND.",
    );
}

function checkRowtime(type: SqlType, at: Span): void {
  const digits = isTimestamp(type) ? type.precision : null;
  if (digits !== null && digits <= ROWTIME_PRECISION_MAX) return;
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
