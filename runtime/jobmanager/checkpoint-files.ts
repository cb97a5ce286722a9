/**
 * Owns: what the coordinator does with stores: a checkpoint's manifest, or a savepoint's own manifest and then its entry in the log.
 * Not here: when (checkpoint-coordinator.ts), how the log works (checkpoint room).
 *
 * CF1 A savepoint's own manifest is written before its entry in the log, so that the log never names one that is not there (CK-20).
 * CF2 Files of a savepoint that did not come about are deleted only while nothing says it is one.
 */
import { type Log, toErrorInfo } from "../base/index.ts";
import {
  type CheckpointLog,
  type CompleteOutcome,
  type LogContents,
  type Manifest,
  type ManifestDraft,
  manifestKey,
  readLog,
  SAVEPOINT_DATA_FOLDER,
  writeSavepointManifest,
} from "../checkpoint/index.ts";
import { openStore } from "../storage/index.ts";
import type { Turns } from "./turns.ts";

export class CheckpointFiles {
  readonly #log: CheckpointLog;
  readonly #turns: Turns;
  readonly #logger: Log;
  /** Savepoints whose own manifest may be there. */
  readonly #begun = new Set<string>();
  readonly #written = new Set<string>();

  constructor(log: CheckpointLog, turns: Turns, logger: Log) {
    this.#log = log;
    this.#turns = turns;
    this.#logger = logger;
  }

  /** May be called again with the same draft after an error. */
  async complete(draft: ManifestDraft): Promise<CompleteOutcome> {
    const { storeUri } = draft;
    if (storeUri !== null && !this.#written.has(storeUri)) {
      this.#begun.add(storeUri);
      await writeSavepointManifest(await openStore(storeUri), this.#log, draft);
      this.#written.add(storeUri);
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
        this.#logger.warn({ storeUri }, `files of a failed savepoint are left in ${storeUri} and may be deleted: ${message}`);
      },
    );
  }
}
