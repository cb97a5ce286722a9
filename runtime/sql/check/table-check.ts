/**
 * Owns: whether the parts of CREATE TABLE fit together: columns, key, watermark, partitions, options.
 * Does not own: what the connector wants, what is in other tables.
 *
 * SQLD1 Names of columns are compared as they are written, upper and lower case included, as in Flink. An unknown one suggests the nearest.
 * SQLD2 A table that takes columns from another one (LIKE, AS) may name columns that it does not define itself.
 */
import { editDistance } from "../../../base/index.ts";
import type { Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Statement, TableOption } from "../syntax/statement-tree.ts";
import { type SqlType, typeOf, typeText } from "../types/sql-type.ts";

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
  const nearest = nearestName(column.name, [...columns.keys()]);
  const remedy =
    nearest === undefined
      ? `Its columns are ${[...columns.keys()].join(", ") || "none"}.`
      : `Did you mean ${nameText({ ...column, name: nearest })}?`;
  return fail(column.at, `the table has no column ${nameText(column)}`, remedy);
}

/** Case alone is no distance. */
function nearestName(written: string, names: readonly string[]): string | undefined {
  const distanceTo = (name: string): number => editDistance(written.toLowerCase(), name.toLowerCase());
  const [best] = names.toSorted((left, right) => distanceTo(left) - distanceTo(right));
  return best !== undefined && distanceTo(best) <= Math.max(1, Math.floor(written.length / 3)) ? best : undefined;
}

function checkOptions(options: readonly TableOption[]): void {
  const keys = new Set<string>();
  for (const { key, at } of options) {
    if (keys.has(key)) fail(at, `a second option '${key}'`, "Take one of them out.");
    keys.add(key);
  }
}
