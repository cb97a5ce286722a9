/**
 * Owns: the port of what finds a source's splits while the job runs, and assigns them to its readers. The idea is Flink's SplitEnumerator.
 * Not here: readers and splits themselves (source.ts). Called by: the JobManager, which has one for each source (jobmanager/sources).
 *
 * SPE1 Its methods are synchronous, and never called while one of them, or a `handle` of `callAsync`, still runs.
 * SPE2 A split belongs to the reader from the moment `assign` is called with it: a `snapshot` afterwards must not hold it. What is found and not
 *     assigned has to be in the snapshot: what is in neither is lost, what is in both is read twice.
 * SPE3 Splits that a reader did not have in the checkpoint that it restarts from come back by `addSplitsBack`, before its next attempt
 *     comes by `addReader`. An enumerator is only restored with the whole job: by another JobManager, or after it failed itself.
 * SPE4 Splits and the state are plain JSON.
 */
import type { Duration } from "../../base/index.ts";
import type { SourceContext } from "./source.ts";

/** `S`: the split. `E`: the enumerator's state. */
export interface SplitEnumerator<S, E = unknown> {
  /** Called once, first; no reader is there yet. */
  start?(): void;
  /**
   * A reader runs: at a start, and again after each restart. `splits`: what it was restored with, with positions; empty for one that started
   * without state.
   */
  addReader?(subtask: number, splits: readonly S[]): void;
  /** The reader has called `requestSplits`. */
  handleSplitRequest?(subtask: number): void;
  /** The reader of this subtask failed before a checkpoint held these splits: assign them again, to whichever reader. */
  addSplitsBack(splits: readonly S[], subtask: number): void;
  /** What a later enumerator needs to go on: splits that are not assigned, and what tells new from known ones (SPE2). */
  snapshot(checkpointId: number): E;
  onCheckpointComplete?(checkpointId: number): void;
  close?(): void | Promise<void>;
}

export type RestoredEnumerator<E> =
  /** The job starts without state, or this source is new in it. */
  | { readonly kind: "none" }
  /** What `snapshot` gave. */
  | { readonly kind: "state"; readonly state: E }
  /** The source had no enumerator when the state was taken: only readers have splits, and `addReader` tells which. */
  | { readonly kind: "readersOnly" };

export type EnumeratorContext<S, E = unknown> = SourceContext & {
  readonly restored: RestoredEnumerator<E>;
  /** The subtasks whose readers run now, in order: those that splits may be assigned to. */
  readers(): readonly number[];
  /** Gives a reader splits (SPE2). Errors: its reader does not run now, or was told that no more come. */
  assign(subtask: number, splits: readonly S[]): void;
  /** A reader gets no more splits: it ends when it has read those that it has. Holds for this attempt of the reader. */
  noMoreSplits(subtask: number): void;
  /**
   * Calls `call` outside of the enumerator, and then `handle` with what it gave (SPE1). `every`: once more so long after each `handle`.
   * What either throws fails the source; nothing is called after `close`.
   */
  callAsync<R>(call: () => Promise<R> | R, handle: (result: R) => void, every?: Duration): void;
  /** Tells the engine that finding splits failed: the job restarts from its last checkpoint, or fails, as its restart strategy says. */
  fail(error: unknown): void;
};
