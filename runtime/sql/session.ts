/**
 * Owns: what expressions depend on beside their row.
 */
import type { Clock } from "../../base/index.ts";

export type SqlSession = {
  /** Of the IANA time zone database, as in `Europe/Berlin`: where instants become dates and times. */
  readonly timeZone: string;
  readonly clock: Clock;
};
