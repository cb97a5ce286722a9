/**
 * Owns: views: what CREATE VIEW and ALTER VIEW keep, and what a view is where it is used.
 *
 * SQVJ1 A view is its query over the tables, views and functions of the moment at which it is used: what has been altered or replaced since is seen through it. Its
 *     columns stay those that it was made with, also where a star would have more by now.
 */
import type { Identifier, QualifiedName } from "../syntax/expression-tree.ts";
import { qualifiedText } from "../syntax/expression-text.ts";
import { fail, SqlFailure } from "../syntax/problem.ts";
import { queryText } from "../syntax/query-text.ts";
import type { Query } from "../syntax/query-tree.ts";
import type { Span } from "../syntax/span.ts";
import type { CatalogView } from "./catalog.ts";
import type { QueryContext } from "./context.ts";
import { renamedColumns } from "./renamed-columns.ts";
import type { Column, TypedExpression, TypedQuery } from "./typed-tree.ts";

type Definition = { readonly name: QualifiedName; readonly columns: readonly Identifier[]; readonly query: Query };

/** Errors: SqlFailure, Undetermined. */
export function viewOf({ name, columns, query }: Definition, context: QueryContext): CatalogView {
  const typed = context.queryOf(query, context);
  const renamed = renamedColumns(typed.schema.columns, columns, qualifiedText(name));
  refuseSameNames(renamed, query.at);
  return {
    kind: "view",
    query: typed,
    schema: { ...typed.schema, columns: renamed },
    text: queryText(query),
    columns: columns.map((column) => column.name),
    definition: query,
    place: context.catalog.place,
    version: context.catalog.version,
  };
}

/** SQVJ1. Errors: SqlFailure, at the name, when the query cannot be read any more; Undetermined. */
export function viewOfNow(name: QualifiedName, view: CatalogView, context: QueryContext): CatalogView {
  const { catalog } = context;
  const { version } = catalog;
  if (view.version === version) return view;
  const failNow = (message: string, remedy: string): never =>
    fail(name.at, `the view ${qualifiedText(name)} cannot be read any more: ${message}`, remedy);
  const typed = catalog.within(view.place, () => {
    try {
      return context.queryOf(view.definition, { ...context, outer: null, commonTables: new Map(), expected: [] });
    } catch (error) {
      if (error instanceof SqlFailure) return failNow(error.problem.message, error.problem.remedy);
      throw error;
    }
  });
  const query = withColumns(typed, view.query.schema.columns, name.at);
  if (query === null)
    return failNow("it has lost a column that it was made with", "Bring the column back, or write ALTER VIEW … AS.");
  const columns = query.schema.columns.map((column, index) => ({
    ...column,
    name: view.schema.columns[index]?.name ?? column.name,
  }));
  const now: CatalogView = { ...view, query, schema: { ...query.schema, columns }, version };
  catalog.refresh(view, now);
  return now;
}

/** The query with the columns of these names, in their order; null: one of them is missing. */
function withColumns(query: TypedQuery, wanted: readonly Column[], at: Span): TypedQuery | null {
  const { columns } = query.schema;
  if (columns.length === wanted.length && columns.every(({ name }, index) => name === wanted[index]?.name))
    return query;
  const places = wanted.map(({ name }) => columns.findIndex((column) => column.name === name));
  if (places.includes(-1)) return null;
  const items = places.map((index): TypedExpression => {
    const { name, type, time } = columns[index] as Column;
    return { kind: "column", at, name, type, time, depth: 0, index };
  });
  const schema = { columns: items.map((_, index) => columns[places[index] ?? -1] as Column), keys: [] };
  const from = { kind: "derived", schema: query.schema, query, isLateral: false } as const;
  const absent = { where: null, grouping: null, having: null, qualify: null, hidden: [], ttls: [null] };
  return {
    kind: "query",
    schema,
    body: { kind: "select", schema, isDistinct: false, from, items, ...absent },
    orderBy: [],
    offset: null,
    limit: null,
  };
}

function refuseSameNames(columns: readonly Column[], at: Span): void {
  const names = columns.map(({ name }) => name);
  const second = names.find((name, index) => names.indexOf(name) < index);
  if (second !== undefined)
    fail(at, `the query of this view has two columns ${second}`, `Give one another name: SELECT … AS ${second}_2.`);
}
