/**
 * Owns: how long to wait before another try: doubling, with a limit, and with jitter.
 * Called by: list-watch, work-queue, retry.
 */
import type { Random } from "../../../base/index.ts";

export type Backoff = {
  /** Wait before the first retry. */
  readonly firstMs: number;
  /** Longest wait. */
  readonly maxMs: number;
};

/**
 * The wait before retry number `retry` (0 = the first). Between half of the doubled wait and all of it: many clients that failed
 * together do not come back together, and none comes back at once.
 */
export function backoffMs(backoff: Backoff, retry: number, random: Random): number {
  // 2^30 is beyond every limit in use; more would only overflow.
  const fullMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(retry, 30));
  return fullMs * (0.5 + random.next() / 2);
}
