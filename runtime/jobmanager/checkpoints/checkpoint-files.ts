/**
 * Owns: what the coordinator does with stores: a checkpoint's manifest, or a savepoint's own manifest and then its entry in the log.
 * Not here: when (checkpoint-protocol.ts), how the log works (checkpoint room).
 *
 * CHF1 A savepoint's own manifest is written before its entry in the log, so that the log never names one that is not there (CK-20).
 * CHF3 With the `memory` back end files come inline; they are in the store before the manifest is.
 * CHF2 Of a savepoint that did not come about in a folder of its own, everything is deleted, its own manifest first.
 */
import { assert, type Log } from "../../../base/index.ts";
import {
  type CheckpointLog,
  type CompleteOutcome,
  dataFolder,
  type Manifest,
  type ManifestDraft,
  manifestKey,
  SAVEPOINT_DATA_FOLDER,
  SAVEPOINT_METADATA,
  writeSavepointManifest,
} from "../../checkpoint/index.ts";
import type { InlineFile } from "../../rpc/index.ts";
import { type ObjectStore, openStore } from "../../storage/index.ts";
import type { PendingCheckpoint } from "./pending-checkpoint.ts";
import type { Turns } from "../turns.ts";

export type FilesOptions = {
  readonly log: CheckpointLog;
  readonly turns: Turns;
  readonly logger: Log;
  /** Of calls to a savepoint's store. */
  readonly callTimeoutMs: number;
};

export type WriteOutcome =
  /** Its own manifest is in its folder. */
  | { readonly kind: "saved" }
  /** It is in the log. */
  | { readonly kind: "completed"; readonly manifest: Manifest }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "fenced" };

export class CheckpointFiles {
  readonly #log: CheckpointLog;
  readonly #options: FilesOptions;
  /** Own manifests that are being written, by the savepoint's URI. */
  readonly #saving = new Map<string, Promise<unknown>>();

  constructor(options: FilesOptions) {
    this.#log = options.log;
    this.#options = options;
  }

  /** Writes something into a savepoint's folder to be, and takes it away. Errors: STORE_*. */
  async probe(storeUri: string): Promise<void> {
    const store = await this.#open(storeUri);
    const key = `probe-${this.#log.claim.random.hex(8)}`;
    await store.put(key, Buffer.from("can this be written?"));
    await store.delete(key);
  }

  /** One attempt to write what is due: its own manifest, or its entry in the log. `done` is called in a turn. */
  write(pending: PendingCheckpoint, phase: "saving" | "writing", done: (outcome: WriteOutcome) => void): void {
    const { turns, log } = this.#options;
    const draft = pending.draft();
    if (phase === "saving") {
      turns.effect(
        () => this.save(draft),
        (outcome) => done(outcome.kind === "ok" ? { kind: "saved" } : outcome),
      );
    } else {
      turns.effect(
        () => this.complete(draft, pending.inlineFiles()),
        (outcome) => {
          if (log.fencedBy !== null) done({ kind: "fenced" });
          else done(outcome.kind === "ok" ? outcome.value : outcome);
        },
      );
    }
  }

  /** Deletes checkpoints that are not to be kept any more. `done`, in a turn: whether that location is still there; trouble is logged. */
  discardOld(numRetained: number, done: (outcome: "fenced" | ((location: string) => boolean)) => void): void {
    const { turns, log, logger } = this.#options;
    turns.effect(
      () => log.discard({ numRetained }),
      (outcome) => {
        if (log.fencedBy !== null) done("fenced");
        else if (outcome.kind === "ok") {
          const kept = new Set(outcome.value.retained.map((seq) => this.#locationOfSeq(seq)));
          done((location) => !this.#isInLog(location) || kept.has(location));
        } else {
          logger.warn(
            { err: outcome.error },
            "old checkpoints could not be deleted; retrying after the next completed checkpoint",
          );
        }
      },
    );
  }

  /** Writes a savepoint's own manifest. May be called again after an error. */
  async save(draft: ManifestDraft): Promise<void> {
    const { storeUri } = draft;
    assert(storeUri !== null, `checkpoint ${draft.checkpointId} has no folder of its own`);
    const saving = this.#open(storeUri).then((store) => writeSavepointManifest(store, this.#log, draft));
    const over = saving.catch(() => undefined).then(() => this.#saving.delete(storeUri));
    this.#saving.set(storeUri, over);
    await saving;
  }

  /** `inlineFiles`: what tasks of the `memory` back end sent instead of writing it. May be called again after an error. */
  async complete(draft: ManifestDraft, inlineFiles: readonly InlineFile[]): Promise<CompleteOutcome> {
    const { store, epoch } = this.#log;
    const folder = `${dataFolder(epoch, draft.checkpointId)}/`;
    for (const file of inlineFiles) {
      const isOfThis = file.storeUri === store.uri && file.key.startsWith(folder);
      if (isOfThis) await store.put(file.key, Buffer.from(file.base64, "base64"));
    }
    return this.#log.complete(draft);
  }

  /** What a person gives to restore from it. */
  locationOf(manifest: Manifest): string {
    return manifest.storeUri ?? this.#locationOfSeq(manifest.seq);
  }

  /** Deletes what tasks have written into the folder of a savepoint that failed, and its own manifest (CHF2). Trouble is logged. */
  removeSavepoint(storeUri: string): void {
    const { turns, logger } = this.#options;
    turns.effect(
      async () => {
        await this.#saving.get(storeUri);
        const store = await this.#open(storeUri);
        await store.delete(SAVEPOINT_METADATA);
        for (const { key } of await store.list(`${SAVEPOINT_DATA_FOLDER}/`)) await store.delete(key);
        await store.removeUnfinished(`${SAVEPOINT_DATA_FOLDER}/`, () => true);
      },
      (outcome) => {
        if (outcome.kind === "ok") return;
        logger.warn(
          { location: storeUri, err: outcome.error },
          "the files of a failed savepoint could not be deleted; nothing needs them, delete them by hand",
        );
      },
    );
  }

  #locationOfSeq(seq: number): string {
    return `${this.#log.store.uri}/${manifestKey(seq)}`;
  }

  #isInLog(location: string): boolean {
    return location.startsWith(`${this.#log.store.uri}/`) && location.endsWith(".manifest");
  }

  #open(storeUri: string): Promise<ObjectStore> {
    return openStore(storeUri, this.#options.callTimeoutMs);
  }
}
