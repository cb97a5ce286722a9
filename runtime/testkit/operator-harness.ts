/**
 * Owns: driving one subtask of one operator as a task's chain does, with the real state back ends and a clock that stands still.
 * Not here: barriers, channels, threads: the taskmanager's.
 * Called by: tests of operators and of sinks.
 *
 * OH1 Calls come in the chain's order: the key is set before a record; timers fire before `onWatermark`, `beforeWatermark`
 *     before them; states are fixed in the turn in which `prepareSnapshot` resolved.
 * OH2 Nothing but `process` may be called while the operator has blocked the task: await `settled()` first. (Several records in
 *     one turn are what one call of an operator upstream emits.)
 * OH3 A crash is: call nothing any more. `close` is a graceful end.
 */
import { assert, type Clock, type Duration, type Log, nextTurn, readDelay, silentLog } from "../../base/index.ts";
import type { KeyedStateHandle, OperatorStateHandle } from "../checkpoint/index.ts";
import { MetricRegistry } from "../metrics/index.ts";
import type {
  HistogramStatistics,
  KeySelector,
  OperatorContext,
  OperatorFactory,
  SpillSpace,
  StreamOperator,
} from "../ports/index.ts";
import {
  type ColumnBatch,
  type Key,
  keyGroupOfHash,
  keyGroupRange,
  keyHash,
  MAX_WATERMARK,
  NO_TIMESTAMP,
  rowKinds,
  subtaskOfKeyGroup,
  t,
  ValueGuard,
  type ValueType,
} from "../record/index.ts";
import {
  createKeyedBackend,
  createLooseRows,
  createLooseTable,
  createOperatorStateBackend,
  type KeyedStateBackend,
  type OperatorStateBackend,
} from "../state/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { histogramOf, metricValue } from "./metric-values.ts";
import { MemorySnapshotFiles } from "./memory-snapshot-files.ts";

/** So many turns a chain of promises may take. */
const ANSWER_TURNS = 5;

/** What one subtask had at a checkpoint. */
export type HarnessSnapshot = {
  readonly keyed: KeyedStateHandle | null;
  readonly operator: readonly OperatorStateHandle[];
  readonly committables: number;
};

export type HarnessOptions<I> = {
  /** Makes it a keyed operator. */
  readonly keySelector?: KeySelector<I, Key>;
  /** Of the records of the second input, for `processSecond`. Default: they have no key, as those of a broadcast stream. */
  readonly secondKeySelector?: KeySelector<never, Key>;
  /** Default 0 of 1. */
  readonly subtask?: number;
  readonly parallelism?: number;
  /** Default 128. */
  readonly maxParallelism?: number;
  /** Default 1; a restart has a higher one. */
  readonly attempt?: number;
  readonly uid?: string;
  /** Of what comes out: all of it is checked against the type, and frozen. Default: `t.any`. */
  readonly outputType?: ValueType<unknown>;
  /** Where snapshots are kept: give the same one to what is restored. Default: a new one. */
  readonly files?: MemorySnapshotFiles;
  /** The snapshots of all old subtasks. */
  readonly restore?: readonly HarnessSnapshot[];
  /** Default: a ManualClock that starts at 0. */
  readonly clock?: Clock;
  /** Total time in which the task could not take records (WM-3). Default 0. */
  readonly stalledMs?: () => number;
  /** @internal What it may use for rows that memory does not hold. Default: it keeps all in memory. */
  readonly spill?: SpillSpace;
  /** Default: none. */
  readonly log?: Log;
};

/** What came out, in order. */
export type HarnessEvent<O> =
  /** `rowKind`: absent: an insert. */
  | { readonly kind: "record"; readonly value: O; readonly timestamp: number; readonly rowKind?: number }
  | { readonly kind: "side"; readonly output: string; readonly value: unknown; readonly timestamp: number }
  | { readonly kind: "watermark"; readonly timestamp: number }
  | { readonly kind: "status"; readonly idle: boolean };

export class OperatorHarness<I, O> {
  /** What came out so far. */
  readonly events: HarnessEvent<O>[] = [];
  readonly operator: StreamOperator<I, O>;
  readonly clock: Clock;
  readonly #options: HarnessOptions<I>;
  /** Where its snapshots are. */
  readonly files: MemorySnapshotFiles;
  readonly #keyed: KeyedStateBackend | null;
  readonly #operatorState: OperatorStateBackend;
  readonly #metrics: MetricRegistry;
  readonly #blocking = new Set<Promise<unknown>>();
  readonly #asked = new Set<string>();
  #isHeld = false;
  #calls = 0;
  /** What the operator wants to emit as soon as it may. */
  #pending: (() => boolean) | null = null;
  #failure: { readonly reason: unknown } | null = null;

  private constructor(
    operator: StreamOperator<I, O>,
    options: HarnessOptions<I>,
    keyed: KeyedStateBackend | null,
    operatorState: OperatorStateBackend,
  ) {
    this.operator = operator;
    this.#options = options;
    this.clock = options.clock ?? new ManualClock();
    this.files = options.files ?? new MemorySnapshotFiles();
    this.#keyed = keyed;
    this.#operatorState = operatorState;
    const { uid = "operator", log = silentLog } = options;
    this.#metrics = new MetricRegistry({ name: uid, uid, clock: this.clock, log });
  }

  /** Makes an operator, restores its state, and opens it. */
  static async open<I, O>(
    factory: OperatorFactory<I, O>,
    options: HarnessOptions<I> = {},
  ): Promise<OperatorHarness<I, O>> {
    const { subtask = 0, parallelism = 1, maxParallelism = 128, uid = "operator" } = options;
    const files = options.files ?? new MemorySnapshotFiles();
    const restore = options.restore ?? null;
    const handles = restore?.flatMap(({ keyed }) => (keyed === null ? [] : [keyed])) ?? [];
    const keyed =
      options.keySelector === undefined
        ? null
        : await createKeyedBackend(
            { keyGroups: keyGroupRange(subtask, parallelism, maxParallelism), maxParallelism, operatorUid: uid },
            restore === null ? null : { handles, read: files.read },
            () => Promise.resolve(),
          );
    const operatorState = await createOperatorStateBackend(
      { operatorUid: uid, subtask, parallelism },
      restore === null ? null : { operator: restore.map(({ operator }) => operator), read: files.read },
    );
    const harness = new OperatorHarness(factory.create(), { ...options, files }, keyed, operatorState);
    const guard = new ValueGuard(`operator "${factory.name}", uid "${uid}",`, options.outputType ?? t.any, "all");
    await harness.operator.open?.(harness.#context(factory.name), {
      collect: (value, timestamp) => harness.events.push({ kind: "record", value: guard.admit(value) as O, timestamp }),
      collectBatch: (batch) => harness.#collectBatch(batch),
      emitWatermark: (timestamp) => harness.events.push({ kind: "watermark", timestamp }),
      emitStatus: (idle) => harness.events.push({ kind: "status", idle }),
      sideOutput: (output) => {
        const type = factory.sideOutputs?.[output];
        assert(type !== undefined, `operator "${factory.name}" declares no side output "${output}"`);
        const sideGuard = new ValueGuard(`operator "${factory.name}", uid "${uid}",`, type, "all");
        return {
          collect: (value, timestamp) =>
            harness.events.push({ kind: "side", output, value: sideGuard.admit(value), timestamp }),
        };
      },
    });
    return harness;
  }

  /** The records that came out so far. */
  get values(): readonly O[] {
    return this.events.flatMap((event) => (event.kind === "record" ? [event.value] : []));
  }

  /** What was emitted into a side output so far. */
  sideValues(output: string): readonly unknown[] {
    return this.events.flatMap((event) => (event.kind === "side" && event.output === output ? [event.value] : []));
  }

  /** What the operator's metric is worth: a count, a gauge's value, a meter's rate. Errors: there is no such metric. */
  metric(name: string): number {
    return metricValue(this.#options.uid ?? "operator", [this.#metrics], name);
  }

  /** Errors: there is no such histogram. */
  histogram(name: string): HistogramStatistics {
    return histogramOf(this.#options.uid ?? "operator", this.#metrics, name);
  }

  /** True between a call of `blockUntil` and its promise's end. */
  get isBlocked(): boolean {
    return this.#blocking.size > 0;
  }

  /** True while the operator takes no input: a task would give it none. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** How much the operator has asked outside that is not answered. */
  get askedOutside(): number {
    return this.#asked.size;
  }

  /** Promises that have settled have their say, and what was answered is emitted. */
  async answered(): Promise<void> {
    for (let turns = 0; turns < ANSWER_TURNS; turns++) {
      await nextTurn();
      while (this.#pending !== null) {
        const emit = this.#pending;
        this.#pending = null;
        if (!emit()) this.#pending ??= emit;
      }
    }
  }

  /** True when a keyed operator's record belongs to this subtask. */
  owns(value: I): boolean {
    const { keySelector, subtask = 0, parallelism = 1, maxParallelism = 128 } = this.#options;
    if (keySelector === undefined) return true;
    const keyGroup = keyGroupOfHash(keyHash(keySelector(value)), maxParallelism);
    return subtaskOfKeyGroup(keyGroup, parallelism, maxParallelism) === subtask;
  }

  process(value: I, timestamp = NO_TIMESTAMP): void {
    const keySelector = this.#options.keySelector;
    if (keySelector !== undefined) {
      const key = keySelector(value);
      this.#keyed?.setCurrentKey(key, keyHash(key));
    }
    this.operator.process(value, timestamp);
    // A key ends with its turn, as in a task; there it lasts while the operator blocks.
    if (!this.isBlocked) this.#keyed?.releaseCurrentKey();
  }

  /** Records of the first input as columns, with whatever marks they have. The batch stays the caller's. */
  processBatch(batch: ColumnBatch): void {
    const { operator } = this;
    assert(operator.processBatch !== undefined, "the operator takes no columns");
    for (let from = 0; from < batch.count; ) {
      const taken = operator.processBatch(batch, from);
      assert(taken > from && taken <= batch.count, "processBatch answers how far it got (OP7)");
      from = taken;
    }
    this.#keyed?.releaseCurrentKey();
  }

  /** A record of the second input. */
  processSecond(value: unknown, timestamp = NO_TIMESTAMP): void {
    const { secondKeySelector } = this.#options;
    assert(this.operator.processInput !== undefined, "the operator has one input");
    if (secondKeySelector !== undefined) {
      const key = secondKeySelector(value as never);
      this.#keyed?.setCurrentKey(key, keyHash(key));
    }
    this.operator.processInput(1, value, timestamp);
    if (!this.isBlocked) this.#keyed?.releaseCurrentKey();
  }

  /** Sends records one after the other, waiting whenever the operator blocks. */
  async processAll(values: Iterable<I>, timestamp = NO_TIMESTAMP): Promise<void> {
    for (const value of values) {
      this.process(value, timestamp);
      await this.settled();
    }
  }

  /** Resolves when the operator blocks the task no longer; rejects with what failed it. */
  async settled(): Promise<void> {
    while (this.#blocking.size > 0) await Promise.allSettled(this.#blocking);
    if (this.#failure !== null) throw this.#failure.reason;
  }

  /** A watermark comes in; it is forwarded as the chain would. */
  watermark(timestamp: number): void {
    this.#assertRunning();
    this.operator.beforeWatermark?.(timestamp);
    this.#keyed?.advanceWatermark(timestamp);
    this.operator.reachWatermark?.(timestamp, () => true);
    this.operator.onWatermark?.(timestamp);
    this.#keyed?.releaseCurrentKey();
    const { ownsWatermarks } = this.operator;
    if (ownsWatermarks === undefined || (ownsWatermarks === true && timestamp === MAX_WATERMARK))
      this.events.push({ kind: "watermark", timestamp });
  }

  /** Moves the clock (a ManualClock) and fires what is due by then. */
  advance(by: Duration): void {
    assert(this.clock instanceof ManualClock, "advance needs a ManualClock");
    this.clock.advance(by);
    this.#keyed?.fireProcessingTime(this.clock.nowMs());
    this.#keyed?.releaseCurrentKey();
  }

  /** Takes a checkpoint of this subtask. */
  async snapshot(checkpointId: number): Promise<HarnessSnapshot> {
    this.#assertRunning();
    await this.operator.prepareSnapshot?.(checkpointId);
    const keyed = this.#keyed?.snapshot();
    const operator = this.#operatorState.snapshot();
    const committables = this.operator.committables?.(checkpointId) ?? 0;
    return {
      keyed: (await keyed?.write(this.files, () => Promise.resolve())) ?? null,
      operator: await operator.write(this.files),
      committables,
    };
  }

  /** The checkpoint is complete. */
  async complete(checkpointId: number): Promise<void> {
    await this.operator.onCheckpointComplete?.(checkpointId);
  }

  async endInput(): Promise<void> {
    this.#assertRunning();
    await this.operator.endInput?.();
  }

  async close(): Promise<void> {
    await this.operator.close?.();
  }

  /** Row by row, as an operator of rows would get them. */
  #collectBatch(batch: ColumnBatch): void {
    const timestamps = batch.timestampsFrom(0);
    for (const [at, value] of batch.toRows().entries()) {
      const rowKind = batch.marks.rowKinds?.[batch.rows[at] as number] ?? rowKinds.insert;
      this.events.push({
        kind: "record",
        value: value as O,
        timestamp: timestamps?.[at] ?? NO_TIMESTAMP,
        ...(rowKind === rowKinds.insert ? {} : { rowKind }),
      });
    }
  }

  #assertRunning(): void {
    assert(!this.isBlocked, "the operator has blocked the task: await settled() first (OH2)");
  }

  #context(name: string): OperatorContext {
    const {
      subtask = 0,
      parallelism = 1,
      maxParallelism = 128,
      attempt = 1,
      uid = "operator",
      stalledMs,
      spill,
    } = this.#options;
    return {
      uid,
      name,
      subtask,
      parallelism,
      maxParallelism,
      epoch: 1,
      attempt,
      jobId: "0123456789abcdef0123456789abcdef",
      jobName: "harness",
      keyed: this.#keyed,
      operatorState: this.#operatorState,
      clock: this.clock,
      log: this.#options.log ?? silentLog,
      metrics: this.#metrics,
      ...(spill === undefined ? {} : { spill }),
      blockUntil: (promise) => {
        this.#blocking.add(promise);
        const done = (): void => void this.#blocking.delete(promise);
        promise.then(done, (reason: unknown) => {
          this.#failure ??= { reason };
          done();
        });
      },
      schedule: (delay, callback) => void this.clock.after(readDelay(delay, "schedule"), callback),
      outside: {
        await: (what) => {
          const call = `${what} ${++this.#calls}`;
          this.#asked.add(call);
          return () => void this.#asked.delete(call);
        },
        holdInput: (isHeld) => void (this.#isHeld = isHeld),
        emitSoon: (emit) => void (this.#pending = emit),
      },
      looseTable: (descriptor) => createLooseTable(uid, descriptor),
      looseRows: createLooseRows,
      ...(stalledMs === undefined ? {} : { stalledMs }),
    };
  }
}
