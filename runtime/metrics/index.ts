/** Room `metrics`: the metrics that code of a job registers: counting, and what each is worth when somebody asks. No clock of its own. */
export { type MetricOwner, MetricRegistry } from "./metric-registry.ts";
export type { MetricReading, OperatorMetrics } from "./reading.ts";
