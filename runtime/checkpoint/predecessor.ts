/**
 * Owns: taking over from another incarnation: the fence that ends its log (MA4), written by the one that goes on from it.
 * Not here: which state that is (restore.ts), who its predecessors are (the JobManager's activation).
 *
 * PRE1 When it resolved, nothing that the predecessor writes counts any more, and none of its JobManagers ever leads again.
 * PRE2 The predecessor may be starting at the same moment: whoever claims the higher epoch wins that round, and the successor goes
 *     on until it is the one.
 */
import { StreamError } from "../../base/index.ts";
import { failpoint } from "../failures/index.ts";
import type { ObjectStore } from "../storage/index.ts";
import { writeFence } from "./checkpoint-log.ts";
import { type ClaimOptions, claimEpoch } from "./epoch.ts";
import { assertReadable, type LogContents, readLog, successorFence } from "./log-contents.ts";

const ROUNDS_MAX = 100;

/**
 * Ends the log in `store`; `options` are the successor's. Gives what the log holds, for resolveRestore with the epoch of its head.
 * May be called again. Errors: FORMAT_TOO_NEW, STORE_UNAVAILABLE, STORE_FULL.
 */
export async function fencePredecessor(
  store: ObjectStore,
  options: ClaimOptions & { readonly jobName: string },
): Promise<{ readonly contents: LogContents; readonly epoch: number }> {
  const before = await readLog(store);
  assertReadable(before);
  const fence = successorFence(before);
  // An earlier JobManager of this incarnation has done it, and nobody has written since.
  if (fence?.successor === options.jobId && before.entries.at(-1)?.seq === fence.seq) {
    return { contents: before, epoch: fence.epoch };
  }
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const claim = await claimEpoch(store, options);
    failpoint("jm:before-predecessor-fence");
    const outcome = await writeFence(claim, { jobName: options.jobName, asSuccessor: true });
    if (outcome.kind === "fenced") continue;
    return { contents: outcome.log.contents, epoch: claim.epoch };
  }
  throw new StreamError(
    "STORE_UNAVAILABLE",
    `could not fence the log in ${store.uri}: its own JobManager was started again ${ROUNDS_MAX} times meanwhile; stop that job`,
  );
}
