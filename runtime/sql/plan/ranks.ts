/**
 * Owns: ROW_NUMBER with a limit: the first rows of each partition.
 *
 * SQPR1 `WHERE n <= 3` of `ROW_NUMBER() OVER (…) AS n` is a rank; the first or last by a time attribute is a deduplication, which keeps one row a key.
 * SQPR2 Partitioned by the start and the end of their window, ranks are final when the window ends.
 */
import type { TypedExpression } from "../validate/typed-tree.ts";
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import { bigintType, columnsOfRow, integer } from "./plan-expressions.ts";
import type { OverNode, PlanNode } from "./plan-tree.ts";
import { windowPlacesOf } from "./windows.ts";

type Limits = { from: number; to: number | null };

const flipped: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=" };

/** A node with the row of `over`, for the conditions that limit its number, and those that do not. Null: there is no limit. */
export function rankOf(
  over: OverNode,
  conjuncts: readonly TypedExpression[],
  builder: NodeBuilder,
): { readonly node: PlanNode; readonly rest: readonly TypedExpression[] } | null {
  const [call, second] = over.calls;
  if (call?.name !== "ROW_NUMBER" || second !== undefined) return null;
  const number = over.input.row.length;
  const limits: Limits = { from: 1, to: null };
  const rest = conjuncts.filter((conjunct) => !narrow(limits, conjunct, number));
  const { from, to } = limits;
  if (to === null) return null;
  const { input, partitionBy, orderBy } = over;
  const places = windowPlacesOf(input);
  const isOfWindow =
    places !== null &&
    !places.window.isProctime &&
    input.changes === "append" &&
    places.start !== null &&
    places.end !== null &&
    partitionBy.includes(places.start) &&
    partitionBy.includes(places.end);
  const kept = over.ttl === undefined ? {} : { ttl: over.ttl };
  const name = over.row[number]?.name ?? "";
  const [order, secondOrder] = orderBy;
  const time = order === undefined ? null : (input.row[order.column]?.time ?? null);
  const isOne = from === 1 && to === 1 && order !== undefined && secondOrder === undefined && time !== null;
  if (isOne && !isOfWindow && input.changes === "append" && builder.mode === "streaming") {
    const keep = order.direction === "ASC" ? "first" : "last";
    const node = builder.deduplicate({ input, by: partitionBy, time: order.column, keep, ...kept });
    const values = [...columnsOfRow(node.row), integer(1, bigintType)];
    return { node: builder.calc({ input: node, condition: null, values }, [...namesOf(node.row), name]), rest };
  }
  const windowEnd = isOfWindow ? places.end : null;
  const parts = { partitionBy, orderBy, from, to, showsRank: true, windowEnd, ...kept };
  return { node: builder.rank({ input, ...parts }, name), rest };
}

/** Whether it was a limit of the number. */
function narrow(limits: Limits, conjunct: TypedExpression, number: number): boolean {
  if (conjunct.kind !== "call") return false;
  const [first, second] = conjunct.arguments;
  if (first === undefined || second === undefined) return false;
  const isNumber = (value: TypedExpression): boolean => value.kind === "column" && value.index === number;
  const value = isNumber(first) ? wholeOf(second) : isNumber(second) ? wholeOf(first) : null;
  const operator = isNumber(first) ? conjunct.name : flipped[conjunct.name];
  if (value === null || operator === undefined || !(operator in flipped)) return false;
  const atLeast = operator === ">" ? value + 1 : operator === "<" || operator === "<=" ? 1 : value;
  const atMost = operator === "<" ? value - 1 : operator === ">" || operator === ">=" ? null : value;
  limits.from = Math.max(limits.from, atLeast);
  if (atMost !== null) limits.to = Math.min(limits.to ?? atMost, atMost);
  return true;
}

/** Null: it is no whole number. */
function wholeOf(value: TypedExpression): number | null {
  if (value.kind === "cast") return wholeOf(value.operand);
  if (value.kind !== "literal" || value.literal.kind !== "number" || !/^\d+$/.test(value.literal.text)) return null;
  const whole = Number(value.literal.text);
  return Number.isSafeInteger(whole) ? whole : null;
}
