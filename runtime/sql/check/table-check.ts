/**
 * Owns: whether the names in CREATE TABLE fit together: columns, key, partitions, options.
 * Does not own: what its expressions mean, and its watermark (validate/table-definition.ts); what the connector wants.
 *
 * SQLD1 Names of columns are compared as they are written, upper and lower case included, as in Flink. An unknown one suggests the nearest
 *     (SQVN1).
 * SQLD2 A table that takes columns from another one (LIKE, AS) may name columns that it does not define itself.
 */
import type { Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Statement, TableOption } from "../syntax/statement-tree.ts";
import { nameRemedy } from "../validate/names.ts";

type CreateTable = Statement & { readonly kind: "createTable" };

/** Errors: SqlFailure. */
export function checkTable(table: CreateTable): void {
  const columns = new Set<string>();
  for (const { name: column } of table.columns) {
    if (columns.has(column.name))
      fail(column.at, `a second column ${nameText(column)}`, "Give each column its own name.");
    columns.add(column.name);
  }
  checkOptions(table.options);
  const isOpen = table.like !== null || table.query !== null;
  const key = table.primaryKey?.columns ?? [];
  for (const column of [...key, ...table.partitionedBy]) if (!isOpen) requireColumn(column, columns);
  const computed = new Set(table.columns.flatMap(({ kind, name }) => (kind === "computedColumn" ? [name.name] : [])));
  for (const column of key)
    if (computed.has(column.name))
      fail(
        column.at,
        `the computed column ${nameText(column)} in a PRIMARY KEY`,
        "A key has columns that are stored: name those it is computed from.",
      );
}

function requireColumn(column: Identifier, columns: ReadonlySet<string>): void {
  if (!columns.has(column.name))
    fail(
      column.at,
      `the table has no column ${nameText(column)}`,
      nameRemedy(column.name, [...columns], "Its columns"),
    );
}

function checkOptions(options: readonly TableOption[]): void {
  const keys = new Set<string>();
  for (const { key, at } of options) {
    if (keys.has(key)) fail(at, `a second option '${key}'`, "Take one of them out.");
    keys.add(key);
  }
}
