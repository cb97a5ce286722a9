/**
 * Owns: calls of functions of the user: their arguments, and what stands where such a function may not.
 * Not here: aggregates as such (call.ts).
 *
 * SQZF1 An argument is cast to its parameter where a column of that type would take it without being asked; everything else has to be cast in the query.
 * SQZF2 Where the parameter is not nullable and the argument may be NULL, the result may be NULL, too.
 */
import { castOf } from "../types/cast-rules.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isSameType, isText, shownType, withNullability } from "../types/type-families.ts";
import type { Call, Expression } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import {
  isScalar,
  isTable,
  type ScalarUserFunction,
  type TableUserFunction,
  type UserFunction,
} from "../user-functions/bound-function.ts";
import type { Column, TypedExpression, TypedTable } from "./typed-tree.ts";
import { argumentsText, withType } from "./values.ts";

type TypeOf = (part: Expression) => TypedExpression;

/** Of a scalar function. Errors: SqlFailure. */
export function userCall(bound: UserFunction, call: Call, of: TypeOf): TypedExpression {
  if (isTable(bound))
    return fail(
      call.at,
      `${bound.name} is a table function, and stands in FROM`,
      `Join it: FROM t, LATERAL TABLE(${bound.name}(…)) AS x.`,
    );
  if (!isScalar(bound)) throw new RangeError("an aggregate is typed elsewhere");
  return callOf(bound, userArguments(bound, call, of), call);
}

function callOf(
  bound: ScalarUserFunction | TableUserFunction,
  args: readonly TypedExpression[],
  { at }: Call,
  whole: SqlType = bound.result,
): TypedExpression {
  const isNullable = whole.isNullable || args.some(({ type }, index) => isSkipped(bound, index, type));
  return {
    kind: "userCall",
    at,
    type: withNullability(whole, isNullable),
    time: null,
    function: bound,
    arguments: args,
  };
}

/** SQZF2. */
const isSkipped = ({ parameters }: UserFunction, index: number, type: TypedExpression["type"]): boolean =>
  type.isNullable && parameters[index]?.isNullable !== true;

/** In FROM: a collection of its rows, as UNNEST has them. Errors: SqlFailure. */
export function userTable(bound: UserFunction, call: Call, of: TypeOf): TypedTable {
  if (!isTable(bound))
    return fail(
      call.at,
      `${bound.name} is no table function`,
      isScalar(bound)
        ? `It gives one value: write SELECT ${bound.name}(…).`
        : `It is an aggregate: write SELECT ${bound.name}(…) … GROUP BY.`,
    );
  const rows: SqlType = { kind: "array", isNullable: false, element: bound.result };
  const item = callOf(bound, userArguments(bound, call, of), call, rows);
  const { result } = bound;
  const columns: readonly Column[] =
    result.kind === "row"
      ? result.fields.map(({ name, type }) => ({
          name,
          type: { ...type, isNullable: type.isNullable || result.isNullable },
          time: null,
        }))
      : [{ name: "EXPR$0", type: result, time: null }];
  return { kind: "unnest", schema: { columns, keys: [] }, items: [item], withOrdinality: false };
}

/** Errors: SqlFailure. */
export function userArguments(bound: UserFunction, call: Call, of: TypeOf): readonly TypedExpression[] {
  const { parameters, name, usage } = bound;
  for (const argument of call.arguments)
    if (!isValue(argument)) fail(argument.at, `${name} takes values`, `Write ${usage}.`);
  if (call.arguments.length !== parameters.length)
    fail(call.at, `${name} with ${argumentsText(call.arguments.length)}`, `Write ${usage}.`);
  return call.arguments.map((argument, index) => argumentOf(bound, of(argument), index));
}

export const isValue = ({ kind }: Expression): boolean =>
  !["star", "keyword", "descriptor", "namedArgument", "tableArgument"].includes(kind);

/** SQZF1. */
function argumentOf({ parameters, name, usage }: UserFunction, value: TypedExpression, index: number): TypedExpression {
  const wanted = withNullability(parameters[index] as SqlType, true);
  const { type, at } = value;
  if (type.kind === "null") return withType(value, wanted);
  const cast = castOf(type, wanted);
  if (cast.kind !== "implicit")
    fail(
      at,
      `argument ${index + 1} of ${name} is to be ${shownType(wanted)}, and this is ${shownType(type)}`,
      cast.kind === "refused" ? `Write ${usage}.` : `Write CAST(… AS ${shownType(wanted)}), if that is meant.`,
    );
  if (isSameType(type, wanted) || (isText(type) && wanted.kind === "varchar")) return value;
  return {
    kind: "cast",
    at,
    operand: value,
    isTry: false,
    type: withNullability(wanted, type.isNullable),
    time: null,
  };
}
