/**
 * Owns: driving all readers of a source as tasks do, with restores at any parallelism.
 * Called by: the tests of sources, source-contract.ts.
 *
 * SOH1 Splits are shared out round-robin, those of a new start and those of a restore (SO1).
 */
import {
  assert,
  type Clock,
  type Duration,
  readDelay,
  readDuration,
  silentLog,
  systemClock,
} from "../../base/index.ts";
import type { CollectedRecord } from "./collecting-sink.ts";
import { metricValue } from "./metric-values.ts";
import { MetricRegistry } from "../metrics/index.ts";
import type { PollResult, Source, SourceReader } from "../ports/index.ts";
import { type ColumnBatch, NO_TIMESTAMP, rowsOfColumns } from "../record/index.ts";

export type SourceHarnessOptions<S> = {
  /** Default 1. */
  readonly parallelism?: number;
  /** The snapshots of what was before. Default: discovers. */
  readonly splits?: readonly S[];
  /** Default the system's. */
  readonly clock?: Clock;
  /** Default 10 s; then waiting fails. */
  readonly deadline?: Duration;
};

export class SourceHarness<T, S> {
  /** What all readers gave, in the order of polls. */
  readonly records: CollectedRecord<T>[] = [];
  readonly #readers: SourceReader<T, S>[] = [];
  readonly #metrics: MetricRegistry[] = [];
  readonly #deadlineMs: number;
  #woken = 0;
  #failure: { readonly error: unknown } | null = null;
  #signal: () => void = () => undefined;

  private constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  static async start<T, S>(source: Source<T, S>, options: SourceHarnessOptions<S> = {}): Promise<SourceHarness<T, S>> {
    const { parallelism = 1, clock = systemClock } = options;
    const harness = new SourceHarness<T, S>(readDuration(options.deadline ?? "10s", "SourceHarness.start: deadline"));
    const context = { name: source.name, parallelism, clock, log: silentLog };
    const splits = options.splits ?? (await source.discover?.(context)) ?? [];
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const metrics = new MetricRegistry({ name: source.name, uid: source.name, clock, log: silentLog });
      harness.#metrics.push(metrics);
      const reader = source.createReader({
        ...context,
        subtask,
        metrics,
        splits: splits.filter((_, place) => place % parallelism === subtask),
        wake: () => harness.#wake(),
        fail: (error) => {
          harness.#failure = { error };
          harness.#wake();
        },
        requestSplits: () => undefined,
        openSplit: () => undefined,
        readSplit: () => undefined,
        finishSplit: () => undefined,
        wakeAfter: (delay) => void clock.after(readDelay(delay, "wakeAfter"), () => harness.#wake()),
      });
      harness.#readers.push(reader);
      await reader.open?.();
    }
    return harness;
  }

  get values(): readonly T[] {
    return this.records.map(({ value }) => value);
  }

  /** Counts calls of `wake`. */
  get woken(): number {
    return this.#woken;
  }

  poll(subtask = 0, maxRecords = 1000): PollResult {
    if (this.#failure !== null) throw this.#failure.error;
    const reader = this.#readers[subtask];
    assert(reader !== undefined, `there is no reader ${subtask}`);
    const before = this.records.length;
    const collect = (value: T, timestamp: number): void => void this.records.push({ value, timestamp, subtask });
    const collectBatch = (batch: ColumnBatch): void => {
      const { rows, timestamps } = rowsOfColumns(batch);
      for (const [row, value] of rows.entries()) collect(value as T, timestamps?.[row] ?? NO_TIMESTAMP);
    };
    const result = reader.poll({ collect, collectBatch }, maxRecords);
    assert(this.records.length - before <= maxRecords, "a poll gave more records than it was allowed to");
    return result;
  }

  /** Polls all readers in turn until they have ended, or until `isEnough`. */
  async read(isEnough: () => boolean = () => false, maxRecords = 1000): Promise<void> {
    const open = new Set(this.#readers.keys());
    while (open.size > 0 && !isEnough()) {
      const woken = this.#woken;
      let isIdle = true;
      for (const subtask of open) {
        const result = this.poll(subtask, maxRecords);
        if (result === "end") open.delete(subtask);
        if (result !== "idle") isIdle = false;
      }
      if (isIdle && !isEnough() && this.#woken === woken) await this.#nextWake();
    }
  }

  /** Polls all readers until none says that there is more at once. */
  drain(): void {
    for (const subtask of this.#readers.keys()) while (this.poll(subtask) === "more");
  }

  /** Resolves when a reader has woken up more often than `woken` times. */
  async wokenSince(woken: number): Promise<void> {
    while (this.#woken === woken) await this.#nextWake();
  }

  /** The splits of all readers. */
  snapshot(checkpointId = 1): S[] {
    return this.#readers.flatMap((reader) => [...reader.snapshot(checkpointId)]);
  }

  async completeCheckpoint(checkpointId: number): Promise<void> {
    for (const reader of this.#readers) await reader.onCheckpointComplete?.(checkpointId);
  }

  /** A counter's count, a gauge's value, summed up over the readers. */
  metric(name: string): number {
    return metricValue("source", this.#metrics, name);
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.close?.();
  }

  #wake(): void {
    this.#woken++;
    this.#signal();
  }

  #nextWake(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = systemClock.after(this.#deadlineMs, () =>
        reject(new Error(`no reader woke up for ${this.#deadlineMs} ms`)),
      );
      this.#signal = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
