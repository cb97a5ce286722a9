/**
 * Owns: having tasks commit what a completed checkpoint holds, and noting in the log that they have.
 * Not here: which tasks still owe it (commit-tracker.ts), when a checkpoint is complete (checkpoint-protocol.ts).
 */
import type { Log, TaskManagerId } from "../../../base/index.ts";
import type { CheckpointLog, Manifest } from "../../checkpoint/index.ts";
import type { FromJobManager, ToJobManager } from "../../rpc/index.ts";
import { CommitTracker } from "./commit-tracker.ts";
import { type Execution, taskRef } from "../execution/execution.ts";
import { byTaskManager } from "../execution/scheduler.ts";
import type { Turns } from "../turns.ts";

const MARK_AGAIN_MS = 500;

export type CommitsOptions = {
  readonly epoch: number;
  readonly log: CheckpointLog;
  readonly execution: Execution;
  readonly turns: Turns;
  readonly logger: Log;
  readonly send: (to: TaskManagerId, message: FromJobManager) => void;
  readonly onFenced: () => void;
};

export class CheckpointCommits {
  readonly #options: CommitsOptions;
  readonly #tracker = new CommitTracker();

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Nothing is waited for. */
  get isIdle(): boolean {
    return this.#tracker.isIdle;
  }

  /** The job was started from a checkpoint that its tasks commit as they are restored; `seq` null: it is not in this job's log. */
  owedByRestore(checkpointId: number, seq: number | null): void {
    this.#tracker.expect(checkpointId, seq, 1, this.#options.execution.tasks);
  }

  /** Tells all tasks that it is complete. */
  completed(manifest: Manifest): void {
    const { execution, send, epoch } = this.#options;
    const { checkpointId } = manifest;
    this.#tracker.expect(checkpointId, manifest.seq, manifest.committables, execution.tasks);
    for (const [to, tasks] of byTaskManager(execution.tasks)) {
      send(to, { kind: "checkpointComplete", epoch, checkpointId, tasks: tasks.map(taskRef) });
    }
  }

  committed(message: Extract<ToJobManager, { kind: "committed" }>): void {
    const task = this.#options.execution.find(message.task);
    if (task !== undefined) this.#tracker.committed(task, message.checkpointId);
  }

  /** Writes the markers that have become due. `newestId`: an older checkpoint is never restored from, and needs none. */
  advance(newestId: number): void {
    const { turns, log, logger, onFenced } = this.#options;
    for (const entry of this.#tracker.takeReady()) {
      const { seq, checkpointId } = entry;
      if (seq === null || entry.committables === 0 || checkpointId < newestId) {
        this.#tracker.done(entry);
        continue;
      }
      entry.isMarking = true;
      turns.effect(
        () => log.markCommitted(seq),
        (outcome) => {
          if (log.fencedBy !== null) onFenced();
          else if (outcome.kind === "ok") this.#tracker.done(entry);
          else {
            logger.warn(
              { checkpointId, delayMs: MARK_AGAIN_MS, err: outcome.error },
              "a checkpoint is committed, but its marker could not be written; retrying",
            );
            turns.after(MARK_AGAIN_MS, () => {
              entry.isMarking = false;
            });
          }
        },
      );
    }
  }
}
