/**
 * Owns: what people are shown of past and present checkpoints.
 *
 * CHS1 At most HISTORY_MAX are remembered; the latest completed, savepoint and failed ones beyond that.
 */
import type { CheckpointsView, CheckpointView } from "../control.ts";
import type { PendingCheckpoint } from "./pending-checkpoint.ts";

const HISTORY_MAX = 50;

type Ending = {
  readonly status: "completed" | "failed";
  readonly endedMs: number;
  readonly externalPath: string | null;
  readonly failure: string | null;
};

export class CheckpointStatistics {
  readonly #inProgress = new Map<number, PendingCheckpoint>();
  /** Newest first. */
  #ended: CheckpointView[] = [];
  #completed = 0;
  #failed = 0;
  #restoredCount = 0;
  #restored: CheckpointsView["restored"] = null;
  #latestCompleted: CheckpointView | null = null;
  #latestSavepoint: CheckpointView | null = null;
  #latestFailed: CheckpointView | null = null;

  #trouble: CheckpointsView["trouble"] = null;

  /** What is wrong with periodic checkpoints at present; null: nothing. */
  noteTrouble(trouble: { readonly failures: number; readonly reason: string } | null, nowMs: number): void {
    this.#trouble = trouble === null ? null : { ...trouble, sinceMs: this.#trouble?.sinceMs ?? nowMs };
  }

  started(pending: PendingCheckpoint): void {
    this.#inProgress.set(pending.facts.id, pending);
  }

  completed(pending: PendingCheckpoint, endedMs: number, externalPath: string): void {
    const view = this.#end(pending, { status: "completed", endedMs, externalPath, failure: null });
    this.#completed++;
    if (view.kind === "checkpoint") this.#latestCompleted = view;
    else this.#latestSavepoint = view;
  }

  failed(pending: PendingCheckpoint, endedMs: number, failure: string): void {
    this.#failed++;
    this.#latestFailed = this.#end(pending, { status: "failed", endedMs, externalPath: null, failure });
  }

  /** These checkpoints were deleted. */
  discarded(isDiscarded: (view: CheckpointView) => boolean): void {
    const mark = (view: CheckpointView): CheckpointView =>
      view.status === "completed" && !view.discarded && isDiscarded(view)
        ? { ...view, discarded: true, externalPath: null }
        : view;
    this.#ended = this.#ended.map(mark);
    if (this.#latestCompleted !== null) this.#latestCompleted = mark(this.#latestCompleted);
    if (this.#latestSavepoint !== null) this.#latestSavepoint = mark(this.#latestSavepoint);
  }

  restored(restored: NonNullable<CheckpointsView["restored"]>): void {
    this.#restoredCount++;
    this.#restored = restored;
  }

  /** A region was started again from a checkpoint of this JobManager's, or from the one it had been restored from itself. */
  restoredAgain(id: number, restoredMs: number): void {
    const view = this.#ended.find((ended) => ended.id === id && ended.status === "completed");
    const known =
      view === undefined || view.externalPath === null
        ? this.#restored
        : { id, isSavepoint: view.kind !== "checkpoint", externalPath: view.externalPath };
    if (known !== null) this.restored({ ...known, restoredMs });
  }

  view(): CheckpointsView {
    const inProgress = [...this.#inProgress.values()].map((pending) => viewOf(pending, null));
    const history = [...inProgress, ...this.#ended].sort((left, right) => right.id - left.id).slice(0, HISTORY_MAX);
    return {
      counts: {
        completed: this.#completed,
        failed: this.#failed,
        inProgress: inProgress.length,
        restored: this.#restoredCount,
      },
      history,
      latestCompleted: this.#latestCompleted,
      latestSavepoint: this.#latestSavepoint,
      latestFailed: this.#latestFailed,
      restored: this.#restored,
      trouble: this.#trouble,
    };
  }

  #end(pending: PendingCheckpoint, ending: Ending): CheckpointView {
    const view = viewOf(pending, ending);
    this.#inProgress.delete(pending.facts.id);
    this.#ended.unshift(view);
    if (this.#ended.length > HISTORY_MAX) this.#ended.pop();
    return view;
  }
}

function viewOf(pending: PendingCheckpoint, ending: Ending | null): CheckpointView {
  const acks = pending.ackViews();
  return {
    id: pending.facts.id,
    kind: pending.facts.kind === "handover" ? "checkpoint" : pending.facts.kind,
    status: ending?.status ?? "in_progress",
    triggeredMs: pending.facts.triggeredMs,
    endedMs: ending?.endedMs ?? null,
    latestAckMs: acks.length === 0 ? null : Math.max(...acks.map((ack) => ack.ackMs)),
    stateBytes: pending.stateBytes,
    writtenBytes: pending.writtenBytes,
    subtasks: pending.subtasks,
    acknowledged: pending.acknowledged,
    externalPath: ending?.externalPath ?? null,
    discarded: false,
    failure: ending?.failure ?? null,
    acks,
  };
}
