/**
 * Owns: how a failure of the file system becomes a StreamError that says what was done, where, and what to do.
 */
import { StreamError } from "../../base/index.ts";

export function errorCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : undefined;
}

/** STORE_FULL for a full disk or quota, STORE_UNAVAILABLE for the rest; a StreamError is passed through. */
export function storeError(doing: string, path: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  const code = errorCodeOf(cause);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StreamError(
      "STORE_FULL",
      `could not ${doing} ${path}: no space left on the device (${code}); free some space, the write is tried again with the next checkpoint`,
      { cause },
    );
  }
  const advice =
    code === "EACCES" || code === "EPERM" || code === "EROFS"
      ? "give this process the right to write there, or choose another directory"
      : "check that the directory exists and is healthy; the call is retried";
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StreamError("STORE_UNAVAILABLE", `could not ${doing} ${path}: ${reason}; ${advice}`, { cause });
}
