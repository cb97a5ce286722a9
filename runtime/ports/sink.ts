/**
 * Owns: the ports of sinks: a plain writer (at-least-once), and the two-phase commit protocol (exactly-once).
 *
 * SIN1 A transaction is named in the checkpoint before it may be committed, and committed only after that checkpoint is durable.
 * SIN2 `commit` may be called again for a transaction that was committed, also by another process: it answers `alreadyCommitted`.
 * SIN3 A transaction that is in no restored checkpoint is aborted; one that can no longer be committed fails the job loudly (EO-3).
 */
import type { Clock, Duration, Log } from "../../base/index.ts";
import type { ColumnBatch, RecordColumns, ValueType } from "../record/index.ts";
import type { MetricGroup } from "./metrics.ts";

export type SinkContext = {
  readonly name: string;
  readonly uid: string;
  readonly jobId: string;
  /** Ids of the job's earlier incarnations that this one has taken over from: what they left open is its own to abort. Default none. */
  readonly predecessors?: readonly string[];
  /** Those of them whose logs were fenced: whatever of them still lives completes no checkpoint, and so commits nothing. Default none. */
  readonly fenced?: readonly string[];
  readonly jobName: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly epoch: number;
  readonly attempt: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricGroup;
};

/** Writes records as they come; what was written before a crash may be written again. */
export interface SinkWriter<T> {
  open?(): void | Promise<void>;
  /** A returned promise holds back the next record until it resolved: backpressure. */
  write(value: T, timestamp: number): void | Promise<void>;
  /**
   * Instead of `write` for records that come as columns, as behind `keyBy("field").sum("field")`: nothing is made for each of them. `columns` is valid until the call returns. A returned
   * promise holds back the next records. Default: `write` is called for each.
   */
  writeColumns?(columns: RecordColumns<T>): void | Promise<void>;
  /** @internal Of a sink that takes batches: instead of `write`. The batch is valid during the call (CBA1). */
  writeBatch?(batch: ColumnBatch): void;
  /** Everything written so far is outside when this resolved; called before each checkpoint and at the end. */
  flush?(): void | Promise<void>;
  close?(): void | Promise<void>;
}

export interface PlainSink<T> {
  readonly kind: "sink";
  readonly name: string;
  readonly guarantee: "at-least-once";
  /** @internal Its writers have `writeBatch`. */
  readonly takesBatches?: true;
  createWriter(context: SinkContext): SinkWriter<T>;
}

export type CommitOutcome =
  | { readonly kind: "committed" }
  | { readonly kind: "alreadyCommitted" }
  /** Asked again after `after`; at most 30 s. */
  | { readonly kind: "retryLater"; readonly after: Duration; readonly reason: string }
  /** Fails the job with the reason, unless the sink wrote the data again itself. */
  | { readonly kind: "impossible"; readonly reason: string };

/** The hooks of a two-phase commit (EO-1 … EO-4). `X`: a transaction's name and whatever commit needs; plain data. */
export interface TransactionWriter<T, X> {
  open?(): void | Promise<void>;
  /** A new transaction; called lazily, for the first record after a barrier. */
  begin(): X | Promise<X>;
  write(transaction: X, value: T, timestamp: number): void | Promise<void>;
  /** Everything of the transaction is durable but invisible when this resolved; returns what the checkpoint keeps. */
  prepare(transaction: X): X | Promise<X>;
  /**
   * Makes it visible. Called after the checkpoint that holds it is complete, and after a restore for each transaction of the
   * checkpoint, before anything else: so possibly again, and by a process that did not prepare it.
   */
  commit(transaction: X): Promise<CommitOutcome>;
  abort(transaction: X): void | Promise<void>;
  /**
   * After a restore: abort whatever earlier attempts left open, except what is given. `keep` are all the transactions of the checkpoint, of every
   * subtask; called in every subtask, each aborts what is its own to abort.
   */
  abortAllExcept(keep: readonly X[]): void | Promise<void>;
  /** @internal Of a sink that commits at the end: all input has ended; what its last transaction has to know of that. It is the one that is prepared next. */
  end?(transaction: X): X | Promise<X>;
  close?(): void | Promise<void>;
}

export interface TwoPhaseCommitSink<T, X = unknown> {
  readonly kind: "sink";
  readonly name: string;
  readonly guarantee: "exactly-once";
  /**
   * Its transactions are another system's, which holds what is prepared, and whoever waits for it, until somebody ends it. When a StreamJob is
   * deleted whose job has such a sink, a pod commits what the last complete checkpoint holds, and aborts the rest.
   */
  readonly settlesOnDeletion?: true;
  /**
   * @internal Nothing is committed before all input has ended: then all transactions, in order, the last of which there is also where no record came. In one subtask. Absent: each with
   * its checkpoint.
   */
  readonly commitsAtEnd?: { isLast(transaction: X): boolean };
  /** Default `t.any`. */
  readonly transactionType?: ValueType<X>;
  createWriter(context: SinkContext): TransactionWriter<T, X>;
}

export type Sink<T> = PlainSink<T> | TwoPhaseCommitSink<T, never> | TwoPhaseCommitSink<T>;
