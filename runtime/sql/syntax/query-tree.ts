/**
 * Owns: the syntax tree of queries. Rules as in expression-tree.ts (SQLN1, SQLN2).
 */
import type { Call, Expression, Identifier, QualifiedName, WindowSpecification } from "./expression-tree.ts";
import type { Span } from "./span.ts";

type Node<K extends string, T = object> = { readonly kind: K; readonly at: Span } & Readonly<T>;

export type OrderItem = Node<
  "orderItem",
  { value: Expression; direction: "ASC" | "DESC"; nulls: "FIRST" | "LAST" | null }
>;

/** `STATE_TTL('a' = '1d')`, `BROADCAST(t)`; keys and values, or names alone. */
export type Hint = Node<
  "hint",
  {
    name: Identifier;
    options: readonly { readonly key: string; readonly value: string }[];
    arguments: readonly string[];
  }
>;

/** `WITH`, a body, `ORDER BY`, `OFFSET` and `LIMIT` (also written as `FETCH FIRST n ROWS ONLY`). */
export type Query = Node<
  "query",
  {
    commonTables: readonly CommonTable[];
    body: QueryBody;
    orderBy: readonly OrderItem[];
    offset: Expression | null;
    limit: Expression | null;
  }
>;

export type CommonTable = Node<"commonTable", { name: Identifier; columns: readonly Identifier[]; query: Query }>;

export type QueryBody =
  | Select
  | Node<
      "setOperation",
      { operator: "UNION" | "INTERSECT" | "EXCEPT"; isAll: boolean; left: QueryBody; right: QueryBody }
    >
  | Node<"values", { rows: readonly (readonly Expression[])[] }>
  /** `TABLE t`. */
  | Node<"explicitTable", { name: QualifiedName }>
  /** In parentheses, with an ORDER BY, LIMIT or WITH of its own. */
  | Query;

export type Select = Node<
  "select",
  {
    hints: readonly Hint[];
    isDistinct: boolean;
    items: readonly SelectItem[];
    from: TableExpression | null;
    where: Expression | null;
    groupBy: readonly GroupingItem[] | null;
    having: Expression | null;
    qualify: Expression | null;
    windows: readonly { readonly name: Identifier; readonly window: WindowSpecification }[];
  }
>;

export type SelectItem =
  | Node<"selectExpression", { value: Expression; alias: Identifier | null }>
  /** `*` or `t.*`. */
  | Node<"wildcard", { table: readonly Identifier[] }>;

export type GroupingItem =
  | Node<"groupingExpression", { value: Expression }>
  /** `()` or `(a, b)`. */
  | Node<"groupingTuple", { items: readonly Expression[] }>
  | Node<"groupingSets" | "cube" | "rollup", { items: readonly GroupingItem[] }>;

export type TableAlias = { readonly name: Identifier; readonly columns: readonly Identifier[] };

export type JoinKind = "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS";

export type TableExpression =
  | Node<
      "table",
      {
        name: QualifiedName;
        hints: readonly Hint[];
        /** Of `FOR SYSTEM_TIME AS OF`. */
        systemTime: Expression | null;
        alias: TableAlias | null;
      }
    >
  | Node<"derivedTable", { query: Query; isLateral: boolean; alias: TableAlias | null }>
  /** `TABLE(f(…))`, also a window function. */
  | Node<"tableFunction", { call: Call; isLateral: boolean; alias: TableAlias | null }>
  | Node<"unnest", { items: readonly Expression[]; withOrdinality: boolean; alias: TableAlias | null }>
  /** Of a comma: CROSS. */
  | Node<
      "join",
      {
        join: JoinKind;
        isNatural: boolean;
        left: TableExpression;
        right: TableExpression;
        on: Expression | null;
        using: readonly Identifier[];
      }
    >;
