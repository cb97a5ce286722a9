/**
 * Owns: the windows of GROUP BY: `TUMBLE(ts, INTERVAL '5' SECOND)`.
 */
import { groupWindowFunctions } from "../validate/group-window.ts";
import { fail } from "../syntax/problem.ts";
import type { Grouping, TypedExpression } from "../validate/typed-tree.ts";
import type { PlanContext } from "./plan-context.ts";
import type { PlanNode, PlanWindow } from "./plan-tree.ts";
import { lengthOfInterval } from "./windows.ts";

type GroupWindow = {
  /** Its place among the keys. */
  readonly index: number;
  readonly key: TypedExpression;
  readonly time: TypedExpression;
  readonly isProctime: boolean;
  /** `place`: of the time in the aggregate's input. */
  readonly windowAt: (place: number, groupBy: readonly number[]) => PlanWindow;
};

/** Null: no key is one. Errors: SqlFailure. */
export function groupWindowOf({ keys }: Grouping, node: PlanNode, { at }: PlanContext): GroupWindow | null {
  const windows = keys.filter(
    (key) => key.kind === "call" && groupWindowFunctions.has(key.name) && !/_/.test(key.name),
  );
  const [window, second] = windows;
  if (window?.kind !== "call") return null;
  if (second !== undefined)
    fail(second.at, "two windows in one GROUP BY", "Group by one, and by the other in a query around it.");
  const [time, ...intervals] = window.arguments;
  if (time === undefined) throw new RangeError(`${window.name} without a time`);
  const attribute = time.kind === "column" ? (node.row[time.index]?.time ?? null) : time.time;
  if (attribute === null)
    fail(
      time.at,
      `${time.kind === "column" ? time.name : "this"} is no time attribute any more: a join, a GROUP BY or an outer join above took it away`,
      "Put the window ahead of it, or join within a time: AND a.ts BETWEEN b.ts AND b.ts + INTERVAL '1' HOUR.",
    );
  if (node.changes !== "append")
    fail(
      window.at,
      "a window over rows that change later",
      "Windows take tables that only insert: deduplicate behind the window, or GROUP BY without it.",
    );
  const isProctime = attribute === "proctime";
  const length = (index: number, what: string): number =>
    lengthOfInterval(intervals[index], `the ${what} of ${window.name}`);
  const shape = (groupBy: readonly number[]) => {
    switch (window.name) {
      case "TUMBLE":
        return { kind: "tumble", size: length(0, "size"), offset: 0 } as const;
      case "HOP":
        return { kind: "hop", slide: length(0, "slide"), size: length(1, "size"), offset: 0 } as const;
      case "SESSION":
        return { kind: "session", gap: length(0, "gap"), partition: groupBy } as const;
      default:
        return fail(at, `there is no window ${window.name}`, "Write TUMBLE, HOP or SESSION.");
    }
  };
  return {
    index: keys.indexOf(window),
    key: window,
    time,
    isProctime,
    windowAt: (place, groupBy) => ({ time: place, isProctime, ...shape(groupBy) }),
  };
}

export const proctimeCall = ({ at, type }: TypedExpression): TypedExpression => ({
  kind: "call",
  at,
  type,
  time: "proctime",
  name: "PROCTIME",
  arguments: [],
  words: [],
});
