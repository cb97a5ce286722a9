/** Owns: which refusals of a JobManager are about the request itself, so that the same request is refused again. */

/** About the moment, or the way there: a conflict, a time-out, the wrong JobManager, too early, too many at a time. */
const passing: ReadonlySet<number> = new Set([408, 409, 421, 425, 429]);

/** By its HTTP status. Of what is not the request's fault (5xx, a full disk) nothing is known. */
export function isForGood(status: number): boolean {
  return status >= 400 && status < 500 && !passing.has(status);
}
