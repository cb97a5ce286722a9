/**
 * Owns: the types of the JSON functions that have a syntax of their own.
 *
 * SQUD1 The values of DEFAULT … ON EMPTY and DEFAULT … ON ERROR are arguments, behind document and path, in this order, and have the type of the result.
 */
import { readJsonPath } from "../functions/json/json-path-text.ts";
import { documentFromJson, scalarFromJson } from "../functions/json/json-value.ts";
import type { Expression, JsonBehavior, JsonCall, TypeName } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import { castOf } from "../types/cast-rules.ts";
import { type SqlType, typeOf } from "../types/sql-type.ts";
import { isSameType, isText, shownType, withNullability } from "../types/type-families.ts";
import type { ExpressionContext } from "./context.ts";
import type { TypedExpression } from "./typed-tree.ts";
import { booleanType, callOf, withType } from "./values.ts";

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
      // What is said of neither: an array leaves NULLs out, an object has them, as in Flink.
      ignoresNulls: call.onNull === "ABSENT" || (call.onNull === null && name === "JSON_ARRAYAGG"),
    };
  const type = resultType(call);
  const defaults = [call.onEmpty, call.onError].flatMap((behavior) => defaultOf(behavior, type, of));
  return { kind: "json", at, call, arguments: [...args, ...defaults], time: null, type };
}

/** SQUD1. */
function defaultOf(
  behavior: JsonBehavior | null,
  type: SqlType,
  of: (part: Expression) => TypedExpression,
): readonly TypedExpression[] {
  if (behavior?.kind !== "default") return [];
  const value = withType(of(behavior.value), type);
  if (isSameType(value.type, type)) return [value];
  // In lower case, as JSON has it and Flink gives it; a CAST gives TRUE and FALSE.
  if (value.type.kind === "boolean" && isText(type)) return [callOf("JSON_STRING", [value], { at: value.at, type })];
  const cast = castOf(value.type, type);
  if (cast.kind === "refused")
    fail(value.at, `the result is ${shownType(type)}, and this DEFAULT is ${shownType(value.type)}`, cast.remedy);
  return [{ kind: "cast", at: value.at, time: null, type, operand: value, isTry: false }];
}

function resultType({ name, returning }: JsonCall): SqlType {
  switch (name) {
    case "JSON_VALUE":
    case "JSON_QUERY":
      return returning === null ? stringType(true) : returnedType(name, returning);
    case "JSON_EXISTS":
      return booleanType(true);
    default:
      return stringType(false);
  }
}

function returnedType(name: "JSON_VALUE" | "JSON_QUERY", returning: TypeName): SqlType {
  const type = withNullability(typeOf(returning), true);
  const read = name === "JSON_VALUE" ? scalarFromJson(type) : documentFromJson(type);
  if (read === null)
    fail(
      returning.at,
      `${name} cannot return ${shownType(type)}`,
      name === "JSON_VALUE"
        ? "It returns a text, a number or a BOOLEAN: cast the text to what you need."
        : "It returns a text, or an ARRAY of texts, numbers or BOOLEANs.",
    );
  return type;
}

function requirePath({ name }: JsonCall, [document, path]: readonly TypedExpression[]): void {
  if (document !== undefined && document.type.kind !== "null" && !isText(document.type))
    fail(
      document.at,
      `${name} reads a text, and this is ${shownType(document.type)}`,
      "Give it the JSON document as STRING.",
    );
  if (path === undefined) return;
  if (path.kind !== "literal" || path.literal.kind !== "string")
    return fail(path.at, `the path of ${name} is no literal`, `Write the path itself: ${name}(document, '$.name').`);
  const read = readJsonPath(path.literal.value);
  if ("kind" in read)
    fail(path.at, `the path cannot be read: ${read.reason}`, "Write it as in $.name, $.list[0].name or $['a name'].");
}

function requireKeys({ name }: JsonCall, args: readonly TypedExpression[]): void {
  for (const [index, key] of args.entries())
    if (index % 2 === 0 && key.type.kind !== "null" && !isText(key.type))
      fail(key.at, `a key of ${name} is to be a text, and this is ${shownType(key.type)}`, "Write CAST(… AS STRING).");
}
