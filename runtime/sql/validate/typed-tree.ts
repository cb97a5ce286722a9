/**
 * Owns: the typed tree of queries: what a query means, once its names are resolved. Plain immutable data, as the syntax tree is.
 *
 * SQVY1 Every expression has its type, every query and table its schema. What is missing in the text is filled in: `*` has become columns, a view
 *     and a WITH have become the queries that they stand for, `JOIN … USING` has become a condition.
 * SQVY2 A column is where it stands: how many scopes further out, and which place in that scope's row. Its name is for messages only.
 */
import type { FrameBound, JsonCall, Literal } from "../syntax/expression-tree.ts";
import type { JoinKind } from "../syntax/query-tree.ts";
import type { Span } from "../syntax/span.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { AggregateUserFunction, ScalarUserFunction, TableUserFunction } from "../user-functions/bound-function.ts";
import type { CatalogTable } from "./catalog.ts";
import type { OperandType } from "../types/type-families.ts";

/** What windows go by: `rowtime` has a watermark, `proctime` is the clock. */
export type TimeAttribute = "rowtime" | "proctime";

/** NULL alone has no type until something beside it has one. */
export type ValueType = OperandType;

export type Column = { readonly name: string; readonly type: SqlType; readonly time: TimeAttribute | null };

export type Schema = {
  readonly columns: readonly Column[];
  /** Places of columns whose values together are in one row only; several such sets, or none. */
  readonly keys: readonly (readonly number[])[];
};

type Typed<K extends string, T = object> = {
  readonly kind: K;
  readonly at: Span;
  readonly type: ValueType;
  readonly time: TimeAttribute | null;
} & Readonly<T>;

export type TypedOrder = {
  readonly value: TypedExpression;
  readonly direction: "ASC" | "DESC";
  readonly nulls: "FIRST" | "LAST" | null;
};

export type TypedFrameBound =
  | Exclude<FrameBound, { kind: "offset" }>
  | { readonly kind: "offset"; readonly value: TypedExpression; readonly direction: "PRECEDING" | "FOLLOWING" };

export type TypedWindow = {
  readonly partitionBy: readonly TypedExpression[];
  readonly orderBy: readonly TypedOrder[];
  readonly frame: {
    readonly unit: "ROWS" | "RANGE";
    readonly start: TypedFrameBound;
    readonly end: TypedFrameBound | null;
  } | null;
};

export type Aggregate = Typed<
  "aggregate",
  {
    name: string;
    isDistinct: boolean;
    /** None: COUNT(*). */
    arguments: readonly TypedExpression[];
    filter: TypedExpression | null;
    withinGroup: readonly TypedOrder[];
    ignoresNulls: boolean;
    /** Of the user; without it: a built-in one. */
    user?: AggregateUserFunction;
  }
>;

export type TypedExpression =
  | Typed<"literal", { literal: Literal }>
  /** `depth` 0: the row of this query; 1: that of the query around it, and so on (SQVY2). */
  | Typed<"column", { name: string; depth: number; index: number }>
  | Typed<"field", { operand: TypedExpression; name: string }>
  /** Operators too, by their sign or words: `+`, `LIKE`, `NOT`, `IS NULL`, `[]`. Names are in upper case. */
  | Typed<"call", { name: string; arguments: readonly TypedExpression[]; words: readonly string[] }>
  | Typed<"userCall", { function: ScalarUserFunction | TableUserFunction; arguments: readonly TypedExpression[] }>
  | Typed<"json", { call: JsonCall; arguments: readonly TypedExpression[] }>
  /** `isForPeople`: to a text that is shown, and not a value (casts/text-of-value.ts, SQXT2). */
  | Typed<"cast", { operand: TypedExpression; isTry: boolean; isForPeople?: true }>
  | Typed<
      "case",
      {
        /** What each `when` is compared with by `=`; null: each is a condition. Once, and not in each of them: a CASE of a CASE of a CASE would double. */
        operand: TypedExpression | null;
        branches: readonly { readonly when: TypedExpression; readonly result: TypedExpression }[];
        otherwise: TypedExpression | null;
      }
    >
  | Typed<"row" | "array" | "map", { items: readonly TypedExpression[] }>
  | Typed<"subquery", { form: "scalar" | "exists"; query: TypedQuery }>
  /** `x IN (SELECT …)` is `= ANY`; NOT is around it. */
  | Typed<"quantified", { operand: TypedExpression; operator: string; quantifier: "ALL" | "ANY"; query: TypedQuery }>
  | Aggregate
  | Typed<"over", { call: Aggregate; window: TypedWindow }>;

export type TypedQuery = {
  readonly kind: "query";
  readonly schema: Schema;
  readonly body: TypedBody;
  /** Over the columns of the body, and behind them those that only the order needs (`hidden` of a select). */
  readonly orderBy: readonly TypedOrder[];
  readonly offset: bigint | null;
  readonly limit: bigint | null;
};

type Body<K extends string, T> = { readonly kind: K; readonly schema: Schema } & Readonly<T>;

export type Grouping = {
  readonly keys: readonly TypedExpression[];
  /** Places in `keys`; one set unless GROUPING SETS, CUBE or ROLLUP are used. */
  readonly sets: readonly (readonly number[])[];
};

export type TypedSelect = Body<
  "select",
  {
    isDistinct: boolean;
    from: TypedTable | null;
    /** Of the tables of FROM, from left to right: for how many milliseconds state of their rows stays, by the hint STATE_TTL; null: it says nothing. */
    ttls: readonly (number | null)[];
    where: TypedExpression | null;
    /** Null: no GROUP BY and no aggregate. */
    grouping: Grouping | null;
    having: TypedExpression | null;
    items: readonly TypedExpression[];
    /** What ORDER BY sorts by and the result does not show. */
    hidden: readonly TypedExpression[];
    qualify: TypedExpression | null;
  }
>;

export type TypedBody =
  | TypedSelect
  | TypedQuery
  | Body<"values", { rows: readonly (readonly TypedExpression[])[] }>
  | Body<
      "setOperation",
      { operator: "UNION" | "INTERSECT" | "EXCEPT"; isAll: boolean; left: TypedBody; right: TypedBody }
    >
  | TypedScan;

/** `name`: as it is written. */
type TypedScan = Body<"scan", { name: string; table: CatalogTable }>;

/** What a hint says of how a table is asked; null: nothing. `retry`: of rows without an answer; `retries` of them after the first call. */
export type LookupHint = {
  readonly order: "ordered" | "unordered" | null;
  readonly capacity: number | null;
  readonly timeoutMs: number | null;
  readonly retry: { readonly delayMs: number; readonly retries: number } | null;
};

export type WindowFunctionName = "TUMBLE" | "HOP" | "CUMULATE" | "SESSION";

export type TypedTable =
  | TypedScan
  | Body<"derived", { query: TypedQuery; isLateral: boolean }>
  | Body<"unnest", { items: readonly TypedExpression[]; withOrdinality: boolean }>
  /** `FOR SYSTEM_TIME AS OF`: the table as it was at that time of the left row. */
  | Body<"temporal", { table: TypedTable; time: TypedExpression; lookup: LookupHint | null }>
  | Body<
      "window",
      {
        name: WindowFunctionName;
        input: TypedTable;
        /** Place of the time attribute. */
        timeColumn: number;
        partitionBy: readonly TypedExpression[];
        /** In the order of the function's own parameters. */
        intervals: readonly TypedExpression[];
      }
    >
  | Body<"join", { join: JoinKind; left: TypedTable; right: TypedTable; condition: TypedExpression | null }>;
