/**
 * Owns: what expressions depend on beside their row.
 */
import type { Clock, Random } from "../../base/index.ts";
import type { RunningFunctions } from "./user-functions/running-functions.ts";

export type SqlSession = {
  /** Of the IANA time zone database, as in `Europe/Berlin`: where instants become dates and times. */
  readonly timeZone: string;
  readonly clock: Clock;
  /** For RAND, RAND_INTEGER without a seed, and UUID. */
  readonly random?: Random;
  /** Of a query over bounded inputs: when it began, in epoch milliseconds, which is `now` in all its rows. */
  readonly beganAtMs?: number;
  /** Of the operator that the expression is in: functions of the user that it calls. Without it: only those that are not opened. */
  readonly functions?: RunningFunctions;
  /** Of the operator that the expression is in: its watermark, in epoch milliseconds; null: none yet. */
  readonly watermark?: () => number | null;
};
