/**
 * Owns: the end of a job as its store shows it: the object `result`, and then the deletion of what is not to be kept.
 *
 *   result = JSON {version: 1, jobId, status, savepoint, triggerId, failure, endedMs}
 *
 * JOR1 `result` is written before anything is deleted (JM4), and only for ends that a new process must not undo: FINISHED, CANCELED; and
 *     FAILED for an incarnation, which is never started again under its job id. Else a failed job may be started again on its own
 *     root, and goes on from its last checkpoint. It is written by the leader only, once.
 * JOR2 It counts for its job id only: another job in the same folder is another job.
 *     An incarnation's JobManager tries to write it without end: it has not ended before its operator can read how.
 * JOR3 `savepoint` is the one that the job was stopped or drained with, `triggerId` that of the request for it; else null.
 */
import {
  type Clock,
  type ErrorInfo,
  type JobId,
  type Log,
  refuseNewer,
  sleep,
  StreamError,
  toErrorInfo,
} from "../../../base/index.ts";
import { failpoint } from "../../failures/index.ts";
import type { CheckpointLog, Manifest } from "../../checkpoint/index.ts";
import type { ObjectStore } from "../../storage/index.ts";
import type { TerminalStatus } from "../execution/lifecycle.ts";

const RESULT = "result";
const RESULT_VERSION = 1;
/** Together about 6 s; then the job ends all the same, and says what is left behind. */
const ATTEMPTS_MAX = 6;
const DELAY_MAX_MS = 5000;

export type JobResult = {
  readonly jobId: string;
  readonly status: TerminalStatus;
  readonly savepoint: string | null;
  readonly triggerId: string | null;
  /** Of a FAILED job. */
  readonly failure: ErrorInfo | null;
  /** Epoch milliseconds. */
  readonly endedMs: number;
};

/**
 * How the job in this store ended, when an earlier process brought it to its end. `jobId` null: whichever job it is.
 * Errors: STORE_UNAVAILABLE, CHECKPOINT_CORRUPT, FORMAT_TOO_NEW (terminal).
 */
export async function readResult(store: ObjectStore, jobId: JobId | null): Promise<JobResult | null> {
  const bytes = await store.read(RESULT);
  if (bytes === null) return null;
  try {
    const result: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    refuseNewer(`${store.uri}/${RESULT}`, result, RESULT_VERSION);
    if (typeof result !== "object" || result === null || !("jobId" in result) || !("status" in result)) return null;
    if (jobId !== null && result.jobId !== jobId) return null;
    const { status } = result;
    if (status !== "FINISHED" && status !== "CANCELED" && status !== "FAILED") return null;
    const unsaid = { savepoint: null, triggerId: null, failure: null, endedMs: 0 };
    const { version: _, ...said } = result as Partial<JobResult> & { readonly version?: unknown };
    return { ...unsaid, ...said, jobId: String(result.jobId), status };
  } catch (error) {
    if (error instanceof StreamError) throw error;
    throw new StreamError("CHECKPOINT_CORRUPT", `${store.uri}/${RESULT} is damaged: delete it to run the job again`, {
      destiny: "terminal",
      cause: error,
    });
  }
}

/** The bytes of the object `result`. */
export function encodeResult(result: JobResult): Uint8Array {
  return Buffer.from(JSON.stringify({ version: RESULT_VERSION, ...result }));
}

/** The result of a job that has just ended; `newest`: the newest complete manifest of its log. */
export function buildResult(newest: Manifest | null, end: Omit<JobResult, "savepoint" | "triggerId">): JobResult {
  if (newest?.ends === undefined) return { ...end, savepoint: null, triggerId: null };
  return { ...end, savepoint: newest.storeUri, triggerId: newest.triggerId ?? null };
}

export type Conclusion = {
  readonly result: JobResult;
  /** An earlier process has written it already: only deletions may be left to do. */
  readonly isWritten: boolean;
  /** Of an incarnation (JOR1). */
  readonly isIncarnation: boolean;
  /** The job's checkpoints stay. */
  readonly isKept: boolean;
  readonly clock: Clock;
  readonly logger: Log;
};

/** Writes the result and deletes what is not kept. Trouble with the store is logged; being fenced shows in `log.fencedBy`. */
export async function concludeJob(log: CheckpointLog, end: Conclusion): Promise<"kept" | "discarded"> {
  const { result, isKept } = end;
  const attemptsMax = end.isIncarnation ? Number.POSITIVE_INFINITY : ATTEMPTS_MAX;
  // A zombie that finds out only here must not say how the job ended: its successor goes on with it.
  const lead = { what: "ask whether this JobManager still leads", work: () => log.confirmLead() };
  const isLeading = await attempt(lead, attemptsMax, end);
  const isUnsaid = result.status === "FAILED" && !end.isIncarnation;
  if (isUnsaid || !isLeading) return "kept";
  if (!end.isWritten) {
    failpoint("jm:before-result");
    const body = encodeResult(result);
    const write = { what: `write ${log.store.uri}/${RESULT}`, work: () => log.store.put(RESULT, body) };
    if (!(await attempt(write, attemptsMax, end))) return "kept";
    failpoint("jm:after-result");
  }
  if (isKept) return "kept";
  const discard = { what: "delete the job's checkpoints", work: () => log.discardAll() };
  return (await attempt(discard, ATTEMPTS_MAX, end)) ? "discarded" : "kept";
}

async function attempt(
  { what, work }: { readonly what: string; readonly work: () => Promise<unknown> },
  attemptsMax: number,
  { clock, logger }: Pick<Conclusion, "clock" | "logger">,
): Promise<boolean> {
  for (let count = 1; ; count++) {
    try {
      await work();
      return true;
    } catch (error) {
      const info = toErrorInfo(error);
      if (info.code === "FENCED") return false;
      if (count >= attemptsMax) {
        logger.error({ step: what, err: error }, "a step of ending the job failed for good; it is left undone");
        return false;
      }
      await sleep(clock, Math.min(DELAY_MAX_MS, 100 * 2 ** count));
    }
  }
}
