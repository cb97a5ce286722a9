/**
 * Owns: what the checkpoint coordinator works with, and what it tells the job of (job-run.ts).
 */
import type { Clock, Log, StreamError, TaskManagerId } from "../../../base/index.ts";
import type { CheckpointLog, FencedBy, Manifest } from "../../checkpoint/index.ts";
import type { CheckpointSettings, JobGraph } from "../../graph/index.ts";
import type { FromJobManager, InlineFile } from "../../rpc/index.ts";
import type { Execution } from "../execution/execution.ts";
import type { Restored } from "../leading/startup.ts";
import type { Turns } from "../turns.ts";
import type { CheckpointStatistics } from "./checkpoint-statistics.ts";
import type { EnumeratorStates } from "./pending-checkpoint.ts";
import type { TriggerRegistry } from "./trigger-registry.ts";

export type CoordinatorOptions = {
  readonly epoch: number;
  readonly log: CheckpointLog;
  readonly settings: CheckpointSettings;
  readonly graph: JobGraph;
  readonly execution: Execution;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Log;
  readonly statistics: CheckpointStatistics;
  readonly triggers: TriggerRegistry;
  /** What the job was started from. */
  readonly restored: Pick<Restored, "checkpointId" | "seq" | "mustCommit" | "ends"> | null;
  readonly send: (to: TaskManagerId, message: FromJobManager) => void;
  readonly snapshotEnumerators: (checkpointId: number) => EnumeratorStates;
  /** From now on this is what regions are restored from. */
  readonly onCompleted: (manifest: Manifest, inlineFiles: readonly InlineFile[]) => void;
  /** A savepoint is complete that is not the newest state any more (CC8). */
  readonly onOvertaken: (savepointUri: string, completedMs: number) => void;
  /** The job fails over, or, with a terminal error, fails. */
  readonly onFailure: (error: StreamError) => void;
  readonly onDrainFailed: (reason: string) => void;
  readonly onFenced: (by: FencedBy) => void;
};
