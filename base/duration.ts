/**
 * Owns: durations as people write them, in code, in options and in manifests: `500 ms`, `10s`, `5 min`, `1.5 h`, `2 d`, `1h30m`.
 * Does not own: which durations a setting allows (its table, its schema).
 * Called by: everything that takes a duration from a user.
 *
 * DUR1 There is one grammar: a text that is a duration in one place is the same duration in every other.
 * DUR2 A duration is a whole number of milliseconds when it is a text: fractions that are not whole milliseconds are refused.
 * DUR3 What is no duration is refused with what was given and what to write instead.
 */
import { assert, StreamError } from "./errors.ts";
import type { ErrorCode } from "./error-codes.ts";

/** Milliseconds, or a text such as "500 ms", "10s", "5 min", "1h30m". Upper and lower case are the same. */
export type Duration = number | string;

const MILLISECONDS = "ms|milli|millis|millisecond|milliseconds";
const LONGER = "d|day|days|h|hour|hours|m|min|minute|minutes|s|sec|secs|second|seconds";

/** Several units, each at most once, the largest first, whole numbers, nothing in between. Also matches the empty text. */
export const COMPOUND_DURATION_PATTERN = "^([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$";

/** One number with its unit; without a unit it is milliseconds. Three decimals at most: more would not be whole milliseconds (DUR2). */
const SINGLE_DURATION_PATTERN = `^([0-9]{1,9}([.][0-9]{1,3})?) *(${LONGER})$|^([0-9]{1,15}) *(${MILLISECONDS})?$`;

/** Every duration in lower case matches it, and nothing else but the empty text. */
export const DURATION_PATTERN = `${COMPOUND_DURATION_PATTERN}|${SINGLE_DURATION_PATTERN}`;

/** Longest text of a duration, in characters. */
export const DURATION_LENGTH_MAX = 32;

/** What a duration looks like, in words. */
export const DURATION_FORM = 'a duration such as "500 ms", "10s", "5 min" or "1h30m"';

const compound = new RegExp(COMPOUND_DURATION_PATTERN);
const single = new RegExp(SINGLE_DURATION_PATTERN);
const UNITS_MS = [3_600_000, 60_000, 1000, 1] as const;
const UNIT_NAMES = ["h", "m", "s", "ms"] as const;
const DAY_MS = 86_400_000;

export type ParsedDuration =
  | { readonly kind: "duration"; readonly ms: number }
  /** `problem` is a sentence that says what was given and what to write. */
  | { readonly kind: "invalid"; readonly problem: string };

/** Reads one duration: a number of milliseconds, 0 or more, as it is; a text as whole milliseconds. */
export function parseDuration(value: unknown): ParsedDuration {
  const ms = typeof value === "string" ? textMs(value) : value;
  if (isDuration(ms) && (ms === value || Number.isSafeInteger(ms))) return { kind: "duration", ms };
  return { kind: "invalid", problem: `${shown(value)} is not a duration: ${adviceFor(value)}` };
}

/** The milliseconds of a duration that is known to be one. */
export function durationMs(duration: Duration): number {
  const parsed = parseDuration(duration);
  assert(parsed.kind === "duration", parsed.kind === "invalid" ? parsed.problem : "a duration");
  return parsed.ms;
}

/** The milliseconds of a duration that a user gave; what is none is an error with `code` that begins with `where`. */
export function readDuration(value: unknown, where: string, code: ErrorCode = "OPTION_INVALID"): number {
  const parsed = parseDuration(value);
  if (parsed.kind === "duration") return parsed.ms;
  throw new StreamError(code, `${where}: ${parsed.problem}`, { destiny: "terminal" });
}

/** The same for a delay until something is due: a number below 0 is 0, as that may have passed. */
export function readDelay(value: unknown, where: string): number {
  return typeof value === "number" && value < 0 ? 0 : readDuration(value, where);
}

/** The shortest text for whole milliseconds, 0 or more: 90000 is "1m30s", 0 is "0s". */
export function formatDuration(ms: number): string {
  assert(Number.isSafeInteger(ms) && ms >= 0, `${ms} is not a whole number of milliseconds`);
  if (ms === 0) return "0s";
  let rest = ms;
  let text = "";
  for (const [index, unitMs] of UNITS_MS.entries()) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${UNIT_NAMES[index]}`;
    rest -= count * unitMs;
  }
  return text;
}

function isDuration(ms: unknown): ms is number {
  return typeof ms === "number" && Number.isFinite(ms) && ms >= 0;
}

function textMs(text: string): number | undefined {
  if (text === "" || text.length > DURATION_LENGTH_MAX) return undefined;
  const lower = text.toLowerCase();
  const parts = compound.exec(lower);
  if (parts !== null) {
    return UNITS_MS.reduce((sum, ms, index) => sum + Number.parseInt(parts[index + 1] ?? "0", 10) * ms, 0);
  }
  const match = single.exec(lower);
  if (match === null) return undefined;
  const [, longer, , unit = "", milliseconds] = match;
  // A product such as 0.29 × 60000 is off by less than a millisecond.
  return longer === undefined ? Number(milliseconds) : Math.round(Number(longer) * unitMs(unit));
}

function unitMs(unit: string): number {
  if (unit.startsWith("d")) return DAY_MS;
  return UNITS_MS[UNIT_NAMES.indexOf(unit[0] as "h" | "m" | "s")] ?? 1;
}

/** What to write instead (DUR3). */
function adviceFor(value: unknown): string {
  const forms = 'write it like "500 ms", "10s", "5 min" or "1h30m"';
  if (typeof value === "number") return value < 0 ? "it is negative; the shortest is 0" : forms;
  if (typeof value !== "string") return `${forms}, or as a number of milliseconds`;
  const text = value.toLowerCase();
  if (text.startsWith("-")) return "it is negative; the shortest is 0s";
  if (text !== text.trim()) return `it begins or ends with a space; ${forms}`;
  if (/^[0-9.]+ *(?:ms|mill.*)?$/.test(text)) return "milliseconds are whole numbers";
  if (/[0-9][.][0-9]{4}/.test(text)) return "at most three decimals are allowed";
  if (/^(?:[0-9.]+ *[a-z]+ *){2,}$/.test(text)) {
    return "several units are hours, minutes, seconds and milliseconds, as whole numbers, the largest first, without spaces, such as 1h30m";
  }
  return forms;
}

function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  return JSON.stringify(value) ?? String(value);
}
