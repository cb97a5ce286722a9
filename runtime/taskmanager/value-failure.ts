/**
 * Owns: the words that a failure about values is missing when it is thrown far from the task: who, and what to do.
 */
import { StreamError } from "../base/index.ts";

/** V8's texts for writing to something frozen. */
const FROZEN = /read only property|object is not extensible|Cannot delete property|Cannot redefine property/;

/** The message of what a user function threw; for a change of something frozen, also why it is. */
export function userFailureText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof TypeError && FROZEN.test(message))) return message;
  return `${message}: records are frozen once they were emitted, because other operators and the state may hold the same object; make a new one ({ ...record, field: value }), or copy it before it is changed`;
}

/** A refused key or value, with the task where the message names no operator. */
export function withTask(error: StreamError, task: string): StreamError {
  const isAboutValue = error.code === "KEY_INVALID" || error.code === "VALUE_NOT_SERIALIZABLE";
  if (!isAboutValue || error.message.includes('operator "')) return error;
  return new StreamError(error.code, `${task}: ${error.message}`, { destiny: error.destiny, cause: error });
}
