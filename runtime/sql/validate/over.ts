/**
 * Owns: the window of OVER: its partition, its order, its frame; named windows.
 */
import type { Expression, FrameBound, WindowSpecification } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { OrderItem } from "../syntax/query-tree.ts";
import type { ExpressionContext } from "./context.ts";
import type { FunctionKind } from "./functions/function-table.ts";
import { nameRemedy } from "./names.ts";
import { isNumeric, shownType } from "../types/type-families.ts";
import type { TypedExpression, TypedFrameBound, TypedOrder, TypedWindow } from "./typed-tree.ts";

type OfPart = (part: Expression) => TypedExpression;

export const typedOrders = (items: readonly OrderItem[], of: OfPart): readonly TypedOrder[] =>
  items.map(({ value, direction, nulls }) => ({ value: of(value), direction, nulls }));

/** Errors: SqlFailure. */
export function typedWindow(
  written: WindowSpecification,
  context: ExpressionContext,
  { name, kind }: { readonly name: string; readonly kind: FunctionKind },
  of: OfPart,
): TypedWindow {
  const { partitionBy, orderBy, frame } = withBase(written, context);
  if (kind === "ranking" && orderBy.length === 0)
    fail(written.at, `${name} has no order to count by`, "Write OVER (PARTITION BY … ORDER BY …).");
  if (kind === "ranking" && name !== "NTH_VALUE" && frame !== null)
    fail(frame.at, `${name} with ${frame.unit}`, `It looks at the whole partition: leave out ${frame.unit} ….`);
  if (frame !== null && orderBy.length === 0)
    fail(frame.at, `${frame.unit} without ORDER BY`, "A frame begins and ends at rows of an order: add ORDER BY.");
  const orders = typedOrders(orderBy, of);
  const bound = (each: FrameBound): TypedFrameBound => typedBound(each, frame?.unit ?? "ROWS", of);
  return {
    partitionBy: partitionBy.map(of),
    orderBy: orders,
    frame:
      frame === null
        ? null
        : { unit: frame.unit, start: bound(frame.start), end: frame.end === null ? null : bound(frame.end) },
  };
}

function typedBound(bound: FrameBound, unit: "ROWS" | "RANGE", of: OfPart): TypedFrameBound {
  if (bound.kind !== "offset") return bound;
  const value = of(bound.value);
  const { type } = value;
  const fits =
    unit === "ROWS" ? type.kind === "int" || type.kind === "bigint" : type.kind === "interval" || isNumber(type);
  if (!fits)
    fail(
      value.at,
      `${unit} is bounded by ${unit === "ROWS" ? "a number of rows" : "an interval"}, and this is ${shownType(type)}`,
      unit === "ROWS" ? "Write ROWS 10 PRECEDING, or RANGE for a time." : "Write RANGE INTERVAL '1' HOUR PRECEDING.",
    );
  return { ...bound, value };
}

const isNumber = (type: TypedExpression["type"]): boolean => type.kind !== "null" && isNumeric(type);

/** `OVER (w ORDER BY …)` takes from `w` what it does not say itself. */
function withBase(written: WindowSpecification, context: ExpressionContext): WindowSpecification {
  const { base } = written;
  if (base === null) return written;
  const named = context.windows.get(base.name);
  if (named === undefined)
    return fail(
      base.at,
      `there is no window ${nameText(base)}`,
      nameRemedy(base.name, [...context.windows.keys()], "The windows of this query"),
    );
  const { partitionBy, orderBy, frame } = withBase(named, context);
  return {
    ...written,
    base: null,
    partitionBy: written.partitionBy.length > 0 ? written.partitionBy : partitionBy,
    orderBy: written.orderBy.length > 0 ? written.orderBy : orderBy,
    frame: written.frame ?? frame,
  };
}
