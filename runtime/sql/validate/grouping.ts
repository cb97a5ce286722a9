/**
 * Owns: GROUP BY: its keys and sets, and what may stand beside them.
 *
 * SQVG1 Behind GROUP BY a column stands inside of a key or of an aggregate function; the message names the column that does neither.
 * SQVG2 GROUP BY reads the columns of FROM: an alias of the SELECT list, or the number of a column, means nothing to it. The message says so.
 */
import { unreachable } from "../../../base/index.ts";
import type { Expression } from "../syntax/expression-tree.ts";
import { expressionText } from "../syntax/query-text.ts";
import { fail } from "../syntax/problem.ts";
import type { GroupingItem, Select } from "../syntax/query-tree.ts";
import type { Span } from "../syntax/span.ts";
import type { ExpressionContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import { groupWindowFunctions } from "./group-window.ts";
import { quoted } from "./names.ts";
import type { Scope } from "./scope.ts";
import type { Grouping, TypedExpression } from "./typed-tree.ts";
import { isSame, partsOf } from "./values.ts";

/** More sets than this are refused: CUBE of n has 2 to the n. */
const SETS_MAX = 64;

/** Errors: SqlFailure. */
export function typedGrouping(items: readonly GroupingItem[], context: ExpressionContext): Grouping {
  const keys: TypedExpression[] = [];
  const keyOf = (written: Expression): number => {
    const value = typedExpression(written, context);
    const known = keys.findIndex((key) => isSame(key, value));
    return known >= 0 ? known : keys.push(value) - 1;
  };
  let sets: readonly (readonly number[])[] = [[]];
  for (const item of items) {
    const [{ at }, choices] = [item, setsOf(item, keyOf)];
    if (sets.length * choices.length > SETS_MAX)
      fail(at, `more than ${SETS_MAX} grouping sets`, "Name the sets that are wanted: GROUPING SETS ((a, b), (a)).");
    sets = sets.flatMap((set) => choices.map((choice) => [...new Set([...set, ...choice])]));
  }
  return { keys, sets };
}

/** The sets that one item of GROUP BY chooses from. */
function setsOf(item: GroupingItem, keyOf: (written: Expression) => number): readonly (readonly number[])[] {
  switch (item.kind) {
    case "groupingExpression":
      return [[keyOf(item.value)]];
    case "groupingTuple":
      return [item.items.map(keyOf)];
    case "groupingSets":
      return item.items.flatMap((inner) => setsOf(inner, keyOf));
    case "rollup": {
      const steps = item.items.map((inner) => setsOf(inner, keyOf).flat());
      return [...steps.keys(), steps.length].map((length) => steps.slice(0, length).flat()).toReversed();
    }
    case "cube": {
      const steps = item.items.map((inner) => setsOf(inner, keyOf).flat());
      return steps.reduceRight<readonly (readonly number[])[]>(
        (rest, step) => [...rest.map((set) => [...step, ...set]), ...rest],
        [[]],
      );
    }
    default:
      return unreachable(item);
  }
}

/** SQVG1. Errors: SqlFailure. */
export function requireGrouped(value: TypedExpression, { keys }: Grouping, select: Select): void {
  if (value.kind === "aggregate" || keys.some((key) => isSame(key, value))) return;
  if (value.kind === "call" && groupWindowFunctions.has(value.name)) return requireGroupWindow(value, keys);
  if (value.kind === "column" && value.depth === 0) failUngrouped(value.name, value.at, select);
  if (value.kind === "over") {
    for (const part of [
      ...value.call.arguments,
      ...value.window.partitionBy,
      ...value.window.orderBy.map((item) => item.value),
    ])
      requireGrouped(part, { keys, sets: [] }, select);
    return;
  }
  for (const part of partsOf(value)) requireGrouped(part, { keys, sets: [] }, select);
}

/** SQVG1, of a column that a query inside this one uses. */
export function requireGroupedUse(
  { index, name, at }: Scope["usesFromInside"][number],
  { keys }: Grouping,
  select: Select,
): void {
  if (keys.some((key) => key.kind === "column" && key.depth === 0 && key.index === index)) return;
  failUngrouped(name, at, select);
}

const failUngrouped = (name: string, at: Span, select: Select): never =>
  fail(at, `the column ${quoted(name)} is neither in GROUP BY nor in an aggregate function`, groupRemedy(name, select));

function groupRemedy(column: string, { groupBy, items }: Select): string {
  const number = groupBy?.find((item) => item.kind === "groupingExpression" && item.value.kind === "number");
  if (number !== undefined)
    return "GROUP BY 1 groups by the number 1: write the expression of the column instead (SELECT … GROUP BY name).";
  const name = quoted(column);
  const isStar = items.some((item) => item.kind === "wildcard");
  if (isStar) return "Name the columns instead of the star: those of GROUP BY, and aggregates of others.";
  return groupBy === null
    ? `Add GROUP BY ${name}, or take one of its values: MAX(${name}), LAST_VALUE(${name}).`
    : `Add ${name} to GROUP BY, or take one of its values: MAX(${name}), LAST_VALUE(${name}).`;
}

/** `TUMBLE_START(ts, …)` belongs to a `TUMBLE(ts, …)` among the keys. */
function requireGroupWindow(
  value: TypedExpression & { readonly kind: "call" },
  keys: readonly TypedExpression[],
): void {
  const window = value.name.replace(/_.*$/, "");
  const fits = keys.some(
    (key) =>
      key.kind === "call" &&
      key.name === window &&
      key.arguments.length === value.arguments.length &&
      key.arguments.every((argument, index) => {
        const other = value.arguments[index];
        return other !== undefined && isSame(argument, other);
      }),
  );
  if (!fits)
    fail(
      value.at,
      `${value.name} of a window that is not in GROUP BY`,
      `Add ${window} to GROUP BY, with the same arguments.`,
    );
}

/** SQVG2: for names that are unknown before the SELECT list is there. */
export const aliasHint =
  (select: Select, clause: string) =>
  (name: string): string | null => {
    const item = select.items.find((each) => each.kind === "selectExpression" && each.alias?.name === name);
    if (item?.kind !== "selectExpression") return null;
    return `${quoted(name)} is named in the SELECT list, which ${clause} does not see: write ${expressionText(item.value)}.`;
  };
