/**
 * Owns: whether the log in a store is of the job that the store belongs to, and the refusal when it is not.
 *
 * LOW1 Whatever is in the log must be of its owner, or a successor's fence. A foreign fence would do as much harm as a foreign
 *     checkpoint: it says which state is the newest.
 */
import { type JobId, StreamError } from "../../../base/index.ts";
import { type LogContents, manifestKey } from "../../checkpoint/index.ts";

/** Errors (terminal): RESTORE_REFUSED. */
export function assertOwner({ storeUri, entries }: LogContents, owner: JobId): void {
  for (const entry of entries) {
    if (entry.kind !== "manifest") continue;
    const { successor, jobId: writer } = entry.manifest;
    if (successor === undefined ? writer === owner : successor !== owner) continue;
    const asWhat = successor === undefined ? "" : ", as its own successor";
    throw new StreamError(
      "RESTORE_REFUSED",
      `${storeUri}/${manifestKey(entry.seq)} belongs to job ${writer}${asWhat}, but ${storeUri} belongs to job ${owner}: something was copied there. ` +
        "Remove it, or restore from a savepoint",
      { destiny: "terminal" },
    );
  }
}
