/**
 * Owns: what a plan asks of functions of the user, and what is wrong where one does not have it.
 *
 * SQZH1 Over rows that change, a function that may give something else for the same values would take back what was never emitted: it is refused there, and so
 *     is such an aggregate where its own result changes.
 * SQZH2 An aggregate undoes rows where they are taken back or leave a frame, and adds up states where a window is made of parts.
 * SQZH3 A function that is opened runs in projections, filters and as a table function; other operators open none.
 */
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { partsOf } from "../validate/values.ts";
import { expressionsOf } from "./node-expressions.ts";
import { isUncertain } from "./plan-expressions.ts";
import type { AggregateCall, PlanMode, PlanNode } from "./plan-tree.ts";
import { inputsOf } from "./rebuilt.ts";

type UserCall = TypedExpression & { readonly kind: "userCall" };

/** Of one node. `placeOf`: of a call in the text. Errors: SqlFailure. */
export function requireUserFunctions(node: PlanNode, mode: PlanMode, placeOf: (call: AggregateCall) => Span): void {
  const calls = expressionsOf(node).flatMap(userCallsIn);
  const isChanging = mode === "streaming" && inputsOf(node).some(({ changes }) => changes !== "append");
  for (const call of calls) {
    const { name, definition } = call.function;
    if (isChanging && isUncertain(call))
      fail(
        call.at,
        `${name} is not deterministic, and stands over rows that change: what is taken back would be computed anew`,
        "Compute it ahead of the GROUP BY or join that makes the changes; or declare it deterministic, if it is.",
      );
    if (definition.open !== null && node.kind !== "calc" && node.kind !== "unnest")
      fail(
        call.at,
        `${name} has to be opened, which is not done ${PLACES[node.kind] ?? "here"}`,
        "Compute it in a query in FROM, and use its column.",
      );
  }
  if ("calls" in node) for (const call of node.calls) requireAggregate(node, call, { isChanging, mode }, placeOf);
}

const PLACES: Readonly<Partial<Record<PlanNode["kind"], string>>> = {
  values: "in VALUES",
  watermark: "in WATERMARK FOR",
  join: "in ON",
  intervalJoin: "in ON",
  windowJoin: "in ON",
  temporalJoin: "in ON",
  lookupJoin: "in ON",
};

/** SQZH2. */
function requireAggregate(
  node: PlanNode & { readonly calls: readonly AggregateCall[] },
  call: AggregateCall,
  { isChanging, mode }: { readonly isChanging: boolean; readonly mode: PlanMode },
  placeOf: (call: AggregateCall) => Span,
): void {
  const { user } = call;
  if (user === undefined) return;
  const { name, definition } = user;
  const isTakenBack = isChanging || (mode === "streaming" && node.changes !== "append");
  if (!definition.isDeterministic && isTakenBack)
    fail(
      placeOf(call),
      `the aggregate ${name} is not deterministic, and its result changes: what is taken back would be computed anew`,
      "Use it in a window, or in batch mode; or declare it deterministic, if it is.",
    );
  const leaves = node.kind === "over" && node.frame.preceding !== null;
  if (definition.retract === null && (isChanging || leaves))
    fail(
      placeOf(call),
      `the aggregate ${name} has no retract, and ${leaves ? "rows leave the frame of OVER" : "its rows may be taken back"}`,
      "Give it retract, which undoes add.",
    );
  const isWhole = node.kind !== "windowAggregate" || node.window.kind === "tumble";
  if (definition.merge === null && !isWhole)
    fail(
      placeOf(call),
      `the aggregate ${name} has no merge, and a window of ${node.window.kind.toUpperCase()} is made of several parts`,
      "Give it merge, which adds the state of one part to that of another.",
    );
}

const userCallsIn = (value: TypedExpression): readonly UserCall[] => [
  ...(value.kind === "userCall" ? [value] : []),
  ...partsOf(value).flatMap(userCallsIn),
];
