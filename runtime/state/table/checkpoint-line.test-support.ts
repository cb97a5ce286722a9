/**
 * The JobManager's part in checkpoints, for tests of state that refers to earlier files: which one a barrier names, what is complete, what is given up,
 * and that a file goes as soon as neither the newest complete checkpoint nor one on its way under the rules names it.
 */
import assert from "node:assert/strict";
import { nextTurn } from "../../../base/index.ts";
import { keyedFiles, type KeyedStateHandle } from "../../checkpoint/index.ts";
import type { MemorySnapshotFiles } from "../../testkit/index.ts";
import type { KeyedSnapshot, SnapshotRequest } from "../index.ts";

type Fixed<Model> = { readonly snapshots: readonly KeyedSnapshot[]; readonly model: Model };
export type Complete<Model> = {
  readonly id: number;
  readonly handles: readonly KeyedStateHandle[];
  readonly model: Model;
};
type Pending<Model> = Fixed<Model> & { readonly id: number; handles: readonly KeyedStateHandle[] | null };

export class CheckpointLine<Model> {
  readonly #files: MemorySnapshotFiles;
  readonly #pending: Pending<Model>[] = [];
  newest: Complete<Model> | null = null;
  #lastId = 0;

  constructor(files: MemorySnapshotFiles) {
    this.#files = files;
  }

  goOnFrom(before: CheckpointLine<Model>): void {
    this.newest = before.newest;
    this.#lastId = before.#lastId;
  }

  get isIdle(): boolean {
    return this.#pending.length === 0;
  }

  /** The barrier. As long as another checkpoint is on its way, it names none. */
  trigger(fix: (request: SnapshotRequest) => Fixed<Model>): void {
    const base = this.isIdle ? (this.newest?.id ?? null) : null;
    const id = ++this.#lastId;
    this.#pending.push({ ...fix({ checkpointId: id, base }), id, handles: null });
  }

  /** The oldest one that is not written is. */
  async write(): Promise<void> {
    const pending = this.#pending.find(({ handles }) => handles === null);
    if (pending === undefined) return;
    const handles = await Promise.all(pending.snapshots.map((snapshot) => snapshot.write(this.#files, nextTurn)));
    pending.handles = handles.filter((handle) => handle !== null);
  }

  /** The oldest one that is written is complete: what nothing needs is deleted. */
  complete(): Complete<Model> | null {
    const at = this.#pending.findIndex(({ handles }) => handles !== null);
    const pending = this.#pending[at];
    if (pending === undefined || pending.handles === null) return null;
    for (const older of this.#pending.splice(0, at + 1)) if (older !== pending) discard(older);
    this.newest = { id: pending.id, handles: pending.handles, model: pending.model };
    this.#collect();
    return this.newest;
  }

  /** The oldest one is given up, whether it was written or not. Its files stay until the next one is complete. */
  abort(): void {
    const pending = this.#pending.shift();
    if (pending !== undefined) discard(pending);
  }

  abortAll(): void {
    while (!this.isIdle) this.abort();
  }

  #collect(): void {
    const needed = new Set(
      [...(this.newest?.handles ?? []), ...this.#pending.flatMap(({ handles }) => handles ?? [])].flatMap((handle) =>
        keyedFiles(handle).map(({ key }) => key),
      ),
    );
    for (const { key } of (this.newest?.handles ?? []).flatMap(keyedFiles))
      assert.ok(this.#files.files.has(key), `${key} of the newest checkpoint is there`);
    for (const key of this.#files.files.keys()) if (!needed.has(key)) this.#files.files.delete(key);
  }
}

/** A task hears of it only while it has not acknowledged it. */
function discard<Model>({ snapshots, handles }: Pending<Model>): void {
  if (handles === null) for (const snapshot of snapshots) snapshot.discard();
}
