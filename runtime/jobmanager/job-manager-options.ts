/**
 * Owns: what a JobManager is started with, and how it tells that it is done.
 */
import type { Clock, Log, Random } from "../../base/index.ts";
import type { TerminalStatus } from "./execution/lifecycle.ts";
import type { Standby } from "./leading/startup.ts";

/** How the process ends: with its job, or because a newer JobManager leads. */
export type Ending = TerminalStatus | "fenced";

/** What a JobManager that waits for its activation asks and tells. */
export type JobManagerStandby = Standby & {
  /** It cannot go on, but nothing has been deployed: the process is to say so instead of failing the job. */
  onRefused(error: unknown): void;
  /** The job is to be deployed. `leftOut`: uids of operators whose state is left behind. */
  onActive(leftOut: readonly string[]): void;
};

export type JobManagerOptions = {
  readonly job: {
    /** Absolute path. */
    readonly module: string;
    readonly options: Readonly<Record<string, string>>;
    readonly args: readonly string[];
    /** 32 hex digits; absent: a fresh one. */
    readonly jobId?: string;
  };
  /** The job's root. Not used with state back end `memory`: then it is in this process. */
  readonly storeUri: string;
  readonly rpcHost: string;
  /** 0: a free one. */
  readonly rpcPort: number;
  /** Used only while the job's root has no checkpoint (RS-7). */
  readonly restore: { readonly path: string; readonly allowNonRestoredState: boolean } | null;
  /**
   * Of an incarnation: it waits for its activation, which says what it starts from (`restore` is not used), ends for good, and tells
   * nobody to shut down. Absent: it starts at once.
   */
  readonly standby?: JobManagerStandby;
  /** Where requests may put savepoints, and delete them: these places and below. Default null: anywhere (SVP2). */
  readonly savepointPrefixes?: readonly string[] | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called once. All connections are closed by then; views can still be asked. */
  readonly onTerminal: (ending: Ending) => void;
  /** Missing slots are worth a warning after this time. Default 10000. */
  readonly slotWaitMs?: number;
  /** Missing slots fail the job after this time. Default null: never. */
  readonly slotTimeoutMs?: number | null;
  /** The first deployment waits for so many, at most 3 s, so that slots are spread. Default 1. */
  readonly expectedTaskManagers?: number;
  /** From `deploy` to all of the region running. Default 60000. */
  readonly deployTimeoutMs?: number;
  /** From `cancel` to the last answer; then the TaskManager is cut off. Default 60000. */
  readonly cancelTimeoutMs?: number;
};
