/**
 * Owns: the operator that stands for a source at the head of a chain: its reader, its splits as state, its polling.
 * Not here: readers (room connectors), when it is polled (task.ts).
 *
 * SOD1 The splits are operator list state: what the reader says at the barrier is what a restore gives back (SO3), shared out
 *     round-robin over the new parallelism.
 *     A source that is new in a restored job gets discovered splits like one that starts fresh.
 * SOD3 `createReader`, `poll` and `snapshot` are synchronous: a promise would be taken for "nothing now", and for no positions at all.
 * SOD4 With an enumerator, the reader is announced when its task starts, and what it asks for follows that (MES9). Its "end" counts once it has
 *     been told that no more splits come (SO4): before, one that is on its way would never be read.
 * SOD5 What a reader says of its splits goes to the operators that follow the source in its chain, and nowhere else: behind an edge, records of
 *     all splits are one stream.
 * SOD2 A poll takes few records when they are slow, so that a task is never away for long (SLL1).
 */
import { assert, type Clock, readDelay, StreamError } from "../../base/index.ts";
import type {
  OperatorContext,
  OperatorListState,
  Output,
  PollResult,
  Source,
  SourceReader,
  SplitStep,
  StreamOperator,
} from "../ports/index.ts";
import { UserCall } from "../operators/index.ts";
import { COLUMN_ROWS, t } from "../record/index.ts";
import { SourceAlignment } from "./source-alignment.ts";

const SPLITS_STATE = "splits";
const RECORDS_MAX = 256;
/** Of a source that collects batches of columns: two of them. */
const BATCH_RECORDS_MAX = 2 * COLUMN_ROWS;
/** A poll that takes longer halves the number of records of the next one. */
const SLOW_POLL_MS = 2;
const FAST_POLL_MS = 0.5;

export type SourceEvents = {
  wake(): void;
  fail(error: unknown): void;
  /** With an enumerator: the reader runs. `splits`: what it was restored with. */
  announce(splits: readonly unknown[]): void;
  requestSplits(): void;
  report(group: string, watermark: number | null, updateMs: number): void;
};

export class SourceDriver implements StreamOperator<never, unknown> {
  readonly #source: Source<unknown>;
  readonly #initialSplits: readonly unknown[] | null;
  readonly #events: SourceEvents;
  #splits: OperatorListState<unknown> | null = null;
  #reader: SourceReader<unknown, unknown> | null = null;
  #output: Output<unknown> | null = null;
  #clock: Clock | null = null;
  #call!: UserCall;
  #records = 16;
  readonly #recordsMax: number;
  readonly alignment: SourceAlignment;
  #followers: readonly StreamOperator<unknown, unknown>[] = [];
  #flushFollowers: () => void = () => undefined;
  /** The split that the followers know of. */
  #reading: string | null = null;
  #isAnnounced = false;
  /** It has asked before it was announced. */
  #hasAsked = false;
  /** Nothing more comes from an enumerator; true without one. */
  #hasAllSplits: boolean;

  constructor(source: Source<unknown>, initialSplits: readonly unknown[] | null, events: SourceEvents) {
    this.#source = source;
    this.#recordsMax = source.givesBatches === true ? BATCH_RECORDS_MAX : RECORDS_MAX;
    this.#hasAllSplits = source.createEnumerator === undefined;
    this.#initialSplits = initialSplits;
    this.#events = events;
    this.alignment = new SourceAlignment(events);
  }

  /** Those that follow in the chain (SOD5), before it is opened. `flush`: gives them the records that are gathered for them as columns. */
  followedBy(operators: readonly StreamOperator<unknown, unknown>[], flush: () => void): void {
    this.#followers = operators.filter(({ onSplit }) => onSplit !== undefined);
    this.#flushFollowers = flush;
  }

  async open(context: OperatorContext, output: Output<unknown>): Promise<void> {
    this.#output = output;
    this.#clock = context.clock;
    this.#call = new UserCall(context);
    this.#splits = context.operatorState.list({ name: SPLITS_STATE, type: t.any });
    this.#reader = this.#source.createReader({
      name: context.name,
      subtask: context.subtask,
      parallelism: context.parallelism,
      clock: context.clock,
      log: context.log,
      metrics: context.metrics,
      splits: this.#initialSplits ?? this.#splits.get(),
      wake: () => this.#events.wake(),
      fail: (error) => this.#events.fail(error),
      wakeAfter: (delay) => context.schedule(readDelay(delay, "wakeAfter"), () => this.#events.wake()),
      requestSplits: () => this.#requestSplits(),
      openSplit: (id) => this.#tellOfSplit("open", id),
      readSplit: (id) => this.#tellOfSplit("read", id),
      finishSplit: (id) => this.#tellOfSplit("finish", id),
    });
    this.#call.refusePromise("what createReader returned", this.#reader);
    this.alignment.reader = this.#reader;
    if (!this.#hasAllSplits && this.#reader.addSplits === undefined) throw this.#lacksAddSplits();
    await this.#reader.open?.();
  }

  /** The task starts to run (SOD4). */
  announce(): void {
    if (this.#source.createEnumerator === undefined || this.#isAnnounced) return;
    assert(this.#splits !== null, "a source is opened before its task starts");
    this.#isAnnounced = true;
    this.#events.announce(this.#splits.get());
    if (this.#hasAsked) this.#events.requestSplits();
  }

  /** Between two polls, in the order in which splits and barriers were sent (MES9). */
  assign(splits: readonly unknown[], noMore: boolean): void {
    assert(this.#reader !== null, "a source is opened before it is assigned splits");
    if (splits.length > 0) this.#call.refusePromise("what addSplits returned", this.#reader.addSplits?.(splits));
    if (!noMore) return;
    this.#hasAllSplits = true;
    this.#call.refusePromise("what noMoreSplits returned", this.#reader.noMoreSplits?.());
  }

  /** Collects some records into the chain. */
  poll(): PollResult {
    assert(
      this.#reader !== null && this.#output !== null && this.#clock !== null,
      "a source is opened before it is polled",
    );
    const startMs = this.#clock.monotonicMs();
    const output = this.#output;
    const result = this.#reader.poll(output, this.#records);
    if (result !== "more" && result !== "idle" && result !== "end") throw this.#noPollResult(result);
    const tookMs = this.#clock.monotonicMs() - startMs;
    if (tookMs > SLOW_POLL_MS) this.#records = Math.max(1, this.#records >> 1);
    else if (tookMs < FAST_POLL_MS) this.#records = Math.min(this.#recordsMax, this.#records * 2);
    return result === "end" && !this.#hasAllSplits ? "idle" : result;
  }

  /** A record made the task wait: take one at a time until they are fast again. */
  slowDown(): void {
    this.#records = 1;
  }

  process(): void {
    assert(false, "a source has no input");
  }

  prepareSnapshot(checkpointId: number): void {
    assert(this.#reader !== null && this.#splits !== null, "a source is opened before its snapshot");
    const splits = this.#reader.snapshot(checkpointId);
    this.#call.refusePromise("what snapshot returned", splits);
    this.#splits.update(splits);
  }

  #tellOfSplit(what: SplitStep, id: string): void {
    if (this.#followers.length === 0 || (what === "read" && id === this.#reading)) return;
    this.#reading = what === "read" ? id : null;
    // What was collected before is of the split before.
    this.#flushFollowers();
    for (const follower of this.#followers) follower.onSplit?.(what, id);
  }

  #requestSplits(): void {
    if (this.#source.createEnumerator === undefined) return;
    if (this.#isAnnounced) this.#events.requestSplits();
    else this.#hasAsked = true;
  }

  #lacksAddSplits(): StreamError {
    return new StreamError(
      "SOURCE_FAILED",
      `the source "${this.#source.name}" has an enumerator, and its reader no addSplits: add it, for splits come while the job runs`,
      { destiny: "terminal" },
    );
  }

  #noPollResult(result: unknown): StreamError {
    this.#call.refusePromise("what poll returned", result);
    return new StreamError(
      "SOURCE_FAILED",
      `the source "${this.#source.name}": poll returned ${String(result)}; return "more", "idle" or "end"`,
      { destiny: "terminal" },
    );
  }

  onCheckpointComplete(checkpointId: number): void | Promise<void> {
    return this.#reader?.onCheckpointComplete?.(checkpointId);
  }

  close(): void | Promise<void> {
    return this.#reader?.close?.();
  }
}
