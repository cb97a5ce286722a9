/**
 * Owns: when a process that has never worked is given up.
 * Called by: local-cluster.ts.
 *
 * SIP1 A process that was started STARTS_MAX times and has never served will not do it the next time: the code, the memory or the machine is not as it has to be. The job has
 *     failed, with what the process said last, or with where its log is.
 */
import { type ErrorInfo, StreamError, toErrorInfo } from "../../base/index.ts";

type SilentProcess = {
  /** As people call it. */
  readonly name: string;
  readonly code: "JOB_MANAGER_LOST" | "TASK_MANAGER_LOST";
  readonly startCount: number;
  readonly logFile: string;
  /** What it could not start with, when it came to say that. */
  readonly refusal: ErrorInfo | null;
};

const STARTS_MAX = 10;

/** Null: it is worth another start. */
export function refusalOfSilence({ name, code, startCount, logFile, refusal }: SilentProcess): ErrorInfo | null {
  if (startCount < STARTS_MAX) return null;
  const why = refusal === null ? "" : `: ${refusal.message}`;
  const text = `the ${name} process does not start (${startCount} times)${why}; see ${logFile}`;
  return toErrorInfo(new StreamError(code, text, { destiny: "terminal" }));
}
