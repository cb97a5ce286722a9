/**
 * Owns: what the streams of a job's plans stand on.
 */
import type { DataStream, StreamEnvironment } from "../api/index.ts";
import type { LookupSettings } from "./lookup-settings.ts";
import type { PlanMode, SqlSession } from "../sql/index.ts";

export type PlanWorld = {
  readonly env: StreamEnvironment;
  readonly session: SqlSession;
  readonly mode: PlanMode;
  /** Streams that are tables, by their names. */
  readonly given: ReadonlyMap<string, DataStream<unknown>>;
  /** As they are set at the statement that is planned. Default: nothing is. */
  readonly lookups?: () => LookupSettings;
};
