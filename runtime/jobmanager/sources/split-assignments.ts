/**
 * Owns: which splits were assigned to which reader since when, as far as a restart may take them back. Pure.
 * Called by: source-coordinator.ts.
 *
 * SAS1 A split that is assigned before the snapshot of checkpoint n is taken here is in the reader's snapshot of n, for its barrier is sent
 *     behind the split; one that is assigned after it is not.
 * SAS2 A reader that restarts from checkpoint n has what was assigned to it before n; everything else comes back here, once.
 * SAS3 What a complete checkpoint has is forgotten: no region ever restarts from an older one.
 */

/** `afterId`: the last checkpoint that a snapshot had been taken for when the split was assigned. */
type Assigned = { readonly split: unknown; readonly afterId: number };

export class SplitAssignments {
  readonly #bySubtask = new Map<number, Assigned[]>();
  #lastId: number;

  /** `restoredId`: of the checkpoint that the enumerator goes on from; ids of later ones are higher. 0: none. */
  constructor(restoredId: number) {
    this.#lastId = restoredId;
  }

  add(subtask: number, splits: readonly unknown[]): void {
    const assigned = this.#bySubtask.get(subtask) ?? [];
    assigned.push(...splits.map((split) => ({ split, afterId: this.#lastId })));
    this.#bySubtask.set(subtask, assigned);
  }

  snapshotTaken(checkpointId: number): void {
    this.#lastId = Math.max(this.#lastId, checkpointId);
  }

  /** SAS3 */
  completed(checkpointId: number): void {
    for (const [subtask, assigned] of this.#bySubtask) {
      const left = assigned.filter(({ afterId }) => afterId >= checkpointId);
      if (left.length === 0) this.#bySubtask.delete(subtask);
      else this.#bySubtask.set(subtask, left);
    }
  }

  /** The reader restarts from this checkpoint; null: without state. The splits that it does not have there (SAS2). */
  takeBack(subtask: number, checkpointId: number | null): readonly unknown[] {
    const assigned = this.#bySubtask.get(subtask) ?? [];
    this.#bySubtask.delete(subtask);
    return assigned.filter(({ afterId }) => checkpointId === null || afterId >= checkpointId).map(({ split }) => split);
  }
}
