/**
 * Owns: what went wrong in this job, for people: at most 32 entries, newest first.
 *
 * X1 Failures that are only echoes of one being handled are counted with it by the caller, not entered here again when they
 *    say the same about the same task.
 */
import type { ErrorInfo } from "../base/index.ts";
import type { ExceptionEntry } from "./control.ts";

const ENTRIES_MAX = 32;

export class ExceptionHistory {
  readonly #entries: ExceptionEntry[] = [];

  add(entry: ExceptionEntry): void {
    const last = this.#entries[0];
    if (last !== undefined && isSame(last, entry)) return;
    this.#entries.unshift(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.pop();
  }

  /** Newest first. */
  view(): readonly ExceptionEntry[] {
    return [...this.#entries];
  }
}

function isSame(left: ExceptionEntry, right: ExceptionEntry): boolean {
  return left.timeMs === right.timeMs && left.taskName === right.taskName && sameError(left.error, right.error);
}

function sameError(left: ErrorInfo, right: ErrorInfo): boolean {
  return left.name === right.name && left.message === right.message;
}
