/**
 * Owns: what operators over bounded inputs say of rows that memory does not hold: how many bytes went into files, and why there is no checkpoint while they are there.
 * Called by: operators that spill.
 */
import { StreamError } from "../../../base/index.ts";
import type { OperatorContext } from "../../ports/index.ts";

/** To be told of each block that is written. */
export function spilledBytes({ metrics }: Pick<OperatorContext, "metrics">): (bytes: number) => void {
  const counter = metrics.counter("numBytesSpilled");
  return (bytes) => counter.inc(bytes);
}

/** For `prepareSnapshot`. */
export function spilledState(): StreamError {
  return new StreamError(
    "STATE_SPILLED",
    "rows of a batch query are in local files, which no checkpoint has. Until its result is out there is none; a failure starts the query again",
  );
}

/** The same where they are in memory: a checkpoint would need several times as much. */
export function unsavedState(): StreamError {
  return new StreamError(
    "STATE_SPILLED",
    "the sort of a batch query has more rows than go into a checkpoint within its memory. Until its result is out there is none; a failure starts the query again",
  );
}
