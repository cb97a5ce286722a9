/**
 * Owns: how a failure of the file system under a files sink becomes a StreamError that says what to do.
 */
import { StreamError } from "../../../base/index.ts";

export function errorCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : undefined;
}

/** STORE_FULL for a full disk or quota, SINK_FAILED for the rest; a StreamError is passed through. */
export function fileError(sink: string, doing: string, path: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  const code = errorCodeOf(cause);
  if (code === "ENOSPC" || code === "EDQUOT") {
    const message = `sink ${sink}: could not ${doing} ${path}: no space left (${code}); free some space, the records are written again after the restart`;
    return new StreamError("STORE_FULL", message, { cause });
  }
  const advice =
    code === "EACCES" || code === "EPERM" || code === "EROFS"
      ? "give this process the right to write there, or choose another directory"
      : code === "EEXIST" || code === "ENOTDIR"
        ? "a file stands in the way; move it, or choose another directory"
        : "check that the directory is there and healthy";
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StreamError("SINK_FAILED", `sink ${sink}: could not ${doing} ${path}: ${reason}; ${advice}`, { cause });
}
