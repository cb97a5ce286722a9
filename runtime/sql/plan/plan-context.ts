/**
 * Owns: what is known wherever a part of a query is planned.
 */
import type { Span } from "../syntax/span.ts";
import type { CatalogTable } from "../validate/catalog.ts";
import type { TypedExpression, TypedQuery, TypedSelect, TypedTable } from "../validate/typed-tree.ts";
import { partsOf, withParts } from "../validate/values.ts";
import type { NodeBuilder } from "./node-builder.ts";
import type { AggregateCall, Changes, PlanNode } from "./plan-tree.ts";
import type { TableTtls } from "./state-ttl.ts";

/** What is planned of a query contains queries again: handed in, so that the files do not import each other. */
export type PlanContext = {
  readonly builder: NodeBuilder;
  /** Of the statement: for what has no place of its own. */
  readonly at: Span;
  /** What a table's rows are when they are read. */
  readonly changesOf: (table: CatalogTable) => Changes;
  /** Row: the columns of the query's schema. */
  readonly planQuery: (query: TypedQuery, context: PlanContext) => PlanNode;
  /** Row: the items, then what is hidden. */
  readonly planSelect: (select: TypedSelect, context: PlanContext) => PlanNode;
  readonly planTable: (table: TypedTable, context: PlanContext) => PlanNode;
  /** Queries of the script that are planned: a view or a WITH is one query, wherever it is named. */
  readonly planned: WeakMap<TypedQuery, PlanNode>;
  /** Of the tables of the FROM at hand, what STATE_TTL says (SQPZ2); absent: nothing. */
  readonly ttls?: TableTtls;
  /** Where the calls of aggregates and of OVER stand in the text. */
  readonly places: WeakMap<AggregateCall, Span>;
};

/** Expressions over the row of a node. */
export type NodeWith<T = readonly TypedExpression[]> = { readonly node: PlanNode; readonly values: T };

/** The same with what `of` finds in its place, the whole before its parts. */
export function rewritten(
  value: TypedExpression,
  of: (part: TypedExpression) => TypedExpression | null,
): TypedExpression {
  const found = of(value);
  if (found !== null) return found;
  const parts = partsOf(value);
  if (parts.length === 0) return value;
  return withParts(
    value,
    parts.map((part) => rewritten(part, of)),
  );
}

/** A row that grows at its end, each value once. */
export class WideRow {
  readonly values: TypedExpression[];
  readonly names: string[];
  readonly #isSame: (left: TypedExpression, right: TypedExpression) => boolean;

  constructor(
    values: readonly TypedExpression[],
    names: readonly string[],
    isSame: (left: TypedExpression, right: TypedExpression) => boolean,
  ) {
    this.values = [...values];
    this.names = [...names];
    this.#isSame = isSame;
  }

  placeOf(value: TypedExpression, name: string): number {
    const known = this.values.findIndex((each) => this.#isSame(each, value));
    if (known >= 0) return known;
    this.names.push(value.kind === "column" ? value.name : name);
    return this.values.push(value) - 1;
  }
}
