/**
 * Owns: what went wrong in this job, for people: at most 32 entries, newest first.
 *
 * EH1 An echo is a failure of a region that is being stopped because of another one. It is entered only if it says something new:
 *    not a broken data connection, which is what the failure of one task looks like from the next, and nothing that was
 *    entered since that other one.
 */
import type { ErrorInfo } from "../../../base/index.ts";
import type { ExceptionEntry } from "../control.ts";

const ENTRIES_MAX = 32;

export class ExceptionHistory {
  readonly #entries: ExceptionEntry[] = [];
  /** How many entries belong to the failure being handled. */
  #concurrent = 0;

  /** A failure that something is done about. */
  add(entry: ExceptionEntry): void {
    this.#concurrent = 0;
    this.#enter(entry);
  }

  addEcho(entry: ExceptionEntry): void {
    if (entry.error.code === "CONNECTION_LOST") return;
    const known = this.#entries.slice(0, this.#concurrent);
    if (!known.some(({ error }) => isSame(error, entry.error))) this.#enter(entry);
  }

  /** Newest first. */
  view(): readonly ExceptionEntry[] {
    return [...this.#entries];
  }

  #enter(entry: ExceptionEntry): void {
    this.#concurrent = Math.min(this.#concurrent + 1, ENTRIES_MAX);
    this.#entries.unshift(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.pop();
  }
}

function isSame(left: ErrorInfo, right: ErrorInfo): boolean {
  return left.name === right.name && left.code === right.code && left.message === right.message;
}
