/**
 * Owns: the span of one call of a user's function, in which what it was given may be used; and what is said when that is broken.
 * Called by: the operators that hand out a context or an emitter.
 *
 * UC1 Context and emitter end with the call: used by a promise or a timeout of the function's own they would speak of whatever
 *     record came last. Keyed state and timers end with the task's turn (KC4), in which nothing of that sort can run.
 * UC2 Nothing is awaited per record, so a promise is no result and no record: it fails the task, wherever it comes back.
 */
import { isPromiseLike, StreamError } from "../../base/index.ts";
import type { OperatorContext } from "../ports/index.ts";

const REMEDY = "do what has to wait for a promise in mapAsync, before this operator";

export class UserCall {
  /** Set by the operator around each call. */
  isOpen = false;
  /** The call is for a record of the broadcast stream, and all subtasks make it. */
  isOfBroadcast = false;
  readonly #where: string;

  constructor(context: Pick<OperatorContext, "name" | "uid">) {
    this.#where = `${context.name} (uid ${context.uid})`;
  }

  /** `what`: of the context, or the emitter. */
  late(what: string): StreamError {
    return new StreamError(
      "USED_OUT_OF_TURN",
      `${this.#where}: ${what} was used after the call that it belongs to had returned, in a promise or a timeout of the function's own; use it before the function returns, and ${REMEDY}`,
      { destiny: "terminal" },
    );
  }

  /** Broadcast state was written where only one subtask does. */
  broadcastOnly(state: string): StreamError {
    return new StreamError(
      "USER_FUNCTION_FAILED",
      `${this.#where}: broadcast state "${state}" was written outside processBroadcast; only one subtask processes this record, so the subtasks would no longer hold the same state; write it in processBroadcast`,
      { destiny: "terminal" },
    );
  }

  /** Something was asked for that is not to be had: `what`, because of `why`. */
  refused(what: string, why: string): StreamError {
    return new StreamError("USER_FUNCTION_FAILED", `${this.#where}: ${what} was called, but ${why}`, {
      destiny: "terminal",
    });
  }

  /** Throws when `result` is a promise; `what`: where it came from, such as `the function`. */
  refusePromise(what: string, result: unknown): void {
    if (isPromiseLike(result)) throw this.promised(what);
  }

  /** The timestamp that a function gave a record; throws when it is no number. */
  checkTimestamp(timestamp: number): number {
    if (typeof timestamp === "number" && !Number.isNaN(timestamp)) return timestamp;
    throw new StreamError(
      "USER_FUNCTION_FAILED",
      `${this.#where}: out.collectAt was given the timestamp ${String(timestamp)}; it takes epoch milliseconds, and out.collect(value) keeps the record's`,
      { destiny: "terminal" },
    );
  }

  /** A result that means nothing, where somebody seems to have meant something. */
  returned(hook: string, what: string): StreamError {
    return new StreamError(
      "USER_FUNCTION_FAILED",
      `${this.#where}: ${hook} returned ${what}, which is not emitted; call \`out.collect\` for each record${hook.startsWith("process") ? `, or return a generator (*${hook})` : ""}`,
      { destiny: "terminal" },
    );
  }

  promised(what: string): StreamError {
    return new StreamError(
      "USER_FUNCTION_FAILED",
      `${this.#where}: ${what} is a promise, but nothing is awaited per record; return a plain value, and ${REMEDY}`,
      { destiny: "terminal" },
    );
  }
}
