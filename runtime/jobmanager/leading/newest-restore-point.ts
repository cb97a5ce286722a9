/**
 * Owns: which checkpoint regions are restored from now, and its restore point, worked out when a restart asks for it: most checkpoints
 * are never restored from, and sharing out the states of a large job takes time in which nothing else happens.
 * Not here: how states are shared out (restore-point.ts).
 */
import type { Manifest } from "../../checkpoint/index.ts";
import type { InlineFile } from "../../rpc/index.ts";
import type { RestorePoint } from "./restore-point.ts";
import type { Restored } from "./startup.ts";

type Completed = { readonly manifest: Manifest; readonly rootUri: string; readonly inlineFiles: readonly InlineFile[] };

export class NewestRestorePoint {
  #point: RestorePoint;
  /** Newer than `#point`, and not worked out yet. */
  #completed: Completed | null = null;
  #savepointUri: string | null;

  /** `restored`: what `point` is; null: a fresh start. */
  constructor(point: RestorePoint, restored: Pick<Restored, "seq" | "isSavepoint" | "location"> | null) {
    this.#point = point;
    this.#savepointUri = restored?.isSavepoint === true && restored.seq !== null ? restored.location : null;
  }

  /** URI of the savepoint in the job's own log that a restart would begin from; null: it would not begin from one. */
  get savepointUri(): string | null {
    return this.#savepointUri;
  }

  /** A newer checkpoint is complete. `rootUri`: of the store of the log. */
  advance(manifest: Manifest, rootUri: string, inlineFiles: readonly InlineFile[]): void {
    this.#completed = { manifest, rootUri, inlineFiles };
    this.#savepointUri = manifest.storeUri;
  }

  /** What regions that are deployed now start from. Errors: STATE_INCOMPATIBLE. */
  current(): RestorePoint {
    const completed = this.#completed;
    if (completed !== null) {
      this.#point = this.#point.advancedTo(completed.manifest, completed.rootUri, completed.inlineFiles);
      this.#completed = null;
    }
    return this.#point;
  }
}
