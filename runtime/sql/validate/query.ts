/**
 * Owns: queries: WITH, set operations, VALUES, ORDER BY, LIMIT and OFFSET.
 *
 * SQVQ1 The sides of a set operation have as many columns, each pair with a common type; the names are those of the left one.
 * SQVQ2 A WITH is seen by those behind it and by its query, and hides a table of its name.
 */
import { shownType } from "../types/type-families.ts";
import { unreachable } from "../../../base/index.ts";
import type { Expression } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Query, QueryBody } from "../syntax/query-tree.ts";
import { type QueryContext, plainContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import { renamedColumns } from "./renamed-columns.ts";
import { Scope } from "./scope.ts";
import { typedResultOrder, typedSelect } from "./select.ts";
import { commonType } from "../types/common-type.ts";
import type { Column, TypedBody, TypedExpression, TypedQuery } from "./typed-tree.ts";
import { commonTypeOf, failDiffering, withType } from "./values.ts";
import { sourceOfName } from "./window-table.ts";

/** Errors: SqlFailure, Undetermined. */
export function typedQuery(query: Query, context: QueryContext): TypedQuery {
  const inner = { ...context, commonTables: commonTablesOf(query, context) };
  const limits = { offset: rowsOf(query.offset, "OFFSET"), limit: rowsOf(query.limit, "LIMIT") };
  if (query.body.kind === "select") {
    const { body, orderBy } = typedSelect(query.body, inner, query.orderBy);
    return { kind: "query", schema: body.schema, body, orderBy, ...limits };
  }
  const body = typedBody(query.body, inner);
  return { kind: "query", schema: body.schema, body, orderBy: typedResultOrder(query.orderBy, body.schema), ...limits };
}

function commonTablesOf({ commonTables }: Query, context: QueryContext): QueryContext["commonTables"] {
  const known = new Map(context.commonTables);
  const own = new Set<string>();
  for (const { name, columns, query } of commonTables) {
    if (own.has(name.name)) fail(name.at, `a second ${nameText(name)} in WITH`, "Give each query its own name.");
    own.add(name.name);
    const typed = typedQuery(query, { ...context, commonTables: new Map(known), expected: [] });
    const renamed = renamedColumns(typed.schema.columns, columns, nameText(name));
    known.set(name.name, { ...typed, schema: { ...typed.schema, columns: renamed } });
  }
  return known;
}

function rowsOf(written: Expression | null, what: string): bigint | null {
  if (written === null) return null;
  if (written.kind === "number" && /^\d+$/.test(written.text)) return BigInt(written.text);
  return fail(written.at, `${what} needs a number of rows`, `Write ${what} 10.`);
}

function typedBody(body: QueryBody, context: QueryContext): TypedBody {
  switch (body.kind) {
    case "select":
      return typedSelect(body, context, []).body;
    case "query":
      return typedQuery(body, context);
    case "explicitTable": {
      const table = sourceOfName(body.name, context);
      if (table.kind === "derived") return { ...table.query, schema: table.schema };
      if (table.kind === "scan") return table;
      throw new RangeError(`a table by name is no ${table.kind}`);
    }
    case "values":
      return typedValues(body, context);
    case "setOperation":
      return setOperation(body, context);
    default:
      return unreachable(body);
  }
}

function setOperation(body: QueryBody & { readonly kind: "setOperation" }, context: QueryContext): TypedBody {
  const { operator, isAll } = body;
  const [left, right] = [typedBody(body.left, context), typedBody(body.right, context)];
  const [a, b] = [left.schema.columns, right.schema.columns];
  if (a.length !== b.length)
    fail(
      body.right.at,
      `${operator} of ${a.length} ${a.length === 1 ? "column" : "columns"} and ${b.length}`,
      "Both sides have as many columns, in the same order.",
    );
  const columns = a.map((column, index): Column => {
    const other = b[index] ?? column;
    const type = commonType([column.type, other.type]);
    if (type.kind === "refused")
      return fail(
        body.right.at,
        `column ${index + 1} of ${operator} is ${shownType(column.type)} on the left and ${shownType(other.type)} on the right`,
        type.remedy,
      );
    const time = operator === "UNION" && isAll && column.time === other.time ? column.time : null;
    return { name: column.name, type, time };
  });
  const keys = isAll ? [] : [columns.map((_, index) => index)];
  return { kind: "setOperation", schema: { columns, keys }, operator, isAll, left, right };
}

function typedValues({ rows, at }: QueryBody & { readonly kind: "values" }, context: QueryContext): TypedBody {
  const plain = plainContext(context, new Scope([], [], context.outer), "in VALUES");
  const typed = rows.map((row) => row.map((value) => typedExpression(value, plain)));
  const [first = []] = typed;
  const odd = typed.findIndex((row) => row.length !== first.length);
  if (odd >= 0) {
    const [place] = rows[odd] ?? [];
    fail(
      place?.at ?? at,
      `row ${odd + 1} of VALUES has ${typed[odd]?.length === 1 ? "1 value" : `${typed[odd]?.length} values`}, and the first has ${first.length}`,
      "Give every row as many values.",
    );
  }
  const columns = first.map((_, index): Column => {
    const values = typed.flatMap((row) => row[index] ?? []);
    return { name: `EXPR$${index}`, type: valuesType(values, context.expected[index], index), time: null };
  });
  const filled = typed.map((row) => row.map((value, index) => withType(value, columns[index]?.type ?? null)));
  return { kind: "values", schema: { columns, keys: [] }, rows: filled };
}

function valuesType(
  values: readonly TypedExpression[],
  expected: Column["type"] | undefined,
  index: number,
): Column["type"] {
  const common = commonTypeOf(values);
  if (common !== null) return common;
  const [any] = values;
  if (values.every(({ type }) => type.kind === "null")) {
    if (expected !== undefined) return { ...expected, isNullable: true };
    return fail(
      any?.at ?? { start: 0, end: 0 },
      `column ${index + 1} of VALUES is NULL in every row`,
      "Give it a type: CAST(NULL AS STRING).",
    );
  }
  return failDiffering(values, (left, right) => `column ${index + 1} of VALUES has ${left} and ${right}`);
}
