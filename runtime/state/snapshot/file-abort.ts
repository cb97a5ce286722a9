/**
 * Owns: aborting a state file after a failure without losing either of two errors.
 */
import { StreamError } from "../../../base/index.ts";
import type { SnapshotFile } from "../backend.ts";

/** Aborts the file; when that fails too, throws `error` with that said in its message, under its code. */
export async function abortAfter(error: unknown, file: SnapshotFile): Promise<void> {
  try {
    await file.abort();
  } catch (abortError) {
    if (!(error instanceof StreamError))
      throw new AggregateError([error, abortError], "a snapshot failed, and its file could not be removed");
    const why = abortError instanceof Error ? abortError.message : String(abortError);
    throw new StreamError(error.code, `${error.message} (its unfinished file could not be removed either: ${why})`, {
      destiny: error.destiny,
      cause: error,
    });
  }
}
