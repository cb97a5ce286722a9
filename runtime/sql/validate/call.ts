/**
 * Owns: calls of functions by name: which function it is, its signature, aggregates and OVER.
 *
 * SQVC1 An aggregate function stands in SELECT, HAVING, ORDER BY and QUALIFY, and not inside another one; elsewhere the message says where it stands.
 * SQVC2 A function of the user that was not loaded has types that only its module knows: what uses it is left alone (Undetermined), after its name and arguments
 *     are checked.
 */
import { shownType } from "../types/type-families.ts";
import type { Call, CallSuffix, Expression } from "../syntax/expression-tree.ts";
import { qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { SqlType } from "../types/sql-type.ts";
import { type AggregateUserFunction, isAggregate } from "../user-functions/bound-function.ts";
import { type CatalogFunction, Undetermined } from "./catalog.ts";
import type { ExpressionContext } from "./context.ts";
import { builtInFunctions, type SqlFunction } from "./functions/function-table.ts";
import { roundedType } from "./functions/rounded-type.ts";
import { type ArgumentType, matchSignature, usageOf } from "./functions/signature.ts";
import { groupWindowFunctions, typedGroupWindow } from "./group-window.ts";
import { nearestName } from "./names.ts";
import { typedOrders, typedWindow } from "./over.ts";
import type { Aggregate, TypedExpression } from "./typed-tree.ts";
import { isValue, userArguments, userCall } from "./user-call.ts";
import { argumentsText, requireCondition, withType } from "./values.ts";

/** SQVZ1 */
const rounding: ReadonlySet<string> = new Set(["ROUND", "TRUNCATE"]);

export type TypeExpression = (expression: Expression, context: ExpressionContext) => TypedExpression;

/** Errors: SqlFailure, Undetermined. */
export function typedCall(call: Call, context: ExpressionContext, typed: TypeExpression): TypedExpression {
  const { name } = call;
  const [word] = name.parts;
  const upper = name.parts.length === 1 && word !== undefined ? word.name.toUpperCase() : "";
  if (groupWindowFunctions.has(upper)) return typedGroupWindow(upper, call, (part) => typed(part, context));
  if (upper === "GROUPING" || upper === "GROUPING_ID" || upper === "GROUP_ID")
    return groupingCall(upper, call, (part) => typed(part, context));
  const found = context.query.catalog.findFunction(name);
  if (found !== undefined) return callOfUser(found, call, context, typed);
  const builtIn = builtInFunctions.get(upper);
  if (builtIn === undefined) return failUnknown(call, context);
  if (builtIn.kind !== "scalar") return aggregateCall(builtIn, call, context, typed);
  refuseSuffix(builtIn, call);
  const args = call.arguments.map((argument) => typedArgument(argument, builtIn, (part) => typed(part, context)));
  const { type: matchedType, values } = matched(builtIn, call, args);
  const type = rounding.has(builtIn.name) ? roundedType(matchedType, values[1]) : matchedType;
  const time = builtIn.name === "PROCTIME" ? "proctime" : null;
  const words = args.filter((argument) => typeof argument === "string");
  return { kind: "call", at: call.at, type, time, name: builtIn.name, arguments: values, words };
}

function callOfUser(
  found: CatalogFunction,
  call: Call,
  context: ExpressionContext,
  typed: TypeExpression,
): TypedExpression {
  if (found.kind === "known" && isAggregate(found.bound)) return aggregateCall(found.bound, call, context, typed);
  if (found.kind === "known") {
    refuseSuffix(found.bound, call);
    return userCall(found.bound, call, (part) => typed(part, context));
  }
  for (const argument of call.arguments) if (isValue(argument)) typed(argument, context);
  throw new Undetermined(`${qualifiedText(call.name)} ${found.reason}`);
}

/** A value, or a word of the syntax. */
type Argument = TypedExpression | string;

function typedArgument(
  argument: Expression,
  { name }: SqlFunction,
  of: (part: Expression) => TypedExpression,
): Argument {
  if (argument.kind === "keyword") return argument.text;
  if (argument.kind === "namedArgument")
    return fail(argument.at, `${name} takes its arguments by their place`, "Leave out the name and the arrow.");
  if (argument.kind === "star") return fail(argument.at, `${name} of a star`, "Only COUNT(*) has one; name a column.");
  return of(argument);
}

/** The result's type, and the arguments with types where they are NULL. Errors: SqlFailure. */
function matched({ name, signatures }: SqlFunction, { at }: Call, args: readonly Argument[]): Matched {
  const given = args.map((argument): ArgumentType => {
    if (typeof argument === "string") return "word";
    return argument.type.kind === "null" ? "null" : argument.type;
  });
  const results = signatures.map((signature) => ({ signature, match: matchSignature(signature, given) }));
  const usage = `Write ${[...new Set(signatures.map((signature) => usageOf(name, signature)))].join(" or ")}.`;
  for (const { match } of results)
    if (match.kind === "match") {
      const values = args.filter((argument) => typeof argument !== "string");
      return { type: match.type, values: values.map((value) => withType(value, match.common)) };
    }
  const wrong = results.map(({ match }) => match).find((match) => match.kind === "type");
  if (wrong === undefined || wrong.kind !== "type")
    return fail(at, `${name} with ${argumentsText(args.length)}`, usage);
  const argument = args[wrong.index];
  const type = given[wrong.index];
  const what = type === undefined || type === "word" || type === "null" ? "NULL" : shownType(type);
  return fail(
    argument === undefined || typeof argument === "string" ? at : argument.at,
    `the ${ordinal(wrong.index)} argument of ${name} is to be ${wrong.wanted}, and this is ${what}`,
    usage,
  );
}

const ordinal = (index: number): string => ["first", "second", "third"][index] ?? `${index + 1}th`;

function failUnknown({ name }: Call, { query: { catalog } }: ExpressionContext): never {
  const written = name.parts.map((part) => part.name).join(".");
  const known = [...builtInFunctions.keys(), ...groupWindowFunctions, ...catalog.functionNames];
  const nearest = nearestName(written, known);
  const remedy =
    nearest === undefined
      ? `Make one of your own: CREATE FUNCTION ${qualifiedText(name)} AS './functions.ts#${name.parts.at(-1)?.name}' LANGUAGE TYPESCRIPT.`
      : `Did you mean ${nearest}?`;
  return fail(name.at, `there is no function ${written}`, remedy);
}

function refuseSuffix({ name }: { readonly name: string }, { suffix, quantifier, at }: Call): void {
  if (quantifier !== null)
    fail(at, `${quantifier} in ${name}, which is no aggregate function`, `Leave out ${quantifier}.`);
  if (suffix !== null)
    fail(
      at,
      `${suffix.over === null ? "FILTER" : "OVER"} behind ${name}, which is no aggregate function`,
      "Leave it out, or take a function such as SUM or ROW_NUMBER.",
    );
}

const noSuffix: CallSuffix = { nullTreatment: null, withinGroup: [], filter: null, over: null };

function aggregateCall(
  entry: SqlFunction | AggregateUserFunction,
  call: Call,
  context: ExpressionContext,
  typed: TypeExpression,
): TypedExpression {
  const { name } = entry;
  const kind = entry.kind === "bound" ? "aggregate" : entry.kind;
  const suffix = call.suffix ?? noSuffix;
  const forbidden = suffix.over === null ? context.noAggregates : context.noOver;
  if (forbidden !== null)
    fail(
      call.at,
      `${suffix.over === null ? `the aggregate function ${name}` : `${name} with OVER`} stands ${forbidden}`,
      forbidden === "in WHERE" && suffix.over === null
        ? "WHERE looks at single rows: put conditions on groups into HAVING."
        : "Compute it in a query of its own in FROM, and use its column.",
    );
  if (kind === "ranking" && suffix.over === null)
    fail(
      call.at,
      `${name} without OVER`,
      `Write ${name}(${call.arguments.length > 0 ? "…" : ""}) OVER (PARTITION BY … ORDER BY …).`,
    );
  const inside: ExpressionContext = {
    ...context,
    noAggregates: suffix.over === null ? `inside of ${name}` : context.noAggregates,
    noOver: `inside of ${name}`,
  };
  const of = (part: Expression): TypedExpression => typed(part, inside);
  const { type, values } = entry.kind === "bound" ? matchedUser(entry, call, of) : matchedBuiltIn(entry, call, of);
  const filter = suffix.filter === null ? null : requireCondition(of(suffix.filter), "FILTER");
  // Over no rows all but COUNT are NULL.
  const isNeverEmpty = filter === null && (kind === "ranking" || (suffix.over === null && context.hasGroupKeys));
  const aggregate: Aggregate = {
    kind: "aggregate",
    at: call.at,
    // Of the user: over no rows it is what it says.
    type: name === "COUNT" || isNeverEmpty || entry.kind === "bound" ? type : { ...type, isNullable: true },
    time: null,
    name,
    isDistinct: call.quantifier === "DISTINCT",
    arguments: values,
    filter,
    withinGroup: typedOrders(suffix.withinGroup, of),
    ignoresNulls: suffix.nullTreatment === "IGNORE",
    ...(entry.kind === "bound" ? { user: entry } : {}),
  };
  if (suffix.over === null) return aggregate;
  const window = typedWindow(suffix.over, inside, { name, kind }, of);
  return { kind: "over", at: call.at, type: aggregate.type, time: null, call: aggregate, window };
}

type Matched = { readonly type: SqlType; readonly values: readonly TypedExpression[] };

function matchedBuiltIn(entry: SqlFunction, call: Call, of: (part: Expression) => TypedExpression): Matched {
  const isStar = entry.name === "COUNT" && call.arguments[0]?.kind === "star";
  const args = isStar ? [] : call.arguments.map((argument) => typedArgument(argument, entry, of));
  if (entry.name === "COUNT" && args.length === 0 && !isStar)
    fail(call.at, "COUNT of nothing", "Write COUNT(*), or COUNT(column).");
  return matched(entry, call, args);
}

function matchedUser(bound: AggregateUserFunction, call: Call, of: (part: Expression) => TypedExpression): Matched {
  const values = userArguments(bound, call, of);
  const { name } = bound;
  if (call.quantifier === "DISTINCT" && values.length !== 1)
    fail(call.at, `DISTINCT in ${name}, which has ${argumentsText(values.length)}`, "Deduplicate in a query in FROM.");
  const suffix = call.suffix ?? noSuffix;
  if (suffix.nullTreatment !== null || suffix.withinGroup.length > 0)
    fail(
      call.at,
      `${name} with ${suffix.nullTreatment === null ? "WITHIN GROUP" : `${suffix.nullTreatment} NULLS`}`,
      `Write ${bound.usage}.`,
    );
  return { type: bound.result, values };
}

/** Of GROUPING SETS: which keys a row is not grouped by. */
function groupingCall(name: string, call: Call, of: (part: Expression) => TypedExpression): TypedExpression {
  const values = call.arguments.map(of);
  if (name === "GROUP_ID" ? values.length > 0 : values.length === 0)
    fail(
      call.at,
      `${name} with ${argumentsText(values.length)}`,
      name === "GROUP_ID" ? "Write GROUP_ID()." : `Write ${name}(key).`,
    );
  const type: SqlType = { kind: "bigint", isNullable: false };
  return { kind: "call", at: call.at, type, time: null, name, arguments: values, words: [] };
}
