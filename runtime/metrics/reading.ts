/**
 * Owns: what a metric was worth at one moment, as plain data: sent with heartbeats, shown by REST.
 */
import type { HistogramStatistics } from "../ports/index.ts";

/** All numbers are finite. */
export type MetricReading =
  | { readonly kind: "counter"; readonly name: string; readonly value: number }
  | { readonly kind: "gauge"; readonly name: string; readonly value: number }
  | ({ readonly kind: "histogram"; readonly name: string } & HistogramStatistics)
  /** `rate`: per second. */
  | { readonly kind: "meter"; readonly name: string; readonly count: number; readonly rate: number };

/** Of one operator of a task. */
export type OperatorMetrics = {
  readonly uid: string;
  readonly name: string;
  readonly metrics: readonly MetricReading[];
};
