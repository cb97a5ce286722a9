/**
 * Owns: what a test asks of the metrics that the code under test registered.
 * Called by: operator-harness.ts, job-driver.ts.
 */
import { AssertionFailure } from "../../base/index.ts";
import type { MetricReading, MetricRegistry } from "../metrics/index.ts";
import type { HistogramStatistics } from "../ports/index.ts";

/** A counter's count, a gauge's value, a meter's rate, a histogram's number of values; summed up over the subtasks. */
export function metricValue(uid: string, subtasks: readonly MetricRegistry[], name: string): number {
  return find(uid, subtasks, name).reduce((total, reading) => total + numberOf(reading), 0);
}

/** Of one subtask: percentiles of several cannot be put together. */
export function histogramOf(uid: string, subtask: MetricRegistry | undefined, name: string): HistogramStatistics {
  const [reading] = find(uid, subtask === undefined ? [] : [subtask], name);
  if (reading?.kind !== "histogram")
    throw new AssertionFailure(`the metric "${name}" of "${uid}" is a ${reading?.kind}, no histogram`);
  const { kind: _kind, name: _name, ...statistics } = reading;
  return statistics;
}

function find(uid: string, subtasks: readonly MetricRegistry[], name: string): readonly MetricReading[] {
  const all = subtasks.flatMap((registry) => registry.read());
  const found = all.filter((reading) => reading.name === name);
  if (found.length > 0) return found;
  const known = [...new Set(all.map((reading) => reading.name))].join(", ");
  throw new AssertionFailure(
    `"${uid}" has no metric "${name}" that is worth a number; it has: ${known === "" ? "none" : known}`,
  );
}

function numberOf(reading: MetricReading): number {
  switch (reading.kind) {
    case "counter":
    case "gauge":
      return reading.value;
    case "meter":
      return reading.rate;
    case "histogram":
      return reading.count;
  }
}
