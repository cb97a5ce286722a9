/**
 * Owns: looking for the files that a restart is to read, when a task has not found one of them.
 * Not here: what a TaskManager verifies (storage/verified-read.ts), the look before the job is deployed (found-state.ts).
 *
 * SIQ1 That one process does not find a file ends nothing: a pod that was deleted by force lives on for a moment without its volumes. Only
 *     what this JobManager does not find either is lost, and fails the job: every restart would end the same way.
 * SIQ2 While a question is open nothing is deployed (`isSure`). A store that does not answer is asked again without end, as by LEW2.
 * SIQ3 A file is missing only in a store that shows this JobManager's own newest manifest: one that does not is not mounted here, and a
 *     successor may have deleted what a zombie misses.
 */
import { type Log, StreamError } from "../../../base/index.ts";
import { type CheckpointLog, type FencedBy, findDamage } from "../../checkpoint/index.ts";
import { openStore } from "../../storage/index.ts";
import type { Turns } from "../turns.ts";
import type { RestorePoint } from "./restore-point.ts";

const RETRY_DELAY_MIN_MS = 100;
const RETRY_DELAY_MAX_MS = 5000;
/** More than that help nobody. */
const NAMED_MAX = 3;

export type StateInquiryOptions = {
  readonly log: Pick<CheckpointLog, "confirmLead" | "fencedBy" | "store">;
  /** What a restart would begin from. */
  readonly point: () => Pick<RestorePoint, "storedFiles">;
  readonly turns: Turns;
  readonly logger: Log;
  readonly onFenced: (by: FencedBy) => void;
  /** In a turn. */
  readonly onLost: (error: StreamError) => void;
};

export class StateInquiry {
  readonly #options: StateInquiryOptions;
  #isAsking = false;

  constructor(options: StateInquiryOptions) {
    this.#options = options;
  }

  get isSure(): boolean {
    return !this.#isAsking;
  }

  /** To be called in a turn; until the answer is there `isSure` is false. */
  ask(): void {
    if (!this.#isAsking) this.#call(RETRY_DELAY_MIN_MS);
  }

  #call(delayMs: number): void {
    const { log, point, turns, logger, onFenced, onLost } = this.#options;
    this.#isAsking = true;
    const stores = point().storedFiles();
    turns.effect(
      () => this.#look(stores),
      (outcome) => {
        if (log.fencedBy !== null) return onFenced(log.fencedBy);
        if (outcome.kind === "ok") {
          this.#isAsking = false;
          if (outcome.value.length > 0) onLost(lost(outcome.value));
          else logger.warn({}, "a task did not find a file of its state, which is there; it is restarted");
          return;
        }
        logger.warn({ delayMs, err: outcome.error }, "the store cannot be asked for the files of the state; retrying");
        turns.after(delayMs, () => this.#call(Math.min(RETRY_DELAY_MAX_MS, delayMs * 2)));
      },
    );
  }

  async #look(stores: ReturnType<RestorePoint["storedFiles"]>): Promise<readonly string[]> {
    const { log } = this.#options;
    const damage: string[] = [];
    for (const [uri, files] of stores) {
      const store = uri === log.store.uri ? log.store : await openStore(uri);
      damage.push(...(await findDamage(store, { files })));
    }
    // SIQ3
    if (damage.length > 0) await log.confirmLead();
    return damage;
  }
}

function lost(damage: readonly string[]): StreamError {
  const more = damage.length > NAMED_MAX ? `; and ${damage.length - NAMED_MAX} more` : "";
  const text = `the state cannot be restored: ${damage.slice(0, NAMED_MAX).join("; ")}${more}; restore from another checkpoint or savepoint`;
  return new StreamError("CHECKPOINT_CORRUPT", text, { destiny: "terminal" });
}
