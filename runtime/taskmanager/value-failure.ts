/**
 * Owns: the words that are missing when a function changes what is frozen: why it is, and what to do.
 */
import { thrownText } from "../../base/index.ts";

/** V8's texts for writing to something frozen. */
const FROZEN = /read only property|object is not extensible|Cannot delete property|Cannot redefine property/;

/** The message of what a user function threw; for a change of something frozen, also why it is. */
export function userFailureText(error: unknown): string {
  const message = error instanceof Error ? error.message : thrownText(error);
  if (!(error instanceof TypeError && FROZEN.test(message))) return message;
  return `${message}: records are frozen once they were emitted, because other operators and the state may hold the same object; make a new one ({ ...record, field: value }), or copy it before it is changed`;
}
