/**
 * Owns: the refusal of misspelt names in objects that job modules pass: Node strips types without checking them.
 */
import { StreamError } from "../../base/index.ts";

/** Throws OPTION_UNKNOWN for the first name of `given` that is not known; `where`: for the message. */
export function rejectUnknownNames(where: string, given: object, known: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new StreamError("OPTION_INVALID", `${where}: expected an object with ${known.join(", ")}`, {
      destiny: "terminal",
    });
  }
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new StreamError("OPTION_UNKNOWN", `${where}: there is no option "${unknown}"; there are ${known.join(", ")}`, {
    destiny: "terminal",
  });
}
