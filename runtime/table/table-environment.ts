/**
 * Owns: SQL in a job module: streams as tables, statements, queries.
 *
 * TENV1 Statements are looked at in the order of the calls, each with the tables that came before it: streams, and what CREATE has made.
 * TENV2 A mistake is an error at the call, with its place in the text of that call.
 */
import { StreamError, systemClock } from "../../base/index.ts";
import type { DataStream, StreamEnvironment } from "../api/index.ts";
import type { PlanMode } from "../sql/index.ts";
import { givenTableOf, type TableOptions } from "./given-stream.ts";
import { PlanStreams } from "./plan-streams.ts";
import { Table } from "./table.ts";

export type TableEnvironmentOptions = {
  /** `batch`: all inputs are bounded, and only final results come out. Default `streaming`. */
  readonly mode?: PlanMode;
  /** Where instants become dates and times, as in `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string;
};

/** SQL for a job. Errors: OPTION_UNKNOWN, OPTION_INVALID. */
export function tableEnvironment(env: StreamEnvironment, options: TableEnvironmentOptions = {}): TableEnvironment {
  return new TableEnvironment(env, options);
}
