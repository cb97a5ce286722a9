/**
 * Owns: the end of a job as its store shows it: the object `result`, and then the deletion of what is not to be kept.
 *
 *   result = JSON {jobId, status, endedMs}
 *
 * JR1 `result` is written before anything is deleted (JM4), and only for ends that a new process must not undo: FINISHED, CANCELED.
 *     A failed job may be started again on its own root, and goes on from its last checkpoint.
 *     It is written by the leader only.
 * JR2 It counts for its job id only: another job in the same folder is another job.
 */
import { type Clock, type JobId, type Log, sleep, StreamError, toErrorInfo } from "../base/index.ts";
import type { CheckpointLog } from "../checkpoint/index.ts";
import type { ObjectStore } from "../storage/index.ts";
import type { TerminalStatus } from "./lifecycle.ts";

const RESULT = "result";
/** Together about 6 s; then the job ends all the same, and says what is left behind. */
const ATTEMPTS_MAX = 6;

/** How this job ended, when an earlier process brought it to its end. Errors: STORE_UNAVAILABLE. */
export async function readResult(store: ObjectStore, jobId: JobId): Promise<TerminalStatus | null> {
  const bytes = await store.read(RESULT);
  if (bytes === null) return null;
  try {
    const result: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof result !== "object" || result === null || !("jobId" in result) || !("status" in result)) return null;
    if (result.jobId !== jobId) return null;
    return result.status === "FINISHED" || result.status === "CANCELED" ? result.status : null;
  } catch (error) {
    throw new StreamError("CHECKPOINT_CORRUPT", `${store.uri}/${RESULT} is damaged: delete it to run the job again`, {
      destiny: "terminal",
      cause: error,
    });
  }
}

/** Writes the result and deletes what is not kept. Trouble with the store is logged; being fenced shows in `log.fencedBy`. */
export async function concludeJob(
  log: CheckpointLog,
  end: { readonly status: TerminalStatus; readonly isKept: boolean; readonly clock: Clock; readonly logger: Log },
): Promise<"kept" | "discarded"> {
  const { status, isKept, clock, logger } = end;
  // A zombie that finds out only here must not say how the job ended: its successor goes on with it.
  const isLeading = await attempt("ask whether this JobManager still leads", () => log.confirmLead(), clock, logger);
  if (status === "FAILED" || !isLeading) return "kept";
  const body = Buffer.from(JSON.stringify({ jobId: log.claim.jobId, status, endedMs: clock.nowMs() }));
  const isWritten = await attempt(`write ${log.store.uri}/${RESULT}`, () => log.store.put(RESULT, body), clock, logger);
  if (!isWritten || isKept) return "kept";
  const isDone = await attempt("delete the job's checkpoints", () => log.discardAll(), clock, logger);
  return isDone ? "discarded" : "kept";
}

async function attempt(what: string, work: () => Promise<unknown>, clock: Clock, logger: Log): Promise<boolean> {
  for (let count = 1; ; count++) {
    try {
      await work();
      return true;
    } catch (error) {
      const info = toErrorInfo(error);
      if (info.code === "FENCED") return false;
      if (count === ATTEMPTS_MAX) {
        logger.error({ code: info.code }, `could not ${what}, it is left undone: ${info.message}`);
        return false;
      }
      await sleep(clock, 100 * 2 ** count);
    }
  }
}
