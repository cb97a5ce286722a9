/**
 * Owns: how long is left to a time that the status names, on a wall clock that may have been set since it was written.
 *
 * WW1 A time that is farther away than it was ever put was written before the clock was set back: nothing waits for the clock to
 *     come to where it was.
 */

/** The clocks of two operators, one after the other, may differ by so much. */
const SKEW_MS = 30_000;

/** Milliseconds until `untilMs`, which was written as at most `longestMs` away; 0: it has come. */
export function waitLeftMs(untilMs: number, nowMs: number, longestMs: number): number {
  const leftMs = untilMs - nowMs;
  return leftMs > longestMs + SKEW_MS ? 0 : Math.max(0, leftMs);
}
