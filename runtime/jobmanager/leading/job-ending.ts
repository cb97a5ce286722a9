/**
 * Owns: the end of a job, once: when it was, what is written into the store about it, and whether its checkpoints stay (CK-15).
 * Not here: which end it is (job-master.ts), writing and deleting (job-result.ts).
 */
import type { Clock, ErrorInfo, JobId, Log } from "../../../base/index.ts";
import type { CheckpointLog, Manifest } from "../../checkpoint/index.ts";
import type { CheckpointSettings } from "../../graph/index.ts";
import { buildResult, concludeJob, type JobResult } from "./job-result.ts";
import type { TerminalStatus } from "../execution/lifecycle.ts";
import type { Turns } from "../turns.ts";

export type JobEndingOptions = {
  readonly jobId: JobId;
  /** Its result is written without end: an operator reads it (JOR1). */
  readonly isIncarnation: boolean;
  readonly retention: CheckpointSettings["retention"];
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Log;
};

export type End = {
  readonly status: TerminalStatus;
  /** Of a FAILED job. */
  readonly failure: ErrorInfo | null;
  /** The end that a process before this one has brought the job to. */
  readonly earlier: JobResult | null;
  /** The newest complete manifest of the job's own log. */
  readonly newest: Manifest | null;
  /** Cancelled with all that it has. */
  readonly isDiscarded: boolean;
};

/** Whether the job's checkpoints stay when it ends so (CK-15). */
export function areCheckpointsKept(
  status: TerminalStatus,
  retention: CheckpointSettings["retention"],
  isDiscarded: boolean,
): boolean {
  if (status === "FAILED") return true;
  return status === "CANCELED" && retention === "retain" && !isDiscarded;
}

export class JobEnding {
  readonly #options: JobEndingOptions;
  #endedMs: number | null = null;
  #result: JobResult | null = null;

  constructor(options: JobEndingOptions) {
    this.#options = options;
  }

  get hasBegun(): boolean {
    return this.#endedMs !== null;
  }

  /** Epoch milliseconds; null: it has not ended. */
  get endedMs(): number | null {
    return this.#endedMs;
  }

  /** null until it is in the store. */
  get result(): JobResult | null {
    return this.#result;
  }

  begin(earlier: JobResult | null): void {
    this.#endedMs = earlier?.endedMs ?? this.#options.clock.nowMs();
  }

  /** Writes the result and deletes what is not kept; `done`, in a turn, tells what became of the checkpoints. After `begin`. */
  conclude(log: CheckpointLog, end: End, done: (outcome: "kept" | "discarded" | "fenced") => void): void {
    const { jobId, isIncarnation, retention, turns, clock, logger } = this.#options;
    const { status, earlier, newest, isDiscarded } = end;
    const endedMs = this.#endedMs ?? clock.nowMs();
    const failure = status === "FAILED" ? end.failure : null;
    const result = earlier ?? buildResult(newest, { jobId, status, failure, endedMs });
    const isKept = areCheckpointsKept(status, retention, isDiscarded);
    turns.effect(
      () => concludeJob(log, { result, isWritten: earlier !== null, isIncarnation, isKept, clock, logger }),
      (outcome) => {
        if (log.fencedBy !== null) return done("fenced");
        if (outcome.kind === "failed") throw outcome.error;
        this.#result = result;
        done(outcome.value);
      },
    );
  }
}
