/**
 * Owns: what the coordinator does with stores: a checkpoint's manifest, or a savepoint's own manifest and then its entry in the log.
 * Not here: when (checkpoint-coordinator.ts), how the log works (checkpoint room).
 *
 * CF1 A savepoint's own manifest is written before its entry in the log, so that the log never names one that is not there (CK-20).
 * CF3 With the `memory` back end files come inline; they are in the store before the manifest is.
 * CF2 Files of a savepoint that did not come about are deleted only while nothing says it is one.
 */
import { type Log, toErrorInfo } from "../base/index.ts";
import {
  type CheckpointLog,
  type CompleteOutcome,
  dataFolder,
  type LogContents,
  type Manifest,
  type ManifestDraft,
  manifestKey,
  readLog,
  SAVEPOINT_DATA_FOLDER,
  writeSavepointManifest,
} from "../checkpoint/index.ts";
import type { InlineFile } from "../rpc/index.ts";
import { openStore } from "../storage/index.ts";
import type { Turns } from "./turns.ts";

export class CheckpointFiles {
  readonly #log: CheckpointLog;
  readonly #turns: Turns;
  readonly #logger: Log;
  /** Savepoints whose own manifest may be there. */
  readonly #begun = new Set<string>();
  /** Ids of savepoints whose own manifest is there: a path may be asked for twice. */
  readonly #written = new Set<number>();

  constructor(log: CheckpointLog, turns: Turns, logger: Log) {
    this.#log = log;
    this.#turns = turns;
    this.#logger = logger;
  }

  /** `inlineFiles`: what tasks of the `memory` back end sent instead of writing it. May be called again after an error. */
  async complete(draft: ManifestDraft, inlineFiles: readonly InlineFile[]): Promise<CompleteOutcome> {
    const { storeUri } = draft;
    const { store, epoch } = this.#log;
    const folder = `${dataFolder(epoch, draft.checkpointId)}/`;
    for (const file of inlineFiles) {
      const isOfThis = file.storeUri === store.uri && file.key.startsWith(folder);
      if (isOfThis) await store.put(file.key, Buffer.from(file.base64, "base64"));
    }
    if (storeUri !== null && !this.#written.has(draft.checkpointId)) {
      this.#begun.add(storeUri);
      await writeSavepointManifest(await openStore(storeUri), this.#log, draft);
      this.#written.add(draft.checkpointId);
    }
    return this.#log.complete(draft);
  }

  readLog(): Promise<LogContents> {
    return readLog(this.#log.store);
  }

  /** What a person gives to restore from it. */
  locationOf(manifest: Manifest): string {
    return manifest.storeUri ?? this.locationOfSeq(manifest.seq);
  }

  locationOfSeq(seq: number): string {
    return `${this.#log.store.uri}/${manifestKey(seq)}`;
  }

  isInLog(location: string): boolean {
    return location.startsWith(`${this.#log.store.uri}/`) && location.endsWith(".manifest");
  }

  /** Deletes what tasks have written into the folder of a savepoint that failed (CF2). Trouble is logged. */
  removeUnfinishedSavepoint(storeUri: string): void {
    if (this.#begun.has(storeUri)) return;
    this.#turns.effect(
      async () => {
        const store = await openStore(storeUri);
        for (const { key } of await store.list(`${SAVEPOINT_DATA_FOLDER}/`)) await store.delete(key);
      },
      (outcome) => {
        if (outcome.kind === "ok") return;
        const { message } = toErrorInfo(outcome.error);
        this.#logger.warn(
          { storeUri },
          `files of a failed savepoint are left in ${storeUri} and may be deleted: ${message}`,
        );
      },
    );
  }
}
