/**
 * Owns: deletions that were asked for, of savepoints and of stores, and how they went.
 *
 * DI1 Nothing grows without bound: only the last DISPOSALS_MAX that have ended are remembered.
 * DI2 Asked again under the id of one that runs or is done, nothing is started; under that of a failed one, it is tried again.
 * DI3 Whoever gives an id asks again until it is done, maybe of a process that was started since: a savepoint that is not there is done
 *    then. Without an id it is a mistake of the caller.
 */
import { type ErrorInfo, type Log, type Random, StreamError, toErrorInfo } from "../../base/index.ts";
import type { DisposalStatusMessage } from "../../contract/index.ts";
import { failureCause } from "./job-messages.ts";
import { RestError } from "./rest-error.ts";

const DISPOSALS_MAX = 64;

type Disposal =
  | { readonly kind: "running" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: ErrorInfo };

export class Disposals {
  readonly #dispose: (location: string) => Promise<void>;
  readonly #random: Random;
  readonly #log: Log;
  readonly #byTrigger = new Map<string, Disposal>();

  constructor(dispose: (location: string) => Promise<void>, random: Random, log: Log) {
    this.#dispose = dispose;
    this.#random = random;
    this.#log = log;
  }

  /** Starts one and gives its trigger id: the one given, or a new one. Errors: RestError 503 when DISPOSALS_MAX are running. */
  start(location: string, given: string | null = null): string {
    const known = given === null ? undefined : this.#byTrigger.get(given);
    if (given !== null && known !== undefined && known.kind !== "failed") return given;
    this.#forgetOldest();
    const triggerId = given ?? this.#random.hex(16);
    this.#byTrigger.set(triggerId, { kind: "running" });
    this.#dispose(location).then(
      () => this.#byTrigger.set(triggerId, { kind: "done" }),
      (error: unknown) => {
        if (given !== null && isGone(error)) return this.#byTrigger.set(triggerId, { kind: "done" });
        this.#log.warn({ location, err: error }, "a deletion that was asked for failed");
        return this.#byTrigger.set(triggerId, { kind: "failed", error: toErrorInfo(error) });
      },
    );
    return triggerId;
  }

  /** null: no such trigger. */
  status(triggerId: string): DisposalStatusMessage | null {
    const disposal = this.#byTrigger.get(triggerId);
    if (disposal === undefined) return null;
    switch (disposal.kind) {
      case "running":
        return { status: { id: "IN_PROGRESS" }, operation: null };
      case "done":
        return { status: { id: "COMPLETED" }, operation: {} };
      case "failed":
        return { status: { id: "COMPLETED" }, operation: { "failure-cause": failureCause(disposal.error) } };
    }
  }

  #forgetOldest(): void {
    if (this.#byTrigger.size < DISPOSALS_MAX) return;
    for (const [triggerId, disposal] of this.#byTrigger) {
      if (disposal.kind === "running") continue;
      this.#byTrigger.delete(triggerId);
      return;
    }
    throw new RestError(503, [`${DISPOSALS_MAX} disposals are running; try again when one has ended`]);
  }
}

/** DI3 */
const isGone = (error: unknown): boolean => error instanceof StreamError && error.code === "SAVEPOINT_NOT_FOUND";
