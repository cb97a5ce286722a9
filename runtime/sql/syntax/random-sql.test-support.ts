/**
 * Owns: random syntax trees of queries and statements, as the parser would make them, for properties.
 *
 * Places are all the same: who compares leaves them out. A tree is in the form of the parser: no parentheses node, no row of one in GROUP BY.
 */
import fc from "fast-check";
import type {
  CallSuffix,
  Expression,
  Identifier,
  QualifiedName,
  TypeName,
  WindowSpecification,
} from "./expression-tree.ts";
import type { OrderItem, Query, QueryBody, SelectItem, TableExpression } from "./query-tree.ts";
import type { Statement } from "./statement-tree.ts";

const at = { start: 0, end: 1 };
/** One depth for all kinds of nodes: expressions hold queries, and those expressions. The first alternative of each choice is a leaf. */
const depth = { depthIdentifier: fc.createDepthIdentifier(), maxDepth: 3, withCrossShrink: true };
const NAMES = [
  "a",
  "b",
  "price",
  "Id",
  "timestamp",
  "user",
  "order",
  "名字",
  "with space",
  "tick`s",
  "TUMBLE",
  "key",
  "_x1",
  "count",
  "map",
  "unbounded",
];

const identifier: fc.Arbitrary<Identifier> = fc
  .constantFrom(...NAMES)
  .map((name) => ({ kind: "identifier", at, name }));
const identifiers = (minLength: number, maxLength = 3) => fc.array(identifier, { minLength, maxLength });
const qualified: fc.Arbitrary<QualifiedName> = identifiers(1).map((parts) => ({ kind: "name", at, parts }));
const text = fc.string({ maxLength: 6 }).filter((value) => !value.includes("\u0000"));
const nullable = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, { nil: null, freq: 2 });
const unit = fc.constantFrom("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND" as const);
const qualifier = fc.record({
  from: unit,
  precision: nullable(fc.nat(9)),
  to: fc.constant(null),
  fraction: fc.constant(null),
});

const typeName: fc.Arbitrary<TypeName> = fc.letrec<{ type: TypeName }>((tie) => ({
  type: fc
    .oneof(
      depth,
      fc.record({
        kind: fc.constant("simple" as const),
        name: fc.constantFrom("INT", "STRING", "DECIMAL", "TIMESTAMP_LTZ", "VARCHAR", "DOUBLE" as const),
        parameters: fc.array(fc.nat(38), { maxLength: 2 }),
      }),
      fc.record({ kind: fc.constant("intervalType" as const), qualifier }),
      fc.record({ kind: fc.constantFrom("arrayType" as const, "multisetType" as const), element: tie("type") }),
      fc.record({ kind: fc.constant("mapType" as const), key: tie("type"), value: tie("type") }),
      fc.record({
        kind: fc.constant("rowType" as const),
        fields: fc.array(fc.record({ name: identifier, type: tie("type"), comment: nullable(text) }), {
          minLength: 1,
          maxLength: 2,
        }),
      }),
    )
    .chain((type) => fc.boolean().map((isNullable) => ({ ...type, isNullable, at }) as TypeName)),
})).type;

const literal: fc.Arbitrary<Expression> = fc.oneof(
  fc
    .constantFrom("1", "0.50", ".5", "1E3", "12345678901234567890")
    .map((value): Expression => ({ kind: "number", at, text: value })),
  text.map((value): Expression => ({ kind: "string", at, value })),
  fc.boolean().map((value): Expression => ({ kind: "boolean", at, value })),
  fc.constantFrom<Expression>({ kind: "null", at }, { kind: "bytes", at, hex: "00FF" }),
  fc
    .record({ type: fc.constantFrom("DATE", "TIME", "TIMESTAMP" as const), text })
    .map((rest): Expression => ({ kind: "temporal", at, ...rest })),
  fc
    .record({ isNegative: fc.boolean(), text, qualifier })
    .map((rest): Expression => ({ kind: "interval", at, ...rest })),
);

const hasItsOwn = ({ commonTables, orderBy, offset, limit }: Query): boolean =>
  commonTables.length + orderBy.length > 0 || offset !== null || limit !== null;

type Trees = {
  expression: Expression;
  query: Query;
  body: QueryBody;
  table: TableExpression;
};

const trees = fc.letrec<Trees>((tie) => {
  const expression = tie("expression");
  const query = tie("query");
  const list = (minLength: number) => fc.array(expression, { minLength, maxLength: 2 });
  const orderItem: fc.Arbitrary<OrderItem> = fc
    .record({
      value: expression,
      direction: fc.constantFrom("ASC", "DESC" as const),
      nulls: nullable(fc.constantFrom("FIRST", "LAST" as const)),
    })
    .map((rest) => ({ kind: "orderItem", at, ...rest }));
  const orders = fc.array(orderItem, { maxLength: 2 });
  const bound = fc.oneof(
    fc.constant({ kind: "currentRow" as const }),
    fc.record({
      kind: fc.constant("unbounded" as const),
      direction: fc.constantFrom("PRECEDING", "FOLLOWING" as const),
    }),
    fc.record({
      kind: fc.constant("offset" as const),
      value: expression,
      direction: fc.constantFrom("PRECEDING", "FOLLOWING" as const),
    }),
  );
  const frame = fc
    .record({ unit: fc.constantFrom("ROWS", "RANGE" as const), start: bound, end: nullable(bound) })
    .map((rest) => ({ kind: "frame" as const, at, ...rest }));
  const window: fc.Arbitrary<WindowSpecification> = fc
    .record({
      base: nullable(identifier),
      partitionBy: fc.array(expression, { maxLength: 2 }),
      orderBy: orders,
      frame: nullable(frame),
    })
    .map((rest) => ({ kind: "window", at, ...rest }));
  const suffix: fc.Arbitrary<CallSuffix | null> = nullable(
    fc
      .record({
        nullTreatment: nullable(fc.constantFrom("IGNORE", "RESPECT" as const)),
        withinGroup: orders,
        filter: nullable(expression),
        over: nullable(window),
      })
      .filter(
        (parts) =>
          parts.filter !== null || parts.over !== null || parts.withinGroup.length > 0 || parts.nullTreatment !== null,
      ),
  );
  const isNegated = fc.boolean();
  const node = <T extends object>(
    kind: Expression["kind"],
    shape: { [K in keyof T]: fc.Arbitrary<T[K]> },
  ): fc.Arbitrary<Expression> => fc.record(shape).map((rest) => ({ kind, at, ...rest }) as unknown as Expression);
  const operators = ["OR", "AND", "=", "<>", "<", "<=", ">", ">=", "+", "-", "||", "*", "/", "%"] as const;
  const table = tie("table");
  const alias = nullable(fc.record({ name: identifier, columns: identifiers(0, 2) }));
  const call = fc
    .record({
      name: qualified,
      quantifier: nullable(fc.constantFrom("DISTINCT", "ALL" as const)),
      arguments: list(1),
      suffix,
    })
    .map((rest) => ({ kind: "call" as const, at, ...rest }));
  const item: fc.Arbitrary<SelectItem> = fc.oneof(
    fc
      .record({ value: expression, alias: nullable(identifier) })
      .map((rest): SelectItem => ({ kind: "selectExpression", at, ...rest })),
    identifiers(0, 2).map((path): SelectItem => ({ kind: "wildcard", at, table: path })),
  );
  return {
    expression: fc.oneof(
      depth,
      literal,
      identifiers(1).map((path): Expression => ({ kind: "column", at, path })),
      node("binary", { operator: fc.constantFrom(...operators), left: expression, right: expression }),
      node("unary", { operator: fc.constantFrom("+", "-", "NOT"), operand: expression }),
      node("is", { operand: expression, test: fc.constantFrom("NULL", "TRUE", "UNKNOWN", "JSON ARRAY"), isNegated }),
      node("isDistinct", { left: expression, right: expression, isNegated }),
      node("between", { operand: expression, low: expression, high: expression, isNegated, isSymmetric: fc.boolean() }),
      // A query alone in the parentheses is `inQuery`.
      node("inList", {
        operand: expression,
        items: list(1).filter(([first, ...rest]) => rest.length > 0 || first?.kind !== "subquery"),
        isNegated,
      }),
      node("inQuery", { operand: expression, query, isNegated }),
      node("like", {
        operator: fc.constantFrom("LIKE", "SIMILAR TO"),
        operand: expression,
        pattern: expression,
        escape: nullable(expression),
        isNegated,
      }),
      node("quantified", {
        operand: expression,
        operator: fc.constantFrom("=", "<"),
        quantifier: fc.constantFrom("ALL", "ANY"),
        query,
      }),
      node("exists", { query }),
      node("subquery", { query }),
      node("case", {
        operand: nullable(expression),
        branches: fc.array(fc.record({ when: expression, result: expression }), { minLength: 1, maxLength: 2 }),
        otherwise: nullable(expression),
      }),
      node("cast", { operand: expression, type: typeName, isTry: fc.boolean() }),
      call,
      node("row", { items: list(0) }),
      node("array", { items: list(0) }),
      node("element", { operand: expression, index: expression }),
      node("field", { operand: expression, field: identifier }),
    ),
    query: fc
      .record({
        commonTables: fc.oneof(
          depth,
          fc.constant([]),
          fc
            .record({ name: identifier, columns: identifiers(0, 2), query })
            .map((rest) => [{ kind: "commonTable" as const, at, ...rest }]),
        ),
        body: tie("body"),
        orderBy: orders,
        offset: nullable(expression),
        limit: nullable(expression),
      })
      .map((rest): Query => ({ kind: "query", at, ...rest }))
      // Parentheses around parentheses have no node.
      .filter((made) => made.body.kind !== "query" || hasItsOwn(made)),
    body: fc.oneof(
      depth,
      fc
        .record({
          isDistinct: fc.boolean(),
          items: fc.array(item, { minLength: 1, maxLength: 3 }),
          from: nullable(table),
          where: nullable(expression),
          groupBy: nullable(
            fc.array(
              expression
                .filter(({ kind }) => kind !== "row")
                .map((value) => ({ kind: "groupingExpression" as const, at, value })),
              { minLength: 1, maxLength: 2 },
            ),
          ),
          having: nullable(expression),
          qualify: nullable(expression),
          windows: fc.array(fc.record({ name: identifier, window }), { maxLength: 1 }),
        })
        .map((rest): QueryBody => ({ kind: "select", at, hints: [], ...rest })),
      fc
        .record({
          operator: fc.constantFrom("UNION", "INTERSECT", "EXCEPT" as const),
          isAll: fc.boolean(),
          left: tie("body"),
          right: tie("body"),
        })
        .map((rest): QueryBody => ({ kind: "setOperation", at, ...rest })),
      fc.array(list(1), { minLength: 1, maxLength: 2 }).map((rows): QueryBody => ({ kind: "values", at, rows })),
      // Without a WITH, ORDER BY or LIMIT of its own a query in parentheses has no node.
      query.filter(hasItsOwn),
    ),
    table: fc.oneof(
      depth,
      fc
        .record({ name: qualified, systemTime: nullable(expression), alias })
        .map((rest): TableExpression => ({ kind: "table", at, hints: [], ...rest })),
      fc
        .record({ query, isLateral: fc.boolean(), alias })
        .map((rest): TableExpression => ({ kind: "derivedTable", at, ...rest })),
      fc
        .record({ call, isLateral: fc.boolean(), alias })
        .map((rest): TableExpression => ({ kind: "tableFunction", at, ...rest })),
      fc
        .record({ items: list(1), withOrdinality: fc.boolean(), alias })
        .map((rest): TableExpression => ({ kind: "unnest", at, ...rest })),
      fc
        .record({ join: fc.constantFrom("INNER", "LEFT", "FULL" as const), left: table, right: table, on: expression })
        .map((rest): TableExpression => ({ kind: "join", at, isNatural: false, using: [], ...rest })),
      fc.record({ left: table, right: table }).map(
        (rest): TableExpression => ({
          kind: "join",
          at,
          join: "CROSS",
          isNatural: false,
          using: [],
          on: null,
          ...rest,
        }),
      ),
    ),
  };
});

/** Of a query, or of a table with columns of any type. */
export const randomStatement: fc.Arbitrary<Statement> = fc.oneof(
  { arbitrary: trees.query.map((query): Statement => ({ kind: "queryStatement", at, query })), weight: 4 },
  {
    arbitrary: fc
      .record({
        name: qualified,
        columns: fc.array(
          fc.oneof(
            fc
              .record({ name: identifier, type: typeName, comment: nullable(text) })
              .map((rest) => ({ kind: "physicalColumn" as const, at, ...rest })),
            fc
              .record({ name: identifier, value: trees.expression, comment: nullable(text) })
              .map((rest) => ({ kind: "computedColumn" as const, at, ...rest })),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        comment: nullable(text),
        options: fc.array(
          fc.record({ key: text, value: text }).map((rest) => ({ kind: "option" as const, at, ...rest })),
          { maxLength: 2 },
        ),
      })
      .map(
        (rest): Statement => ({
          kind: "createTable",
          at,
          isTemporary: false,
          ifNotExists: false,
          watermark: null,
          primaryKey: null,
          partitionedBy: [],
          like: null,
          query: null,
          ...rest,
        }),
      ),
    weight: 1,
  },
);
