/**
 * Owns: Kubernetes' two forms of time.
 *
 * MIT1 MicroTime (Lease, Event) has exactly six digits of a second: the API server answers 400 to the three of `toISOString()`.
 */

/** RFC 3339 with six digits of a second, of milliseconds since the epoch (a fraction is kept). */
export function microTime(epochMs: number): string {
  const wholeMs = Math.floor(epochMs);
  const micros = Math.floor((epochMs - wholeMs) * 1000);
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}

/** RFC 3339 in whole seconds, as `creationTimestamp` and `deletionTimestamp` are. */
export function secondsTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
