/**
 * Owns: what this incarnation has completed of checkpoints and savepoints, over all of its JobManagers as far as its log shows.
 * Not here: what people are shown of each (checkpoint-statistics.ts), which knows of this JobManager's only.
 *
 * OWP1 What the job was restored from is not among it, unless it is in the job's own log.
 */
import type { Manifest } from "../../checkpoint/index.ts";
import { locationOf } from "./found-state.ts";

export type ProgressView = {
  /** The newest completed one, savepoints too. */
  readonly lastCheckpoint: {
    readonly id: number;
    readonly timeMs: number;
    readonly path: string;
    readonly sizeBytes: number;
  } | null;
  readonly lastSavepoint: { readonly timeMs: number; readonly path: string } | null;
  /** Those found in the log, and those completed since. */
  readonly completedCheckpoints: number;
  /** When the oldest of them was completed. */
  readonly firstCheckpointMs: number | null;
};

export class OwnProgress {
  #view: ProgressView = { lastCheckpoint: null, lastSavepoint: null, completedCheckpoints: 0, firstCheckpointMs: null };
  #newest: Manifest | null = null;

  /** The newest completed manifest of the job's own log. */
  get newest(): Manifest | null {
    return this.#newest;
  }

  /** In the order of their completion; `logUri`: of the store of the log. */
  completed(manifest: Manifest, logUri: string): void {
    const { checkpointId: id, completedMs: timeMs, files, storeUri } = manifest;
    const sizeBytes = files.reduce((sum, file) => sum + file.length, 0);
    this.#newest = manifest;
    this.#view = {
      lastCheckpoint: { id, timeMs, path: locationOf(manifest, logUri), sizeBytes },
      lastSavepoint: storeUri === null ? this.#view.lastSavepoint : { timeMs, path: storeUri },
      completedCheckpoints: this.#view.completedCheckpoints + 1,
      firstCheckpointMs: this.#view.firstCheckpointMs ?? timeMs,
    };
  }

  /** A savepoint that has no entry in the log (CC8). */
  overtaken(uri: string, timeMs: number): void {
    this.#view = { ...this.#view, lastSavepoint: { timeMs, path: uri } };
  }

  /** The savepoint at this URI was deleted. */
  disposed(uri: string): void {
    if (this.#view.lastSavepoint?.path === uri) this.#view = { ...this.#view, lastSavepoint: null };
  }

  view(): ProgressView {
    return this.#view;
  }
}
