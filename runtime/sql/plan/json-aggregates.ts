/**
 * Owns: JSON_ARRAYAGG and JSON_OBJECTAGG, written with LISTAGG: the texts of the values, with commas between them.
 *
 * SQPB1 NULL ON NULL makes `null` of a NULL; ABSENT ON NULL leaves it out, as LISTAGG does. What JSON_OBJECT and JSON_ARRAY give is put in as it is.
 */
import { STRING_LENGTH } from "../types/sql-type.ts";
import type { Aggregate, TypedExpression } from "../validate/typed-tree.ts";
import { callOf } from "../validate/values.ts";
import { rewritten } from "./plan-context.ts";
import { nowhere } from "./plan-expressions.ts";

const text = (isNullable: boolean) => ({ kind: "varchar", isNullable, length: STRING_LENGTH }) as const;

const literal = (value: string): TypedExpression => ({
  kind: "literal",
  at: nowhere,
  type: { kind: "char", isNullable: false, length: Math.max(1, value.length) },
  time: null,
  literal: { kind: "string", at: nowhere, value },
});

const joined = (first: TypedExpression, second: TypedExpression): TypedExpression =>
  callOf("||", [first, second], { at: first.at, type: text(first.type.isNullable || second.type.isNullable) });

/** The same without them. */
export const withoutJsonAggregates = (value: TypedExpression): TypedExpression =>
  rewritten(value, (part) => {
    if (part.kind !== "aggregate") return null;
    if (part.name === "JSON_ARRAYAGG") return listOf(part, "[", "]");
    return part.name === "JSON_OBJECTAGG" ? listOf(part, "{", "}") : null;
  });

function listOf(aggregate: Aggregate, open: string, close: string): TypedExpression {
  const [first, second] = aggregate.arguments;
  if (first === undefined) throw new RangeError(`${aggregate.name} of nothing`);
  const value = valueText(second ?? first, aggregate);
  const item = second === undefined ? value : joined(joined(jsonOf(first), literal(":")), value);
  const list: Aggregate = {
    ...aggregate,
    name: "LISTAGG",
    type: text(true),
    arguments: [item, literal(",")],
    ignoresNulls: false,
  };
  const some = callOf("COALESCE", [list, literal("")], { at: aggregate.at, type: text(false) });
  return joined(joined(literal(open), some), literal(close));
}

/** SQPB1. */
function valueText(value: TypedExpression, { ignoresNulls, at }: Aggregate): TypedExpression {
  const json = jsonOf(value);
  if (ignoresNulls || !json.type.isNullable) return json;
  return callOf("COALESCE", [json, literal("null")], { at, type: text(false) });
}

const jsonOf = (value: TypedExpression): TypedExpression =>
  value.kind === "json" && (value.call.name === "JSON_OBJECT" || value.call.name === "JSON_ARRAY")
    ? value
    : callOf("JSON_STRING", [value], { at: value.at, type: text(value.type.isNullable) });
