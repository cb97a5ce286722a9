/**
 * Owns: one line of a process's log, as it is read: what the engine says of itself, or what a function of the job logs (`context.log`).
 * Called by: what shows logs in a terminal.
 */
import { USER_LOGGER } from "../../base/index.ts";

const WARN = 40;

/** `code`: of the error that the line is about. */
export type LogEntry = {
  readonly level: number;
  readonly text: string;
  readonly code: string | null;
  /** As a person reads it, when a function of the job logged it: `totals (1/2): a new customer, id=7`. */
  readonly userLine: string | null;
};

/** null: not a line of our logger. */
export function parseLogLine(line: string): LogEntry | null {
  if (!line.startsWith('{"level":')) return null;
  let entry: Record<string, unknown> & { err?: { message?: unknown; code?: unknown } };
  try {
    entry = JSON.parse(line);
  } catch {
    return null; // cut off in the middle: shown as it is
  }
  const { level, msg, err } = entry;
  if (typeof level !== "number") return null;
  const message = typeof msg === "string" ? msg : "";
  const why = typeof err?.message === "string" ? err.message : entry["reason"];
  const cause = typeof why === "string" ? (why.split("\n", 1)[0] ?? "") : "";
  const code = typeof err?.code === "string" ? err.code : null;
  const text = cause === "" || message.includes(cause) ? message : `${message}: ${cause}`;
  return { level, text, code, userLine: entry["logger"] === USER_LOGGER ? userLine(entry, level, text) : null };
}

/** What a function's own facts come after, in the line. */
const OPERATOR_UID = "uid";
const AROUND = new Set(["msg", "err", "reason"]);

function userLine(entry: Readonly<Record<string, unknown>>, level: number, text: string): string {
  const names = Object.keys(entry);
  const facts = names
    .slice(names.indexOf(OPERATOR_UID) + 1)
    .filter((name) => !AROUND.has(name))
    .map((name) => `, ${name}=${typeof entry[name] === "string" ? entry[name] : JSON.stringify(entry[name])}`);
  const severity = level < WARN ? "" : level === WARN ? "WARN " : "ERROR ";
  return `${severity}${String(entry["operator"])}: ${text}${facts.join("")}`;
}
