/**
 * Owns: durations in CEL: how an API server checks the same grammar as base/duration.ts, and compares durations.
 * Does not own: the grammar; which field takes which bounds (the schemas).
 * Called by: the schemas, rules of several fields.
 *
 * DU1 What base/duration.ts accepts is accepted by an API server, and means the same number of milliseconds.
 * DU2 Every call in the CEL has operands whose size the API server can bound: it refuses a definition whose cost it cannot estimate. So the
 *     result of `split` is only converted to a number, and nothing is concatenated.
 */
import { COMPOUND_DURATION_PATTERN, DURATION_PATTERN, formatDuration } from "../base/index.ts";

/** The characters of a duration: what a definition says beside the rule, and how such fields are known. */
export const DURATION_CHARACTERS = "^[0-9][0-9A-Za-z. ]*$";

/** The milliseconds of the duration that is the value of `field`, as a CEL expression of type int. */
export function celMilliseconds(field: string): string {
  const text = `${field}.lowerAscii()`;
  const has = (pattern: string): string => `${text}.matches('[0-9] *${pattern}')`;
  const separator = `${text}.contains(' ') ? ' ' : ${has("d")} ? 'd' : ${has("h")} ? 'h' : ${has("m")} ? 'm' : 's'`;
  const unitMs =
    `${has("d")} ? 86400000.0 : ${has("h")} ? 3600000.0 : ${has("(ms|mill)")} ? 1.0 : ${has("m")} ? 60000.0 : ` +
    `${has("s")} ? 1000.0 : 1.0`;
  // `getMilliseconds` is the whole duration in some CEL and the part below a second in others: of both this takes the latter.
  const several = `duration(${text}).getSeconds() * 1000 + duration(${text}).getMilliseconds() % 1000`;
  const one = `int(0.5 + double(${text}.split(${separator})[0]) * (${unitMs}))`;
  return `(${text}.matches('${COMPOUND_DURATION_PATTERN}') ? ${several} : ${one})`;
}

/** A rule of CEL that `self` is a duration within bounds, both included. */
export function celDurationWithin(minMs: number, maxMs: number): string {
  const bounds = minMs === 0 ? `ms <= ${maxMs}` : `ms >= ${minMs} && ms <= ${maxMs}`;
  return `self.lowerAscii().matches('${DURATION_PATTERN}') && [${celMilliseconds("self")}].all(ms, ${bounds})`;
}

/** The same in words. */
export function durationWithin(minMs: number, maxMs: number): string {
  return `a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
}
