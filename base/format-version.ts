/**
 * Owns: what a reader says to something that is written in a newer form than it knows.
 * Not here: the forms themselves; docs/formats.md lists them. Called by: whoever reads what another version may have written.
 *
 * FV1 A version is a whole number from 1. It is raised when a reader of today would misread what is written tomorrow, and only then.
 * FV2 A reader looks at the version before anything else, and refuses a newer one with both versions and what to do. It neither repairs nor
 *     replaces nor deletes what it cannot read, and takes nothing older instead.
 * FV3 A later program reads every version that was ever written: test/golden holds one file of each.
 */
import { StreamError } from "./errors.ts";

/** The refusal of version `found` of `what`, a thing with its place. */
export function newerFormat(what: string, found: number, reads: number): StreamError {
  return new StreamError(
    "FORMAT_TOO_NEW",
    `${what} is of version ${found}, and this program reads version ${reads}: use the StreamJob that wrote it, or a newer one`,
    { destiny: "terminal" },
  );
}

/** Refuses JSON whose field `version` is above `reads`. Whatever else is wrong with it is for its schema. Errors: FORMAT_TOO_NEW. */
export function refuseNewer(what: string, json: unknown, reads: number): void {
  if (typeof json !== "object" || json === null || !("version" in json)) return;
  const { version } = json;
  if (typeof version === "number" && Number.isInteger(version) && version > reads) {
    throw newerFormat(what, version, reads);
  }
}
