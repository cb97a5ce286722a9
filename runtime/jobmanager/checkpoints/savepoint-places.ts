/**
 * Owns: which places a request may have this JobManager write a savepoint to, or delete one from (SEC-11).
 * Not here: how a place may be written (contract/location.ts), opening it (storage). Called by: trigger-desk.ts, job-manager.ts.
 *
 * SVP1 With prefixes, a place is one of them or lies below one, by its canonical URI: folders that begin alike are not below each other.
 * SVP2 Without, whoever may ask may name any place that the process can reach, as on a person's own machine.
 */
import { StreamError } from "../../../base/index.ts";
import { locationTrouble } from "../../../contract/index.ts";
import { storeUriOf } from "../../storage/index.ts";

/** `prefixes` null: SVP2. Errors: OPTION_INVALID. */
export function assertSavepointPlace(location: string, prefixes: readonly string[] | null): void {
  const trouble = locationTrouble(location);
  if (trouble !== null) throw refused(`the location ${JSON.stringify(location)} ${trouble}`);
  if (prefixes === null) return;
  const uri = storeUriOf(location);
  const isBelow = (prefix: string): boolean => uri === prefix || uri.startsWith(`${prefix}/`);
  if (prefixes.map(storeUriOf).some(isBelow)) return;
  const allowed = prefixes.length === 0 ? "nowhere" : prefixes.join(", ");
  throw refused(`savepoints of this job may be in ${allowed}, and ${location} is not below that`);
}

function refused(text: string): StreamError {
  return new StreamError("OPTION_INVALID", text, { destiny: "terminal" });
}
