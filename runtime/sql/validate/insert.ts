/**
 * Owns: INSERT INTO: which columns are written, and whether the query gives them.
 *
 * SQVI1 The query's columns are taken by their place, not by their names, as in Flink. What fits without loss is cast; the rest is refused, by the
 *     names of both columns.
 * SQVI2 A column that is not written becomes NULL, and so cannot be NOT NULL. Computed and virtual columns are never written.
 */
import { shownType, withNullability } from "../types/type-families.ts";
import type { QualifiedName } from "../syntax/expression-tree.ts";
import { nameText, qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { Insert } from "../syntax/statement-tree.ts";
import { type CatalogTable, columnNames } from "./catalog.ts";
import type { QueryContext } from "./context.ts";
import { nameRemedy, quoted } from "./names.ts";
import { typedQuery } from "./query.ts";
import { withHintedOptions } from "./hinted-options.ts";
import { castOf } from "../types/cast-rules.ts";
import type { Column, TypedQuery } from "./typed-tree.ts";

export type TypedInsert = {
  readonly at: Span;
  readonly target: string;
  readonly table: CatalogTable;
  /** What is written, in the order of the query's columns. */
  readonly columns: readonly Column[];
  readonly query: TypedQuery;
  /** Where INSERT OVERWRITE stands; null: of INSERT INTO. */
  readonly overwritesAt: Span | null;
};

/** Errors: SqlFailure, Undetermined. */
export function typedInsert(insert: Insert, context: QueryContext): TypedInsert {
  const found = context.catalog.tableOrView(insert.target);
  const target = found.kind === "table" ? withHintedOptions(found, insert.hints) : found;
  const name = qualifiedText(insert.target);
  if (target.kind === "view")
    return fail(
      insert.target.at,
      `${name} is a view, and INSERT writes into tables`,
      "Name a table that has a connector.",
    );
  const columns = insert.columns.length === 0 ? target.writable : writtenColumns(insert, target, name);
  const query = typedQuery(insert.query, { ...context, expected: columns.map(({ type }) => type) });
  const given = query.schema.columns;
  if (given.length !== columns.length)
    fail(
      insert.query.at,
      `the query has ${given.length} ${given.length === 1 ? "column" : "columns"}, and ${columns.length} ${columns.length === 1 ? "is" : "are"} written into ${name}`,
      `Written are ${columnNames(columns).join(", ")}; given are ${columnNames(given).join(", ")}.`,
    );
  for (const [index, column] of columns.entries()) {
    const from = given[index];
    if (from === undefined) continue;
    // NULLs for a column that takes none are found when they come, as in Flink.
    const cast = castOf(from.type, withNullability(column.type, true));
    if (cast.kind === "implicit") continue;
    const wanted = shownType(column.type);
    fail(
      insert.query.at,
      `the column ${quoted(column.name)} of ${name} is ${wanted}, and column ${index + 1} of the query, ${quoted(from.name)}, is ${shownType(from.type)}`,
      cast.kind === "refused"
        ? "Columns are taken by their place: check their order."
        : `Columns are taken by their place: check their order, or write CAST(${quoted(from.name)} AS ${wanted}).`,
    );
  }
  const { at, isOverwrite } = insert;
  const overwritesAt = isOverwrite ? { start: at.start, end: at.start + "INSERT OVERWRITE".length } : null;
  return { at, target: name, table: target, columns, query, overwritesAt };
}

function writtenColumns({ columns, target }: Insert, table: CatalogTable, name: string): readonly Column[] {
  const written = columns.map((column) => writtenColumn(column, table, name));
  for (const [index, column] of columns.entries())
    if (written.findIndex((each) => each.name === written[index]?.name) < index)
      fail(column.at, `the column ${qualifiedText(column)} is named twice`, "Name each column once.");
  const missing = table.writable.find(
    (each) => !each.type.isNullable && !written.some((one) => one.name === each.name),
  );
  if (missing !== undefined)
    fail(
      target.at,
      `the column ${quoted(missing.name)} of ${name} is NOT NULL, and is not written`,
      "Add it to the columns, and a value to the query.",
    );
  return written;
}

function writtenColumn({ parts, at }: QualifiedName, { writable, schema }: CatalogTable, name: string): Column {
  const [column, field] = parts;
  if (column === undefined || field !== undefined)
    return fail(at, "a field of a row cannot be written by itself", "Name the column, and give it a whole ROW.");
  const found = writable.find((each) => each.name === column.name);
  if (found !== undefined) return found;
  if (schema.columns.some((each) => each.name === column.name))
    return fail(
      at,
      `the column ${nameText(column)} of ${name} is computed or virtual`,
      "It is not stored: leave it out.",
    );
  const known = writable.map((each) => each.name);
  return fail(
    at,
    `${name} has no column ${nameText(column)}`,
    nameRemedy(column.name, known, `The columns of ${name}`),
  );
}
