/**
 * Owns: functions with OVER.
 * Does not own: ROW_NUMBER with a limit (ranks.ts).
 *
 * SQPV1 Calls of one window are computed together, ROW_NUMBER alone; windows one after the other.
 * SQPV2 A frame ends with the current row: what follows is not known yet. A stream is ordered by its time, in batch any order will do.
 */
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { TypedExpression, TypedWindow } from "../validate/typed-tree.ts";
import { isSame, partsOf } from "../validate/values.ts";
import { type NamedCall, namesOf } from "./node-builder.ts";
import { type NodeWith, type PlanContext, rewritten, WideRow } from "./plan-context.ts";
import { columnOf, columnsOfRow, isSameOfRow } from "./plan-expressions.ts";
import { callOfAggregate } from "./plan-grouping.ts";
import { resolvedOrder } from "./plan-order.ts";
import type { OverNode, PlanNode } from "./plan-tree.ts";
import { constantMilliseconds } from "./windows.ts";
import { ttlOfOnly } from "./state-ttl.ts";

type Over = TypedExpression & { readonly kind: "over" };

/** The node with the results behind its row, and the values with columns in place of the calls. */
export function withOvers(node: PlanNode, values: readonly TypedExpression[], context: PlanContext): NodeWith {
  const overs = values.flatMap(oversIn);
  const windows: { readonly window: TypedWindow; readonly calls: Over[] }[] = [];
  for (const over of overs) {
    const known = windows.find(
      ({ window, calls }) => isSameWindow(window, over.window) && isNumbering(over) === calls.some(isNumbering),
    );
    if (known === undefined) windows.push({ window: over.window, calls: [over] });
    else if (!known.calls.some((call) => isSame(call, over))) known.calls.push(over);
  }
  let wide = node;
  const results: { readonly over: Over; readonly place: number }[] = [];
  // Numbers come last, so that a limit on them is seen ahead of the others (ranks.ts).
  for (const { window, calls } of windows.toSorted((left, right) => numberings(left.calls) - numberings(right.calls))) {
    const made = withWindow(wide, window, calls, context);
    calls.forEach((over, index) => results.push({ over, place: made.row.length - calls.length + index }));
    wide = made;
  }
  const find = (part: TypedExpression): TypedExpression | null => {
    if (part.kind !== "over") return null;
    const result = results.find(({ over }) => isSame(over, part));
    return result === undefined ? null : { ...columnOf(wide.row, result.place), at: part.at };
  };
  return { node: wide, values: values.map((value) => rewritten(value, find)) };
}

const isNumbering = ({ call }: Over): boolean => call.name === "ROW_NUMBER";
const numberings = (calls: readonly Over[]): number => (calls.some(isNumbering) ? 1 : 0);

const oversIn = (value: TypedExpression): readonly Over[] =>
  value.kind === "over" ? [value] : partsOf(value).flatMap(oversIn);

const isSameWindow = (left: TypedWindow, right: TypedWindow): boolean =>
  isSame(asExpression(left), asExpression(right));

/** Compared as expressions are: wherever they stand. */
const asExpression = (window: TypedWindow): TypedExpression => window as unknown as TypedExpression;

function withWindow(node: PlanNode, window: TypedWindow, overs: readonly Over[], context: PlanContext): OverNode {
  const { builder, places, ttls } = context;
  const wide = new WideRow(columnsOfRow(node.row), namesOf(node.row), isSameOfRow);
  const place = (value: TypedExpression, name: string): number => wide.placeOf(value, name);
  const partitionBy = window.partitionBy.map((key) => place(key, "$partition"));
  const orderBy = window.orderBy.map((order) => resolvedOrder(order, place(order.value, "$order")));
  const calls = overs.map(({ call, at }, index): NamedCall => {
    const made = callOfAggregate(call, place);
    places.set(made, at);
    return { name: `$over${index}`, call: made };
  });
  const input = builder.calc({ input: node, condition: null, values: wide.values }, wide.names);
  const frame = frameOf(window, overs[0]?.at ?? context.at);
  return builder.over({ input, partitionBy, orderBy, frame, ...ttlOfOnly(ttls) }, calls);
}

/** SQPV2. */
function frameOf({ frame, orderBy }: TypedWindow, at: Span): OverNode["frame"] {
  if (frame === null) return { unit: "RANGE", preceding: null };
  const { unit, start, end } = frame;
  if (end !== null && end.kind !== "currentRow")
    fail(
      at,
      `a frame that ends behind the current row, or ahead of it`,
      "Let it end with CURRENT ROW: BETWEEN … PRECEDING AND CURRENT ROW.",
    );
  if (start.kind === "unbounded") return { unit, preceding: null };
  if (start.kind === "currentRow") return { unit, preceding: 0 };
  if (start.direction === "FOLLOWING")
    fail(at, "a frame that begins behind the current row", "Write … PRECEDING AND CURRENT ROW.");
  const { value } = start;
  if (unit === "RANGE") {
    const length = constantMilliseconds(value);
    const isByTime = orderBy.length === 1;
    if (length === null || !isByTime)
      return fail(
        value.at,
        "a RANGE that is no constant interval",
        "Write RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW.",
      );
    return { unit, preceding: length };
  }
  if (value.kind !== "literal" || value.literal.kind !== "number")
    return fail(value.at, "a number of rows that is no constant", "Write ROWS BETWEEN 10 PRECEDING AND CURRENT ROW.");
  return { unit, preceding: Number(value.literal.text) };
}

const rankings: ReadonlySet<string> = new Set(["PERCENT_RANK", "CUME_DIST", "NTILE", "LEAD"]);

/** Of a whole plan, when every rank has been found. Errors: SqlFailure. */
export function requireRunnable(over: OverNode, { builder, places, at: whole }: PlanContext): void {
  if (builder.mode === "batch") return;
  const [call] = over.calls;
  const at = (call === undefined ? undefined : places.get(call)) ?? whole;
  const [order, second] = over.orderBy;
  const isByTime = order !== undefined && second === undefined && (over.input.row[order.column]?.time ?? null) !== null;
  if (!isByTime || order.direction !== "ASC") {
    const isNumber = call?.name === "ROW_NUMBER";
    fail(
      at,
      `${call?.name ?? "OVER"} over a stream that is not ordered by its time`,
      isNumber
        ? "Limit it in a query around it, WHERE n <= 10, which keeps the first rows; or order by a time attribute, ascending."
        : "Order by a time attribute, ascending; or run the script as batch: SET 'execution.runtime-mode' = 'batch'.",
    );
  }
  const ranking = over.calls.find(({ name }) => rankings.has(name));
  if (ranking !== undefined)
    fail(
      places.get(ranking) ?? at,
      `${ranking.name} over a stream: it depends on rows to come`,
      "Run the script as batch: SET 'execution.runtime-mode' = 'batch'.",
    );
  if (over.input.changes !== "append")
    fail(
      at,
      "OVER of rows that change later",
      "It takes tables that only insert: put it ahead of the GROUP BY or the join.",
    );
}
