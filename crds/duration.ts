/**
 * Owns: durations as manifests write them: `10s`, `500ms`, `5m`, `1h30m`.
 * Does not own: which field takes which bounds (the schemas), options of the runtime (they have their own, wider form).
 * Called by: the schemas, defaults, anything that prints a duration for a person.
 *
 * DU1 The form is a subset of Go's and so of CEL's `duration()`: what is accepted here is accepted by an API server, and means the same.
 * DU2 A duration has one way to be written wrong per message: the message says what was given and what to write.
 */
import { assert } from "../base/index.ts";

/**
 * Hours, minutes, seconds, milliseconds: each at most once, the largest first, whole numbers. No days: CEL knows none (DU1).
 * Also matches the empty text; schemas add `minLength: 1`.
 */
export const DURATION_PATTERN = "^([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$";

/** Longest text of a duration, in characters: a bound that the API server's estimate of CEL costs needs. */
export const DURATION_LENGTH_MAX = 32;

const expression = new RegExp(DURATION_PATTERN);
const UNITS_MS = [3_600_000, 60_000, 1000, 1] as const;
const UNIT_NAMES = ["h", "m", "s", "ms"] as const;

export type ParsedDuration =
  | { readonly kind: "duration"; readonly ms: number }
  /** `problem` is a sentence that says what was given and what to write. */
  | { readonly kind: "invalid"; readonly problem: string };

/** Reads one duration; whole milliseconds, 0 or more. */
export function parseDuration(text: string): ParsedDuration {
  const match = text === "" || text.length > DURATION_LENGTH_MAX ? null : expression.exec(text);
  if (match === null) return { kind: "invalid", problem: `${JSON.stringify(text)} is not a duration: ${advice(text)}` };
  const ms = UNITS_MS.reduce((sum, unitMs, index) => sum + Number.parseInt(match[index + 1] ?? "0", 10) * unitMs, 0);
  return { kind: "duration", ms };
}

/** The milliseconds of a duration that validation has accepted. */
export function durationMs(text: string): number {
  const parsed = parseDuration(text);
  assert(parsed.kind === "duration", parsed.kind === "invalid" ? parsed.problem : "a duration");
  return parsed.ms;
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

/** What to write instead (DU2). */
function advice(text: string): string {
  const forms = 'write it like "10s", "500ms", "5m" or "1h30m"';
  if (/^\s*[0-9]+\s*$/.test(text)) return `the unit is missing; write "${text.trim()}s" or "${text.trim()}ms"`;
  if (/\s/.test(text)) return `it contains a space; ${forms}`;
  if (/[0-9]d/.test(text)) return `days are not supported; write hours, such as "168h" for seven days`;
  if (/[0-9]\.[0-9]/.test(text))
    return `fractions are not supported; write "1h30m" for one and a half hours, "1500ms" for 1.5 s`;
  if (text.startsWith("-")) return "it is negative; the shortest is 0s";
  if (/^(?:[0-9]+(?:h|ms|m|s))+$/.test(text)) return "each unit at most once, the largest first, such as 1h30m";
  return forms;
}
