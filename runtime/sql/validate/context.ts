/**
 * Owns: what is known at the place where an expression or a query stands.
 */
import type { WindowSpecification } from "../syntax/expression-tree.ts";
import type { Query } from "../syntax/query-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { Catalog } from "./catalog.ts";
import type { Scope } from "./scope.ts";
import type { TypedQuery } from "./typed-tree.ts";

export type QueryContext = {
  readonly catalog: Catalog;
  /** Of the query around it. */
  readonly outer: Scope | null;
  /** What WITH has named. */
  readonly commonTables: ReadonlyMap<string, TypedQuery>;
  /** Types for columns that are NULL in every row: those of the table that is written to. */
  readonly expected: readonly SqlType[];
  /** A query inside of this one. */
  readonly queryOf: (query: Query, context: QueryContext) => TypedQuery;
};

export type ExpressionContext = {
  readonly query: QueryContext;
  readonly scope: Scope;
  /** Where this is, as in `in WHERE`, if no aggregate function may stand there. */
  readonly noAggregates: string | null;
  /** The same for OVER. */
  readonly noOver: string | null;
  /** Whether there is a GROUP BY, so that no group is empty. */
  readonly hasGroupKeys: boolean;
  /** Of WINDOW, by their names. */
  readonly windows: ReadonlyMap<string, WindowSpecification>;
  /** What to do about a name that is no column; null: nothing better than the nearest one. */
  readonly hint: (name: string) => string | null;
};

/** Where neither aggregates nor OVER may stand. */
export const plainContext = (query: QueryContext, scope: Scope, where: string): ExpressionContext => ({
  query,
  scope,
  noAggregates: where,
  noOver: where,
  hasGroupKeys: false,
  windows: new Map(),
  hint: () => null,
});
