/**
 * Owns: asking for one commit until it is settled: the outcomes of EO-3.
 * Not here: which transactions are committed, and when (two-phase-commit-operator.ts).
 *
 * COA1 It resolves only when the transaction is committed. Nothing is dropped: what cannot be committed fails the job with the
 *     reason, for good; what could not be committed for RETRY_MS_MAX fails the task, and is asked for again after the restore.
 * COA2 After `close` nothing is asked any more, and what was waiting rejects: it was not committed.
 */
import { readDelay, StreamError, type Timer, unreachable } from "../../../base/index.ts";
import { failpoint } from "../../failures/index.ts";
import type { CommitOutcome, OperatorContext } from "../../ports/index.ts";

/** How long a commit may be put off, all attempts together. */
const RETRY_MS_MAX = 120_000;
const WAIT_MS_MIN = 1;
const WAIT_MS_MAX = 30_000;

type Where = Pick<OperatorContext, "name" | "uid" | "subtask" | "clock" | "log">;

/** The commits of one subtask. */
export class CommitAttempts {
  readonly #where: Where;
  readonly #waiting = new Map<Timer, (reason: StreamError) => void>();
  #closed = false;

  constructor(where: Where) {
    this.#where = where;
  }

  /** Calls `commit` until it says that the transaction is committed. `what`: the transaction in words, for messages. */
  async settle(what: string, commit: () => Promise<CommitOutcome>): Promise<void> {
    const { clock, log } = this.#where;
    const startedMs = clock.monotonicMs();
    for (;;) {
      if (this.#closed)
        throw this.#error(`the task was closed before ${what} was committed; it is committed after the restore`);
      failpoint("tm:before-commit");
      const outcome = await commit();
      failpoint("tm:after-commit");
      switch (outcome.kind) {
        case "committed":
          return;
        case "alreadyCommitted":
          log.info({ transaction: what }, "the transaction was already committed");
          return;
        case "impossible":
          throw this.#error(
            `${what} can no longer be committed, its records would be missing: ${outcome.reason}`,
            "terminal",
          );
        case "retryLater": {
          const waitMs = Math.min(Math.max(readDelay(outcome.after, `${what}: retryLater`), WAIT_MS_MIN), WAIT_MS_MAX);
          const spentMs = clock.monotonicMs() - startedMs;
          if (spentMs + waitMs > RETRY_MS_MAX) {
            throw this.#error(
              `${what} could not be committed for ${Math.round(spentMs)} ms (it is tried again after the restore): ${outcome.reason}`,
            );
          }
          log.warn(
            { transaction: what, delayMs: waitMs, reason: outcome.reason },
            "the sink delays a commit; retrying",
          );
          await this.#wait(waitMs);
          break;
        }
        default:
          unreachable(outcome);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const [timer, reject] of this.#waiting) {
      timer.cancel();
      reject(this.#error("the task was closed while a commit was waiting; it is committed after the restore"));
    }
    this.#waiting.clear();
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#where.clock.after(waitMs, () => {
        this.#waiting.delete(timer);
        resolve();
      });
      this.#waiting.set(timer, reject);
    });
  }

  #error(message: string, destiny: "retry" | "terminal" = "retry"): StreamError {
    const { name, uid, subtask } = this.#where;
    return new StreamError("SINK_FAILED", `${name} (uid ${uid}, subtask ${subtask}): ${message}`, { destiny });
  }
}
