/**
 * Owns: the metrics that code of a job registers at `context.metrics`: what functions, operators, readers and writers see of them.
 * Not here: what runs behind them (room `metrics`), where they are shown (docs/metrics.md).
 *
 * UME1 A metric belongs to one subtask of one operator and to one attempt: after a restart it begins anew. It is no state, and is in no
 *     checkpoint.
 * UME2 The same name and kind again gives the same metric. Names are `[a-zA-Z_][a-zA-Z0-9_]*`, at most 128 characters.
 * UME3 A subtask of an operator has at most 256 metrics. Registering more, another kind under the same name, or a bad name fails the
 *     task with USER_FUNCTION_FAILED.
 * UME4 What a metric is worth is read about once a heartbeat, between records. A gauge that throws, and a number that is not finite, is
 *     left out and logged once; it never fails the task.
 */

/** A number of things that happened; it only rises. */
export interface Counter {
  /** Adds `by`, 1 by default. Costs an addition. */
  inc(by?: number): void;
  readonly count: number;
}

/** A counter that knows its rate. */
export interface Meter {
  /** Adds `by`, 1 by default. Costs a look at the clock. */
  mark(by?: number): void;
  readonly count: number;
  /** Per second, over the last minute of the operator's clock; in the first minute over the time since it was registered, at least 1 s. */
  readonly rate: number;
}

/**
 * Of a histogram. `count` and `sum` are of all values; the rest is of the newest 1024, the percentiles by nearest rank. All are 0 while
 * there is no value.
 */
export type HistogramStatistics = {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation of the sample. */
  readonly stddev: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p98: number;
  readonly p99: number;
  readonly p999: number;
};

/** The distribution of a number: durations, sizes. */
export interface Histogram {
  /** Takes a value. One that is not a finite number is left out and logged once. */
  update(value: number): void;
  /** Sorts the window: for tests and reports, not for each record. */
  readonly statistics: HistogramStatistics;
}

/** The metrics of one subtask of one operator (UME1). May be used at any time, in `open` as well as later. */
export interface MetricGroup {
  counter(name: string): Counter;
  /** `read` is called between records (UME4), so it sees no key and no state: keep the number in a variable. Given again, it is replaced. */
  gauge(name: string, read: () => number): void;
  histogram(name: string): Histogram;
  meter(name: string): Meter;
}
