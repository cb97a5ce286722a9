/**
 * Owns: the metrics of one subtask of one operator: registering them, and reading what they are worth.
 * Called by: code of a job, as `context.metrics` (register); the TaskManager's slot and the testkit (read).
 *
 * MREG1 What a metric is shown as under more than one name (`latency_p99`, `orders_count`) is taken, too: no other metric may have it.
 * MREG2 A reading holds finite numbers only; whatever else a metric is worth is left out and logged once for each metric (UME4).
 */
import { type Clock, type Log, StreamError, toErrorInfo } from "../../base/index.ts";
import type { Counter, Histogram, Meter, MetricGroup } from "../ports/index.ts";
import { MinuteMeter } from "./minute-meter.ts";
import type { MetricReading } from "./reading.ts";
import { WindowHistogram } from "./window-histogram.ts";

const METRICS_MAX = 256;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/;

class PlainCounter implements Counter {
  readonly kind = "counter";
  count = 0;

  inc(by = 1): void {
    this.count += by;
  }
}

class FunctionGauge {
  readonly kind = "gauge";
  read: () => number;

  constructor(read: () => number) {
    this.read = read;
  }
}

type Metric = PlainCounter | FunctionGauge | WindowHistogram | MinuteMeter;

/** What a metric is shown as beside its name (MREG1). */
const SUFFIXES: Readonly<Record<Metric["kind"], readonly string[]>> = {
  counter: [],
  gauge: [],
  meter: ["_count"],
  histogram: "_count _sum _min _max _mean _median _stddev _p75 _p90 _p95 _p98 _p99 _p999".split(" "),
};

/** Whose metrics they are. */
export type MetricOwner = {
  readonly name: string;
  readonly uid: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
};

/** What `context.metrics` is; a test that makes a context by hand makes one of these, too. */
export class MetricRegistry implements MetricGroup {
  readonly #owner: MetricOwner;
  readonly #metrics = new Map<string, Metric>();
  /** Every name that something is shown as, and the metric that it is of. */
  readonly #taken = new Map<string, string>();
  readonly #told = new Set<string>();

  constructor(owner: MetricOwner) {
    this.#owner = owner;
  }

  /** Errors, as of all four: USER_FUNCTION_FAILED (UME3). */
  counter(name: string): Counter {
    return this.#metric("counter", name, () => new PlainCounter());
  }

  gauge(name: string, read: () => number): void {
    if (typeof read !== "function")
      throw this.#refusal("gauge", name, "a gauge takes a function that returns a number");
    this.#metric("gauge", name, () => new FunctionGauge(read)).read = read;
  }

  histogram(name: string): Histogram {
    const refuse = (value: unknown): void => this.#leaveOut(name, `update was given ${String(value)}`);
    return this.#metric("histogram", name, () => new WindowHistogram(refuse));
  }

  meter(name: string): Meter {
    return this.#metric("meter", name, () => new MinuteMeter(this.#owner.clock));
  }

  /** What each is worth now, in the order in which they were registered. Calls code of the job, and throws nothing (UME4). */
  read(): readonly MetricReading[] {
    const readings: MetricReading[] = [];
    for (const [name, metric] of this.#metrics) {
      const reading = this.#read(name, metric);
      if (reading !== null) readings.push(reading);
    }
    return readings;
  }

  #read(name: string, metric: Metric): MetricReading | null {
    switch (metric.kind) {
      case "counter":
        return this.#isFinite(name, metric.count) ? { kind: "counter", name, value: metric.count } : null;
      case "gauge":
        return this.#readGauge(name, metric);
      case "histogram":
        return this.#readHistogram(name, metric);
      case "meter": {
        const { count, rate } = metric;
        return this.#isFinite(name, count) && this.#isFinite(name, rate) ? { kind: "meter", name, count, rate } : null;
      }
    }
  }

  #readHistogram(name: string, { statistics }: WindowHistogram): MetricReading | null {
    // Squares of finite numbers may not be.
    const isGood = Object.values(statistics).every((value) => this.#isFinite(name, value));
    return isGood ? { kind: "histogram", name, ...statistics } : null;
  }

  #readGauge(name: string, { read }: FunctionGauge): MetricReading | null {
    let value: unknown;
    try {
      value = read();
    } catch (error) {
      this.#leaveOut(name, "its function threw", error);
      return null;
    }
    return this.#isFinite(name, value) ? { kind: "gauge", name, value } : null;
  }

  #isFinite(name: string, value: unknown): value is number {
    if (Number.isFinite(value)) return true;
    this.#leaveOut(name, `it is worth ${typeof value === "number" ? value : typeof value}, not a finite number`);
    return false;
  }

  #leaveOut(metric: string, reason: string, error?: unknown): void {
    if (this.#told.has(metric)) return;
    this.#told.add(metric);
    const { name: operator, uid, log } = this.#owner;
    const cause = error === undefined ? {} : { err: toErrorInfo(error) };
    log.warn({ operator, uid, metric, reason, ...cause }, "a metric is left out; it is not mentioned again");
  }

  #metric<M extends Metric>(kind: M["kind"], name: string, make: () => M): M {
    const known = this.#metrics.get(name);
    if (known !== undefined) {
      if (known.kind === kind) return known as M;
      throw this.#refusal(kind, name, `"${name}" is a ${known.kind} of this operator: choose another name`);
    }
    if (typeof name !== "string" || !NAME.test(name)) {
      const rule = "a name has letters, digits and _, begins with no digit, and has at most 128 characters";
      throw this.#refusal(kind, name, rule);
    }
    if (this.#metrics.size >= METRICS_MAX) {
      const advice = "register each once, and keep keys and other values of records out of names";
      throw this.#refusal(
        kind,
        name,
        `the operator has ${METRICS_MAX} metrics already, the most that it may: ${advice}`,
      );
    }
    const names = [name, ...SUFFIXES[kind].map((suffix) => name + suffix)];
    const clash = names.find((each) => this.#taken.has(each));
    if (clash !== undefined) {
      const other = `"${clash}" is also what the operator's metric "${this.#taken.get(clash)}" is shown as`;
      throw this.#refusal(kind, name, `${other}: choose another name`);
    }
    const metric = make();
    for (const each of names) this.#taken.set(each, name);
    this.#metrics.set(name, metric);
    return metric;
  }

  #refusal(kind: Metric["kind"], name: unknown, reason: string): StreamError {
    const { name: operator, uid } = this.#owner;
    const call = `context.metrics.${kind}(${JSON.stringify(String(name).slice(0, 140))})`;
    return new StreamError("USER_FUNCTION_FAILED", `${operator} (uid ${uid}): ${call}: ${reason}`, {
      destiny: "terminal",
    });
  }
}
