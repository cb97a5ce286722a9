/**
 * Owns: finding out from the log whether a manifest in doubt exists: one whose write was never answered.
 * Not here: when that is asked, and what the answer leads to (checkpoint-protocol.ts: CC4, CC7).
 *
 * MIQ1 The log is asked again, ever less often, until it answers: nothing is assumed, since what is assumed wrongly loses state.
 * MIQ2 An empty log is no answer: a fence of this JobManager was written, so the store does not show what it has.
 */
import { type Log, StreamError } from "../../../base/index.ts";
import {
  type CheckpointLog,
  type FencedBy,
  type LogContents,
  type Manifest,
  readLog,
  resolveRestore,
} from "../../checkpoint/index.ts";
import type { Turns } from "../turns.ts";
import { longerDelay, RETRY_DELAY_MIN_MS } from "./checkpoint-protocol.ts";

/** What the log says is to be restored from now. */
export type LogAnswer =
  | { readonly kind: "newest"; readonly manifest: Manifest; readonly mustCommit: boolean }
  /** Nothing that can be restored. */
  | { readonly kind: "none" }
  | { readonly kind: "fenced"; readonly by: FencedBy };

/** To be asked by the holder of `epoch`. */
export function answerOf(contents: LogContents, epoch: number): LogAnswer {
  const decision = resolveRestore(contents, epoch, { sinksAllowReplay: false });
  if (decision.kind === "fenced") return decision;
  if (decision.kind !== "restore") return { kind: "none" };
  return { kind: "newest", manifest: decision.manifest, mustCommit: decision.mustCommit };
}

export type InquiryOptions = {
  readonly epoch: number;
  readonly log: CheckpointLog;
  readonly turns: Turns;
  readonly logger: Log;
};

export class ManifestInquiry {
  readonly #options: InquiryOptions;

  constructor(options: InquiryOptions) {
    this.#options = options;
  }

  /** Has the log decide for good (CL4). `isClosed`: it is asked no more; the answer is then null. `done` is called in a turn. */
  settle(id: number, isClosed: () => boolean, done: (answer: LogAnswer | null) => void): void {
    const { log, turns, logger, epoch } = this.#options;
    const ask = (delayMs: number): void =>
      turns.effect(
        () => log.settle(),
        (outcome) => {
          if (log.fencedBy !== null) return done({ kind: "fenced", by: log.fencedBy });
          if (outcome.kind === "ok") return done(answerOf(outcome.value, epoch));
          if (isClosed()) return done(null);
          logger.warn(
            { checkpointId: id, delayMs, err: outcome.error },
            "it is unknown whether the job was stopped, as its log cannot be read; retrying",
          );
          turns.after(delayMs, () => ask(longerDelay(delayMs)));
        },
      );
    ask(RETRY_DELAY_MIN_MS);
  }

  /** Reads the log until it answers. `isMoot`: nobody wants to know any more. `done` is called in a turn. */
  learn(id: number, isMoot: () => boolean, done: (answer: LogAnswer) => void): void {
    const { turns, logger, epoch } = this.#options;
    const ask = (delayMs: number): void =>
      turns.effect(
        () => this.#read(),
        (outcome) => {
          if (isMoot()) return;
          if (outcome.kind === "ok") return done(answerOf(outcome.value, epoch));
          logger.warn(
            { checkpointId: id, delayMs, err: outcome.error },
            "it is unknown whether a checkpoint's manifest exists, as the log cannot be read; retrying",
          );
          turns.after(delayMs, () => ask(longerDelay(delayMs)));
        },
      );
    ask(RETRY_DELAY_MIN_MS);
  }

  async #read(): Promise<LogContents> {
    const { store } = this.#options.log;
    const contents = await readLog(store);
    // MIQ2
    if (contents.entries.length > 0) return contents;
    throw new StreamError(
      "STORE_UNAVAILABLE",
      `${store.uri} lists no manifest, although there was one; check that nothing else deletes files there`,
    );
  }
}
