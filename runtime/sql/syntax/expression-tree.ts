/**
 * Owns: the syntax tree of expressions and of written types. Plain immutable data; each node has a `kind` and the place where it stands.
 *
 * SQLN1 A node says what was written, not what it means: names are not resolved, literals are not converted.
 * SQLN2 Forms that mean the same have one node (`a != b` and `a <> b`, `SUBSTRING(x FROM 2)` and `SUBSTRING(x, 2)`); parentheses have none.
 */
import type { OrderItem, Query } from "./query-tree.ts";
import type { Span } from "./span.ts";

type Node<K extends string, T = object> = { readonly kind: K; readonly at: Span } & Readonly<T>;

/** A name as it is meant: without backticks, with its upper and lower case. */
export type Identifier = Node<"identifier", { name: string }>;

/** `catalog.database.table`: one to three parts, or the path to a field. */
export type QualifiedName = Node<"name", { parts: readonly Identifier[] }>;

export type TimeUnit =
  | "YEAR"
  | "QUARTER"
  | "MONTH"
  | "WEEK"
  | "DAY"
  | "HOUR"
  | "MINUTE"
  | "SECOND"
  | "MILLISECOND"
  | "MICROSECOND"
  | "NANOSECOND";

/** What EXTRACT has besides: no reserved words. */
export const extractWords = ["DOW", "ISODOW", "DOY", "ISOYEAR", "DECADE", "CENTURY", "MILLENNIUM", "EPOCH"] as const;
export type ExtractWord = (typeof extractWords)[number];

/** `DAY(3) TO SECOND(6)`; null where nothing was written. */
export type IntervalQualifier = {
  readonly from: TimeUnit;
  readonly precision: number | null;
  readonly to: TimeUnit | null;
  readonly fraction: number | null;
};

export type ComparisonOperator = "=" | "<>" | "<" | "<=" | ">" | ">=";
export type BinaryOperator = "OR" | "AND" | ComparisonOperator | "+" | "-" | "||" | "*" | "/" | "%";
export type TruthTest =
  | "NULL"
  | "TRUE"
  | "FALSE"
  | "UNKNOWN"
  | "JSON VALUE"
  | "JSON OBJECT"
  | "JSON ARRAY"
  | "JSON SCALAR";

export type FrameBound =
  | { readonly kind: "unbounded"; readonly direction: "PRECEDING" | "FOLLOWING" }
  | { readonly kind: "currentRow" }
  | { readonly kind: "offset"; readonly value: Expression; readonly direction: "PRECEDING" | "FOLLOWING" };

export type WindowFrame = Node<"frame", { unit: "ROWS" | "RANGE"; start: FrameBound; end: FrameBound | null }>;

/** `OVER w`, or `OVER (w PARTITION BY … ORDER BY … ROWS …)`. */
export type WindowSpecification = Node<
  "window",
  {
    base: Identifier | null;
    partitionBy: readonly Expression[];
    orderBy: readonly OrderItem[];
    frame: WindowFrame | null;
  }
>;

/** What may follow a call: `FILTER (WHERE …) WITHIN GROUP (ORDER BY …) OVER …`. */
export type CallSuffix = {
  readonly nullTreatment: "IGNORE" | "RESPECT" | null;
  readonly withinGroup: readonly OrderItem[];
  readonly filter: Expression | null;
  readonly over: WindowSpecification | null;
};

export type JsonBehavior =
  | { readonly kind: "keyword"; readonly text: string }
  | { readonly kind: "default"; readonly value: Expression };

export type Call = Node<
  "call",
  {
    /** As written; a built-in function is found in any case. */
    name: QualifiedName;
    quantifier: "DISTINCT" | "ALL" | null;
    /** `COUNT(*)` has one argument, a star. */
    arguments: readonly Expression[];
    suffix: CallSuffix | null;
  }
>;

export type JsonCall = Node<
  "jsonCall",
  {
    name:
      | "JSON_VALUE"
      | "JSON_QUERY"
      | "JSON_EXISTS"
      | "JSON_OBJECT"
      | "JSON_OBJECTAGG"
      | "JSON_ARRAY"
      | "JSON_ARRAYAGG";
    /** Of JSON_OBJECT and JSON_OBJECTAGG: key, value, key, value … */
    arguments: readonly Expression[];
    returning: TypeName | null;
    /** Of JSON_QUERY: as in `WITH UNCONDITIONAL ARRAY WRAPPER`, without the last word. */
    wrapper: "WITHOUT" | "CONDITIONAL" | "UNCONDITIONAL" | null;
    onEmpty: JsonBehavior | null;
    onError: JsonBehavior | null;
    onNull: "NULL" | "ABSENT" | null;
    suffix: CallSuffix | null;
  }
>;

export type Literal =
  | Node<"null">
  | Node<"boolean", { value: boolean }>
  /** As written: `1`, `1.50`, `1E3`. */
  | Node<"number", { text: string }>
  | Node<"string", { value: string }>
  /** Hexadecimal digits, two a byte. */
  | Node<"bytes", { hex: string }>
  /** `DATE '2026-01-31'`; the text is not checked yet. */
  | Node<"temporal", { type: "DATE" | "TIME" | "TIMESTAMP"; text: string }>
  | Node<"interval", { isNegative: boolean; text: string; qualifier: IntervalQualifier }>;

export type Expression =
  | Literal
  /** `price`, `o.price`, `o.address.street`: which part is a table is known only when names are resolved. */
  | Node<"column", { path: readonly Identifier[] }>
  | Node<"unary", { operator: "+" | "-" | "NOT"; operand: Expression }>
  | Node<"binary", { operator: BinaryOperator; left: Expression; right: Expression }>
  | Node<"is", { operand: Expression; test: TruthTest; isNegated: boolean }>
  | Node<"isDistinct", { left: Expression; right: Expression; isNegated: boolean }>
  | Node<
      "between",
      { operand: Expression; low: Expression; high: Expression; isNegated: boolean; isSymmetric: boolean }
    >
  | Node<"inList", { operand: Expression; items: readonly Expression[]; isNegated: boolean }>
  | Node<"inQuery", { operand: Expression; query: Query; isNegated: boolean }>
  | Node<
      "like",
      {
        operator: "LIKE" | "SIMILAR TO";
        operand: Expression;
        pattern: Expression;
        escape: Expression | null;
        isNegated: boolean;
      }
    >
  | Node<"quantified", { operand: Expression; operator: ComparisonOperator; quantifier: "ALL" | "ANY"; query: Query }>
  | Node<"exists", { query: Query }>
  | Node<"subquery", { query: Query }>
  | Node<
      "case",
      {
        /** Of `CASE x WHEN 1 …`. */
        operand: Expression | null;
        branches: readonly { readonly when: Expression; readonly result: Expression }[];
        otherwise: Expression | null;
      }
    >
  | Node<"cast", { operand: Expression; type: TypeName; isTry: boolean }>
  | Call
  | JsonCall
  /** `(a, b)` or `ROW(a, b)`. */
  | Node<"row", { items: readonly Expression[] }>
  | Node<"array", { items: readonly Expression[] }>
  /** Key, value, key, value … */
  | Node<"map", { items: readonly Expression[] }>
  | Node<"element", { operand: Expression; index: Expression }>
  /** Of what is not a name: `f(x).street`. */
  | Node<"field", { operand: Expression; field: Identifier }>
  /** The arguments below stand only in calls. */
  | Node<"star">
  /** `EXTRACT(DAY FROM …)`, `TRIM(BOTH …)`. */
  | Node<"keyword", { text: TimeUnit | ExtractWord | "BOTH" | "LEADING" | "TRAILING" }>
  | Node<"descriptor", { columns: readonly Identifier[] }>
  | Node<"namedArgument", { name: Identifier; value: Expression }>
  /** `TABLE t`, `TABLE t PARTITION BY k ORDER BY ts`, `TABLE (SELECT …)`. */
  | Node<
      "tableArgument",
      {
        source: QualifiedName | Query;
        partitionBy: readonly Expression[];
        orderBy: readonly OrderItem[];
      }
    >;

export type ExpressionOf<K extends Expression["kind"]> = Expression & { readonly kind: K };

/** Names of types that take at most numbers, as they are called after their synonyms are gone. */
export type SimpleTypeName =
  | "BOOLEAN"
  | "TINYINT"
  | "SMALLINT"
  | "INT"
  | "BIGINT"
  | "DECIMAL"
  | "FLOAT"
  | "DOUBLE"
  | "CHAR"
  | "VARCHAR"
  | "STRING"
  | "BINARY"
  | "VARBINARY"
  | "BYTES"
  | "DATE"
  | "TIME"
  | "TIMESTAMP"
  | "TIMESTAMP_LTZ";

export type RowField = {
  readonly name: Identifier;
  readonly type: TypeName;
  readonly comment: string | null;
};

/** A type as it is written; `isNullable` is false only with NOT NULL. */
export type TypeName = { readonly at: Span; readonly isNullable: boolean } & (
  | { readonly kind: "simple"; readonly name: SimpleTypeName; readonly parameters: readonly number[] }
  | { readonly kind: "intervalType"; readonly qualifier: IntervalQualifier }
  | { readonly kind: "arrayType"; readonly element: TypeName }
  | { readonly kind: "multisetType"; readonly element: TypeName }
  | { readonly kind: "mapType"; readonly key: TypeName; readonly value: TypeName }
  | { readonly kind: "rowType"; readonly fields: readonly RowField[] }
  | { readonly kind: "rawType"; readonly className: string; readonly snapshot: string }
  | { readonly kind: "userType"; readonly name: QualifiedName }
);
