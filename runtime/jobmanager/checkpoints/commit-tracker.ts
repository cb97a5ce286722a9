/**
 * Owns: which tasks still have to say that they committed what a completed checkpoint holds.
 * Not here: sending and writing the marker (checkpoint-commits.ts).
 *
 * COT1 A task counts as having committed checkpoint n when it says so with the attempt that took part, or when it runs after a
 *     restore from n or a later one: restoring commits first (EO-4).
 * COT2 A marker is owed for a manifest with transactions, once all tasks have committed, as long as it is the newest: an older
 *     one is never restored from.
 */
import { isLive, type Task } from "../execution/execution.ts";

export type CommitEntry = {
  readonly checkpointId: number;
  /** Its place in the log; null: it is not in this job's log (a savepoint that the job was started from). */
  readonly seq: number | null;
  readonly committables: number;
  readonly waiting: Set<Task>;
  /** The marker is being written. */
  isMarking: boolean;
};

export class CommitTracker {
  readonly #entries = new Map<number, CommitEntry>();

  /** Nothing is waited for. */
  get isIdle(): boolean {
    return this.#entries.size === 0;
  }

  expect(checkpointId: number, seq: number | null, committables: number, tasks: readonly Task[]): void {
    // Older ones need no marker any more (COT2); their transactions are in the newer one or committed.
    for (const [id, entry] of this.#entries) if (id < checkpointId && !entry.isMarking) this.#entries.delete(id);
    this.#entries.set(checkpointId, { checkpointId, seq, committables, waiting: new Set(tasks), isMarking: false });
  }

  committed(task: Task, checkpointId: number): void {
    this.#entries.get(checkpointId)?.waiting.delete(task);
  }

  /** Entries of which all tasks have committed and no marker is being written yet (COT1). */
  takeReady(): readonly CommitEntry[] {
    const ready: CommitEntry[] = [];
    for (const entry of this.#entries.values()) {
      for (const task of entry.waiting) {
        const { phase, restoredId } = task.region;
        const hasRecommitted = phase === "running" && restoredId !== null && restoredId >= entry.checkpointId;
        if (hasRecommitted && isLive(task)) entry.waiting.delete(task);
      }
      if (entry.waiting.size === 0 && !entry.isMarking) ready.push(entry);
    }
    return ready;
  }

  done(entry: CommitEntry): void {
    if (this.#entries.get(entry.checkpointId) === entry) this.#entries.delete(entry.checkpointId);
  }
}
