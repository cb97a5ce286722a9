/**
 * Owns: the windows of GROUP BY, `TUMBLE(ts, INTERVAL '5' SECOND)`, and what is asked of them in SELECT, `TUMBLE_START(…)`.
 * Not here: windows as tables (window-table.ts).
 *
 * SQVW1 A window goes by a time attribute; the message names the column that is none, and says how to make it one.
 */
import { shownType } from "../types/type-families.ts";
import type { Call, Expression } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import type { SqlType } from "../types/sql-type.ts";
import { quoted } from "./names.ts";
import type { TypedExpression } from "./typed-tree.ts";
import { argumentsText } from "./values.ts";

const windows = ["TUMBLE", "HOP", "SESSION"] as const;
const parts = ["START", "END", "ROWTIME", "PROCTIME"] as const;

export const groupWindowFunctions: ReadonlySet<string> = new Set(
  windows.flatMap((name) => [name, ...parts.map((part) => `${name}_${part}`)]),
);

const intervalsOf = { TUMBLE: 1, HOP: 2, SESSION: 1 } as const;
const usage = {
  TUMBLE: "TUMBLE(ts, INTERVAL '5' SECOND)",
  HOP: "HOP(ts, INTERVAL '1' SECOND, INTERVAL '5' SECOND): slide, then size",
  SESSION: "SESSION(ts, INTERVAL '5' SECOND)",
} as const;

/** Errors: SqlFailure. */
export function typedGroupWindow(
  name: string,
  { at, arguments: args }: Call,
  of: (part: Expression) => TypedExpression,
): TypedExpression {
  const window = windows.find((each) => name === each || name.startsWith(`${each}_`)) ?? "TUMBLE";
  const part = parts.find((each) => name.endsWith(`_${each}`));
  const [time, ...intervals] = args.map(of);
  if (time === undefined || intervals.length !== intervalsOf[window])
    return fail(at, `${name} with ${argumentsText(args.length)}`, `Write ${usage[window].replace(window, name)}.`);
  requireTimeAttribute(time, window);
  for (const interval of intervals)
    if (interval.type.kind !== "interval")
      fail(interval.at, `${window} needs an interval here`, "Write INTERVAL '5' SECOND.");
  const isRowtime = part === "ROWTIME" && time.time === "rowtime";
  if (part === "ROWTIME" && !isRowtime) fail(at, `${name} of a window by proctime`, `Write ${window}_PROCTIME.`);
  const type: SqlType =
    part === "ROWTIME" && time.type.kind !== "null"
      ? { ...time.type, isNullable: false }
      : { kind: part === "PROCTIME" ? "timestamp_ltz" : "timestamp", isNullable: false, precision: 3 };
  const attribute = part === "PROCTIME" ? "proctime" : isRowtime ? "rowtime" : null;
  return { kind: "call", at, type, time: attribute, name, arguments: [time, ...intervals], words: [] };
}

/** SQVW1. Errors: SqlFailure. */
export function requireTimeAttribute({ at, type, time, ...value }: TypedExpression, what: string): void {
  if (time !== null) return;
  const column = value.kind === "column" ? quoted(value.name) : null;
  const typed = type.kind === "null" ? "NULL" : shownType(type);
  const message =
    column === null
      ? `${what} needs a time attribute, and this is computed: ${typed}`
      : `${what} needs a time attribute, and ${column} is only a ${typed}`;
  fail(at, message, timeRemedy(column, type));
}

function timeRemedy(column: string | null, type: TypedExpression["type"]): string {
  if (column === null) return "Give it the column that has the watermark, or one that is PROCTIME().";
  const isTime = type.kind === "timestamp" || type.kind === "timestamp_ltz";
  return isTime
    ? `Declare it in CREATE TABLE: WATERMARK FOR ${column} AS ${column} - INTERVAL '5' SECOND. CAST, functions and GROUP BY take it away.`
    : "Compute one in CREATE TABLE: ts AS TO_TIMESTAMP_LTZ(milliseconds, 3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND.";
}
