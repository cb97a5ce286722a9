/**
 * Owns: what a local cluster is started with, and what comes of it.
 */
import type { Clock, ErrorInfo, Random } from "../../base/index.ts";
import type { Colors } from "../terminal/narrator.ts";
import type { JobRequest } from "./job-request.ts";
import type { TerminalStatus } from "../../main/index.ts";
import type { Backoff } from "./supervised-process.ts";

export type LocalClusterOptions = JobRequest & {
  /** 32 hex digits. Default: a fresh one; one that has run before goes on from its newest checkpoint. */
  readonly jobId?: string;
  /** Default 1. */
  readonly taskManagers?: number;
  /** Of each TaskManager. Default: as many as the job needs. */
  readonly slots?: number;
  /** A savepoint, or a retained checkpoint, to start from: a path or URI. */
  readonly restore?: { readonly path: string; readonly allowNonRestoredState?: boolean };
  /** Default: free ones. */
  readonly restPort?: number;
  readonly rpcPort?: number;
  /** Default: see home-folder.ts. */
  readonly home?: string;
  /** Where the TaskManagers' stdout goes. Default: this process's stdout. */
  readonly stdout?: "inherit" | ((piece: Buffer) => void);
  /** Takes each line of the story, without its end. Default: stderr. */
  readonly say?: (line: string) => void;
  /** Default: picocolors' choice for this terminal. */
  readonly colors?: Colors;
  /**
   * STREAMJOB_FAILPOINTS of the JobManager and of TaskManager 0, 1, …, for their first start only.
   * Default: this process's own, for the JobManager and for TaskManager 0.
   */
  readonly failpoints?: { readonly jobManager?: string; readonly taskManagers?: readonly (string | undefined)[] };
  readonly backoff?: Backoff;
  readonly clock?: Clock;
  readonly random?: Random;
};

export type JobOutcome = {
  /** FENCED: a JobManager of another runner has taken the job over. KILLED: by `kill`, or because it did not end in time. */
  readonly status: TerminalStatus | "FENCED" | "KILLED";
  /** Why, unless FINISHED or CANCELED. */
  readonly failure: ErrorInfo | null;
  /** Times the job was restarted by its restart strategy, as the last JobManager counted. */
  readonly restarts: number;
};

/** Of the living processes. */
export type ClusterPids = { readonly jobManager: number | null; readonly taskManagers: readonly number[] };
