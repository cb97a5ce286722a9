/**
 * Owns: trying again what a store did not answer, for as long as it takes.
 *
 * IS1 Without end, with a warning each time; anything that trying again does not help is thrown at once.
 */
import { type Clock, type Log, sleep, toErrorInfo } from "../../../base/index.ts";

const RETRY_DELAY_MIN_MS = 200;
const RETRY_DELAY_MAX_MS = 10_000;

export type InsistPorts = {
  readonly clock: Clock;
  readonly logger: Log;
  /** True: give up waiting. */
  readonly isAbandoned: () => boolean;
  /** The first error is thrown. */
  readonly isImpatient?: boolean;
};

/** Nobody waits for it any more. */
export class Abandoned extends Error {}

/** Tries until it succeeds or fails for good. `what`: the step, in words, for the log. Errors: Abandoned, and terminal ones. */
export async function insist<T>(ports: InsistPorts, what: string, work: () => Promise<T>): Promise<T> {
  for (let delayMs = RETRY_DELAY_MIN_MS; ; delayMs = Math.min(RETRY_DELAY_MAX_MS, delayMs * 2)) {
    if (ports.isAbandoned()) throw new Abandoned();
    try {
      return await work();
    } catch (error) {
      const info = toErrorInfo(error);
      const mayHelp = info.code === "STORE_UNAVAILABLE" || info.code === "STORE_FULL";
      if (ports.isImpatient === true || !mayHelp || info.destiny === "terminal") throw error;
      ports.logger.warn({ step: what, delayMs, err: error }, "a call to the store failed; retrying");
    }
    await sleep(ports.clock, delayMs);
  }
}
