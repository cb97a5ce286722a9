/**
 * Owns: windows in a plan: their lengths, and which columns of a row say which window it is of.
 */
import type { TimeUnit } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import type { SqlType } from "../types/sql-type.ts";
import { withNullability } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { PlanNode, PlanWindow, WindowAggregateNode, WindowTableNode } from "./plan-tree.ts";

const unitLengths: Readonly<Partial<Record<TimeUnit, number>>> = {
  WEEK: 604_800_000,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLISECOND: 1,
};
const units: readonly TimeUnit[] = ["DAY", "HOUR", "MINUTE", "SECOND"];

/** Milliseconds of an interval that is known without a row; null: it is none. Months have no length. */
export function constantMilliseconds(value: TypedExpression): number | null {
  if (value.kind === "call") {
    const [first, second] = value.arguments.map(constantMilliseconds);
    if (first === undefined || first === null) return null;
    if (value.arguments.length === 1) return value.name === "-" ? -first : value.name === "+" ? first : null;
    if (second === undefined || second === null) return null;
    if (value.name === "+") return first + second;
    return value.name === "-" ? first - second : null;
  }
  if (value.kind !== "literal" || value.literal.kind !== "interval") return null;
  const { qualifier, text, isNegative } = value.literal;
  const { from, to } = qualifier;
  const digits = text.trim();
  const sign = (digits.startsWith("-") ? -1 : 1) * (isNegative ? -1 : 1);
  const numbers = digits.replace(/^[+-]/, "").split(/[ :]/).map(Number);
  const length = unitLengths[from];
  if (length === undefined) return null;
  if (to === null) return sign * Math.round((numbers[0] ?? 0) * length);
  const first = units.indexOf(from);
  const sum = numbers.reduce((all, number, index) => {
    const unit = units[first + index];
    return all + number * (unit === undefined ? 0 : (unitLengths[unit] ?? 0));
  }, 0);
  return sign * Math.round(sum);
}

/** Errors: SqlFailure, for what is no constant. */
export function lengthOfInterval(value: TypedExpression | undefined, what: string): number {
  if (value === undefined) throw new RangeError(`${what} is missing`);
  const length = constantMilliseconds(value);
  if (length !== null) return length;
  return fail(value.at, `${what} is no constant interval of fixed length`, "Write a literal: INTERVAL '5' MINUTE.");
}

/** Places of the columns that hold the bounds of a row's window. */
export type WindowPlaces = {
  readonly start: number | null;
  readonly end: number | null;
  /** The last millisecond of the window: a time attribute. */
  readonly time: number | null;
  readonly timeType: SqlType;
  readonly window: PlanWindow;
};

function timeTypeOf({ input, window }: WindowTableNode | WindowAggregateNode): SqlType {
  const time = input.row[window.time];
  if (time === undefined) throw new RangeError(`the window's input has no column ${window.time}`);
  return withNullability(time.type, false);
}

/** Of the rows that a node emits; null: they are of no window. */
export function windowPlacesOf(node: PlanNode): WindowPlaces | null {
  switch (node.kind) {
    case "windowTable": {
      const width = node.input.row.length;
      return { start: width, end: width + 1, time: width + 2, timeType: timeTypeOf(node), window: node.window };
    }
    case "windowAggregate": {
      const first = node.groupBy.length + node.calls.length;
      const at = (name: "start" | "end" | "time"): number | null => {
        const index = node.adds.indexOf(name);
        return index < 0 ? null : first + index;
      };
      const inner = isAttached(node.window) ? windowPlacesOf(node.input) : null;
      const own = { end: at("end"), time: at("time"), timeType: timeTypeOf(node) };
      if (inner === null) return { ...own, start: at("start"), window: node.window };
      const start = inner.start === null ? -1 : node.groupBy.indexOf(inner.start);
      return { ...own, start: start < 0 ? null : start, window: inner.window };
    }
    case "calc": {
      const inner = windowPlacesOf(node.input);
      if (inner === null) return null;
      const at = (place: number | null): number | null => {
        if (place === null) return null;
        const index = node.values.findIndex((value) => value.kind === "column" && value.index === place);
        return index < 0 ? null : index;
      };
      return { ...inner, start: at(inner.start), end: at(inner.end), time: at(inner.time) };
    }
    case "expand": {
      const inner = windowPlacesOf(node.input);
      if (inner === null) return null;
      const at = (place: number | null): number | null =>
        place === null || node.columns.includes(place) ? null : place;
      return { ...inner, start: at(inner.start), end: at(inner.end), time: at(inner.time) };
    }
    case "rank":
    case "deduplicate":
    case "over":
    case "unnest":
    case "lookupJoin":
    case "sort":
      return windowPlacesOf(node.input);
    case "windowJoin":
    case "temporalJoin":
      return windowPlacesOf(node.left);
    default:
      return null;
  }
}

/** A window of one millisecond, the last one of the window that a row is of: it gathers the rows of that window (grouping.ts). */
export const isAttached = (window: PlanWindow): boolean => window.kind === "tumble" && window.size === 1;

export const isSameWindow = (left: PlanWindow, right: PlanWindow): boolean =>
  describeWindow(left) === describeWindow(right);

/** Without the time's place: of two inputs the columns are others. */
export function describeWindow(window: PlanWindow): string {
  const offset = "offset" in window && window.offset !== 0 ? `, offset=${window.offset} ms` : "";
  const time = window.isProctime ? "proctime" : "rowtime";
  switch (window.kind) {
    case "tumble":
      return `TUMBLE(${time}, size=${window.size} ms${offset})`;
    case "hop":
      return `HOP(${time}, size=${window.size} ms, slide=${window.slide} ms${offset})`;
    case "cumulate":
      return `CUMULATE(${time}, size=${window.size} ms, step=${window.step} ms${offset})`;
    default:
      return `SESSION(${time}, gap=${window.gap} ms)`;
  }
}
