/**
 * Owns: the port of a source. A source is cut into splits; each reader subtask reads some, and their positions are the state.
 *
 * SO1 Splits are found in the JobManager. `discover` runs once, when the job starts without state; after that the readers' snapshots are the
 *     truth, and splits are shared out round-robin over the new parallelism. `createEnumerator` makes what finds splits while the job runs, and
 *     assigns them (split-enumerator.ts). A source has one or the other.
 * SO2 `poll` is synchronous and short: at most `maxRecords` records or about a millisecond of work.
 * SO4 A reader of a source with an enumerator ends only after `noMoreSplits`: until then, its "end" means "nothing now".
 * SO3 `snapshot` is the position after the last record that `poll` collected: restored there, nothing is lost or read twice.
 */
import type { Clock, Duration, Log } from "../../base/index.ts";
import type { ColumnBatch, ValueType } from "../record/index.ts";
import type { MetricGroup } from "./metrics.ts";
import type { EnumeratorContext, SplitEnumerator } from "./split-enumerator.ts";

/** What a reader collects into. */
export interface SourceOutput<T> {
  /** `timestamp`: event time in epoch milliseconds, or NO_TIMESTAMP. */
  collect(value: T, timestamp: number): void;
  /** @internal Records as columns, with their timestamps: `batch.count` of `maxRecords`. It is the reader's again when this returns (CBA1). */
  collectBatch(batch: ColumnBatch): void;
}

export type PollResult =
  /** There may be more at once. */
  | "more"
  /** Nothing now: `wake` is called when there is. */
  | "idle"
  /** Nothing, ever. */
  | "end";

export type SourceContext = {
  readonly name: string;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly log: Log;
};

export type ReaderContext<S> = SourceContext & {
  readonly subtask: number;
  /** Of this reader; `discover`, which runs in the JobManager, has none. */
  readonly metrics: MetricGroup;
  /** This reader's share, with positions as snapshot gave them. Empty: `poll` answers `end` (bounded) or `idle`. */
  readonly splits: readonly S[];
  /** Tells the task that `poll` has something; may be called at any time from any callback, more than once. */
  wake(): void;
  /** Tells the task that reading failed; the task fails with it. */
  fail(error: unknown): void;
  /** Wakes after `delay`: for rates and polling. A number below 0 is 0. Errors: OPTION_INVALID. */
  wakeAfter(delay: Duration): void;
  /** The split of this name is to be read: it holds back the watermark of this reader until it is idle or finished (WM-8). */
  openSplit(id: string): void;
  /**
   * Records that are collected from now on are of this split, which is opened if it is not. A reader that never says so has one watermark for all
   * that it reads, and a job that makes no watermarks right at the source does not mind.
   */
  readSplit(id: string): void;
  /** Nothing more comes of this split here. */
  finishSplit(id: string): void;
  /** Asks the source's enumerator for work (`handleSplitRequest`). Without an enumerator it does nothing. */
  requestSplits(): void;
};

export interface SourceReader<T, S> {
  /** Opens files or connections; awaited before the first poll. */
  open?(): void | Promise<void>;
  poll(output: SourceOutput<T>, maxRecords: number): PollResult;
  /** The enumerator has assigned these, between two polls; from now on they are in `snapshot`. A source with an enumerator has this. */
  addSplits?(splits: readonly S[]): void;
  /**
   * From now on `poll` collects nothing of these splits (names given to `openSplit`), and of all others again: they are ahead of the sources that
   * their watermarks are aligned with. Without it the reader is paused as a whole.
   */
  pauseSplits?(ids: ReadonlySet<string>): void;
  /** The enumerator assigns nothing more to this reader. */
  noMoreSplits?(): void;
  /** The unfinished splits with their positions; plain JSON-like values. */
  snapshot(checkpointId: number): readonly S[];
  onCheckpointComplete?(checkpointId: number): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** `S`: the split, plain data. */
export interface Source<T, S = unknown> {
  readonly kind: "source";
  readonly name: string;
  readonly boundedness: "bounded" | "unbounded";
  /** The type of the records. */
  readonly type: ValueType<T>;
  /** @internal Its readers collect batches, and are asked for more records at a time. */
  readonly givesBatches?: true;
  /** All splits that there are, once (SO1). */
  discover?(context: SourceContext): Promise<readonly S[]> | readonly S[];
  /** Finds and assigns splits while the job runs (SO1). Synchronous: what takes time it does by `callAsync`. */
  createEnumerator?(context: EnumeratorContext<S>): SplitEnumerator<S>;
  createReader(context: ReaderContext<S>): SourceReader<T, S>;
}
