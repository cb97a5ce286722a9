/**
 * Owns: the types of the JSON functions that have a syntax of their own.
 */
import type { Expression, JsonCall } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import { type SqlType, typeOf } from "../types/sql-type.ts";
import type { ExpressionContext } from "./context.ts";
import { isText, shownType } from "../types/type-families.ts";
import type { TypedExpression } from "./typed-tree.ts";
import { booleanType } from "./values.ts";

const stringType = (isNullable: boolean): SqlType => ({ kind: "varchar", isNullable, length: 2_147_483_647 });

/** Errors: SqlFailure. */
export function typedJsonCall(
  call: JsonCall,
  context: ExpressionContext,
  of: (part: Expression) => TypedExpression,
): TypedExpression {
  const { name, at } = call;
  const isAggregate = name === "JSON_OBJECTAGG" || name === "JSON_ARRAYAGG";
  if (isAggregate && context.noAggregates !== null)
    fail(
      at,
      `the aggregate function ${name} stands ${context.noAggregates}`,
      "Compute it in a query of its own in FROM.",
    );
  const args = call.arguments.map(of);
  if (name === "JSON_VALUE" || name === "JSON_QUERY" || name === "JSON_EXISTS") requirePath(call, args);
  else if (name === "JSON_OBJECT" || name === "JSON_OBJECTAGG") requireKeys(call, args);
  if (isAggregate)
    return {
      kind: "aggregate",
      at,
      type: stringType(false),
      time: null,
      name,
      isDistinct: false,
      arguments: args,
      filter: null,
      withinGroup: [],
      ignoresNulls: call.onNull === "ABSENT",
    };
  return { kind: "json", at, call, arguments: args, time: null, type: resultType(call) };
}

function resultType({ name, returning }: JsonCall): SqlType {
  switch (name) {
    case "JSON_VALUE":
    case "JSON_QUERY":
      return returning === null ? stringType(true) : { ...typeOf(returning), isNullable: true };
    case "JSON_EXISTS":
      return booleanType(true);
    default:
      return stringType(false);
  }
}

function requirePath({ name }: JsonCall, [document, path]: readonly TypedExpression[]): void {
  if (document !== undefined && document.type.kind !== "null" && !isText(document.type))
    fail(
      document.at,
      `${name} reads a text, and this is ${shownType(document.type)}`,
      "Give it the JSON document as STRING.",
    );
  if (path !== undefined && path.kind !== "literal")
    fail(path.at, `the path of ${name} is no literal`, `Write the path itself: ${name}(document, '$.name').`);
}

function requireKeys({ name }: JsonCall, args: readonly TypedExpression[]): void {
  for (const [index, key] of args.entries())
    if (index % 2 === 0 && key.type.kind !== "null" && !isText(key.type))
      fail(key.at, `a key of ${name} is to be a text, and this is ${shownType(key.type)}`, "Write CAST(… AS STRING).");
}
