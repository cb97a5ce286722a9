/**
 * Owns: the port of a stream operator: what a task's chain calls.
 * Not here: who calls it (taskmanager/chain), the operators themselves (one file each).
 *
 * OP1 All calls come from one thread, one at a time, never in the middle of another.
 * OP2 `process` is synchronous and may collect any number of records; work that must wait is handed to `blockUntil`, and no
 *     further record, watermark or barrier is processed before it resolved.
 * OP3 Before the barrier goes downstream `prepareSnapshot` has resolved; the states are fixed right after it, in the same turn.
 * OP4 An operator finishes all output caused by a watermark before the watermark is forwarded (WM-2): the chain forwards it
 *     after `onWatermark` returned.
 * OP6 An operator that asks something outside and goes on without waiting emits what was answered through `outside`: on the task's turn,
 *     while the task reads its input, and never between the emissions of another record.
 * OP7 An operator that has `processBatch` gets batches of columns and nothing else by its first input: `process` is not called. One that has
 *     `processInputBatch`, too, gets them by its other inputs. While it has not taken a batch whole, the task takes nothing else.
 * OP5 An operator that emits a great deal for one record may do it in steps, through `emission`: whatever comes next for the task,
 *     another record, a watermark, a timer or a barrier, waits until the record is complete.
 */
import type { Clock, Duration, Log } from "../../base/index.ts";
import type { ColumnBatch, Key } from "../record/index.ts";
import type { MetricGroup } from "./metrics.ts";
import type { SideOutputTypes } from "./side-outputs.ts";
import type { SpillSpace } from "./spill.ts";
import type { KeyedOperatorState, OperatorStateStore } from "./state.ts";
import type { RowTable, RowTableDescriptor } from "./row-table.ts";
import type { ColumnTable, SlicedTableDescriptor } from "./table-state.ts";

/** Takes records. `timestamp`: epoch milliseconds, or NO_TIMESTAMP. */
export interface RecordOutput<T> {
  collect(value: T, timestamp: number): void;
}

/** Where an operator's records go: by `collect` into the main output. */
export interface Output<T> extends RecordOutput<T> {
  /** @internal A batch of columns, whole: it is the caller's again when this returns (CBA1). Its records are of the declared type. */
  collectBatch(batch: ColumnBatch): void;
  /** The side output of that name, which the operator's factory declares. */
  sideOutput(name: string): RecordOutput<unknown>;
  /** Only for operators that make watermarks themselves; forwarding is the chain's work. */
  emitWatermark(timestamp: number): void;
  /** Only for operators that find out about idleness themselves (WM-3). */
  emitStatus(idle: boolean): void;
}

/** Where an operator asks whether what follows has room, and leaves what it has to emit when there is room again (OP5). */
export interface EmissionDesk {
  /** True when something has made the task stop after the present record; costs nothing. */
  readonly isPaused: boolean;
  /** True when it is better to go on later: no room, or the task's turn is over. */
  isFull(): boolean;
  /** @internal The same for who emits, or works, batch by batch: the clock is looked at each time, not once for many values. Absent: as `isFull`. */
  isFullAfterStep?(): boolean;
  /** `resume` is called when there is room, again and again until it answers true. One at a time for each operator. */
  defer(resume: () => boolean): void;
}

/** For an operator that goes on by itself when something outside has answered (OP6). May be used at any time, in promises too. */
export interface OutsideDesk {
  /** Something was asked outside; `what` names it, for who looks what the task waits for. Answers what says that it is over. */
  await(what: string): () => void;
  /**
   * While true the operator takes no more input: no records, and nothing that comes after them. What the operators before it still emit
   * for the present record comes nevertheless. Checkpoints that a source of the same task begins go on.
   */
  holdInput(isHeld: boolean): void;
  /** Asks that `emit` be called on the task's turn when what follows has room: again and again until it answers true. */
  emitSoon(emit: () => boolean): void;
}

/** For an operator right behind a source, in its chain, that aligns the source's watermarks with those of others (WM-4). */
export interface AlignmentDesk {
  /** Whether single splits can be paused. */
  readonly pausesSplits: boolean;
  /** Tells the JobManager the watermark of this subtask; null: it is idle. `updateMs`: how often the group is to be told its lowest. */
  report(group: string, watermark: number | null, updateMs: number): void;
  /** `listener` is called with the lowest watermark of a group; null: all of it is idle. */
  onLowest(listener: (group: string, lowest: number | null) => void): void;
  /** While true the source is not polled. */
  pause(isPaused: boolean): void;
  /** The source's reader gives no records of these splits, until it is told others. */
  pauseSplits(ids: ReadonlySet<string>): void;
}

export type OperatorContext = {
  readonly uid: string;
  readonly name: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** JobManager epoch and attempt: name what is written outside, so that a zombie's is told apart. */
  readonly epoch: number;
  readonly attempt: number;
  readonly jobId: string;
  /** As SinkContext says. */
  readonly predecessors?: readonly string[];
  readonly fenced?: readonly string[];
  readonly jobName: string;
  /** Keyed state of a keyed operator; null otherwise. */
  readonly keyed: KeyedOperatorState | null;
  readonly operatorState: OperatorStateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricGroup;
  /** The task processes nothing more until the promise resolved; a rejection fails the task (OP2). */
  blockUntil(promise: Promise<unknown>): void;
  /** Calls back on the task's thread between records, after `delay`; cancelled with the task. */
  schedule(delay: Duration, callback: () => void): void;
  /**
   * Milliseconds since the task started in which it could not take records: backpressured, blocked, or waiting for barriers.
   * Such time is no idleness (WM-3). Absent: 0.
   */
  readonly stalledMs?: () => number;
  /** Absent: there is always room. */
  readonly emission?: EmissionDesk;
  readonly outside: OutsideDesk;
  /** @internal A column table that is no state: of this operator alone, in memory, in no checkpoint. Absent: it is in no task. */
  readonly looseTable?: (descriptor: SlicedTableDescriptor) => ColumnTable;
  /** @internal The same for a row table. */
  readonly looseRows?: (descriptor: RowTableDescriptor) => RowTable;
  /** @internal Of an operator whose factory says `spills`. Absent: it keeps in memory what it holds. */
  readonly spill?: SpillSpace;
  /** Absent: it does not follow a source in its chain. */
  readonly alignment?: AlignmentDesk;
};

/** `read`: the records that follow are of it. */
export type SplitStep = "open" | "read" | "finish";

export interface StreamOperator<I, O> {
  /**
   * The operator makes the watermarks and the idleness of its output: the chain calls `onWatermark` and `onStatus` with those that come
   * in, but forwards none of them. MAX_WATERMARK it forwards as usual, except with `all`: then that is the operator's, too. Default: not.
   */
  readonly ownsWatermarks?: true | "all";
  /**
   * What it emits beside new values: `state`, when a value may be one that its state holds too and that may be changed there later;
   * `input`, when it emits nothing but the records that came in, or copies of them with a number changed. Default: new values only.
   */
  readonly emits?: "state" | "input";
  /** Declares states and prepares; state is restored by then. Awaited before any record. */
  open?(context: OperatorContext, output: Output<O>): void | Promise<void>;
  /** A record of the first input. */
  process(value: I, timestamp: number): void;
  /**
   * @internal The records of a batch from the one numbered `from` on; answers the number of the first that it did not take. That is `batch.count`, except when
   * the task is to pause (`emission.isPaused`), and then it is above `from`. The batch is valid during the call (CBA1).
   */
  processBatch?(batch: ColumnBatch, from: number): number;
  /**
   * @internal Of an operator that has `processBatch`: it takes rows as they are, by `process`, and they are not gathered into batches. It takes every batch whole. Default: they are gathered.
   */
  readonly takesRows?: true;
  /**
   * @internal Of an operator that takes rows, looked at once it is open: whether batches, too, come as rows, between which its task may turn to something else (TK2), because whoever it works for knows no columns.
   * Default: they come as batches.
   */
  readonly wantsRows?: boolean;
  /** A record of another input: `input` is 1 up. Of an operator that is connected to one stream only it is not called. */
  processInput?(input: number, value: unknown, timestamp: number): void;
  /** @internal The same for a batch of another input. Only of an operator that has `processBatch`. The current key is the operator's to set. */
  processInputBatch?(input: number, batch: ColumnBatch, from: number): number;
  /** The watermark is about to rise to `timestamp`: called before the event-time timers of keyed state fire. */
  beforeWatermark?(timestamp: number): void;
  /**
   * @internal Of an operator that may have much to emit at a watermark: called after the timers, and again until it answers true, which it does when all is emitted. Between two
   * portions it asks `mayGoOn`, as a timer service does. Nothing else comes in until then.
   */
  reachWatermark?(timestamp: number, mayGoOn: () => boolean): boolean;
  /** Event-time timers of keyed state have been fired before. */
  onWatermark?(timestamp: number): void;
  /** Of an operator right behind a source, in its chain: what the reader says of its splits (WM-8). */
  onSplit?(what: SplitStep, id: string): void;
  /** The input became idle or active; only of an operator that owns its watermarks. */
  onStatus?(idle: boolean): void;
  /**
   * Flush, pre-commit; write what must be in the checkpoint into operator state. Errors: STATE_SPILLED: there is no checkpoint now, and the task goes on without it.
   */
  prepareSnapshot?(checkpointId: number): void | Promise<void>;
  /** The number of transactions in the states just fixed that have to be committed on completion. Default 0. */
  committables?(checkpointId: number): number;
  /** The checkpoint is durable: commit. Its promise is awaited before the task says `committed`, not by the records. */
  onCheckpointComplete?(checkpointId: number): void | Promise<void>;
  onCheckpointAborted?(checkpointId: number): void;
  /**
   * All inputs have ended: emit what is left. What is much is emitted through `emission`, in steps: the operators behind it end when all is emitted (OP5). Not called
   * again after a restore from a later checkpoint.
   */
  endInput?(): void | Promise<void>;
  /** Releases resources; called once, also after a failure. */
  close?(): void | Promise<void>;
}

/** What a graph node holds for an operator: makes one per subtask. */
export type OperatorFactory<I, O> = {
  readonly kind: "operator";
  /** For names and messages: `map`, `reduce`, … */
  readonly name: string;
  /**
   * The states that it declares whatever happens, as checkpoints describe them (`type`: describeType): for preflight and `explain`.
   * Default: not known; a changed type is then found out when the operator is restored.
   */
  readonly declares?: readonly { readonly name: string; readonly kind: string; readonly type: string }[];
  /** @internal It holds rows until its input has ended, within the memory that is divided among such operators (SPP1). */
  readonly spills?: true;
  /** Outputs beside the main one, and the types of their records. Default: none. */
  readonly sideOutputs?: SideOutputTypes;
  create(): StreamOperator<I, O>;
};

export type KeySelector<T, K extends Key> = (value: T) => K;
