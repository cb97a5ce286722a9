/**
 * Owns: which metrics a job and a subtask have, under Flink's names, and what each is worth. Pure.
 * Called by: metric-messages.ts (JSON), prometheus-text.ts.
 *
 * MEV1 What code of a job registered is `<operator>.<name>`, as in Flink: in the operator's name, spaces and the characters `.:,` are `_`.
 *     Operators of one name in a chain are told apart by their uid: `<operator>_<uid>.<name>`.
 */
import type { CheckpointsView, JobView, SubtaskView } from "../jobmanager/index.ts";

type Metrics = NonNullable<SubtaskView["metrics"]>;
type OperatorMetrics = NonNullable<Metrics["operators"]>[number];
type Reading = OperatorMetrics["metrics"][number];

/** One number that somebody may ask for. `kind`: a counter only rises until what counts is started anew. */
export type NamedValue = {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly value: number;
};

/** -1 as in Flink: there was no completed checkpoint yet. */
export function jobValues(job: JobView, { counts, latestCompleted }: CheckpointsView, nowMs: number): NamedValue[] {
  const runningSinceMs = job.status === "RUNNING" ? (job.statusTimes.RUNNING ?? nowMs) : nowMs;
  const last = latestCompleted;
  const durationMs = last === null || last.endedMs === null ? -1 : last.endedMs - last.triggeredMs;
  return [
    counter("numRestarts", "Restarts of the job.", job.restarts),
    counter("fullRestarts", "The same as numRestarts.", job.restarts),
    gauge("uptime", "Milliseconds since the job entered RUNNING; 0 in any other status.", nowMs - runningSinceMs),
    gauge(
      "totalNumberOfCheckpoints",
      "Checkpoints that were triggered.",
      counts.completed + counts.failed + counts.inProgress,
    ),
    gauge("numberOfInProgressCheckpoints", "Checkpoints in progress.", counts.inProgress),
    counter("numberOfCompletedCheckpoints", "Completed checkpoints.", counts.completed),
    counter("numberOfFailedCheckpoints", "Failed checkpoints.", counts.failed),
    gauge("lastCompletedCheckpointId", "Id of the last completed checkpoint.", last?.id ?? -1),
    gauge(
      "lastCheckpointDuration",
      "Milliseconds from trigger to completion of the last completed checkpoint.",
      durationMs,
    ),
    gauge("lastCheckpointSize", "Bytes that were written for the last completed checkpoint.", last?.writtenBytes ?? -1),
    gauge(
      "lastCheckpointFullSize",
      "Bytes of all state that the last completed checkpoint refers to.",
      last?.stateBytes ?? -1,
    ),
  ];
}

/** The engine's own of one task; none before its first report. */
export function taskValues({ metrics, rates }: SubtaskView): NamedValue[] {
  if (metrics === null) return [];
  const { recordsIn, recordsOut, bytesIn, bytesOut, busyRatio, idleRatio, backPressuredRatio, watermark } = metrics;
  const share = (ratio: number): number => Math.round(ratio * 1000);
  return [
    counter("numRecordsIn", "Records that the task has received.", recordsIn),
    counter("numRecordsOut", "Records that the task has sent.", recordsOut),
    counter("numBytesIn", "Bytes that the task has received.", bytesIn),
    counter("numBytesOut", "Bytes that the task has sent.", bytesOut),
    gauge("busyTimeMsPerSecond", "Milliseconds of each second in which the task works.", share(busyRatio)),
    gauge("idleTimeMsPerSecond", "Milliseconds of each second in which the task has nothing to do.", share(idleRatio)),
    gauge(
      "backPressuredTimeMsPerSecond",
      "Milliseconds of each second in which the task is backpressured.",
      share(backPressuredRatio),
    ),
    ...(rates === null ? [] : rateValues(rates)),
    ...(watermark === null ? [] : [gauge("currentInputWatermark", "Watermark, epoch milliseconds.", watermark)]),
  ];
}

function rateValues({ recordsIn, recordsOut, bytesIn, bytesOut }: NonNullable<SubtaskView["rates"]>): NamedValue[] {
  return [
    gauge("numRecordsInPerSecond", "Records received per second, over the last minute.", recordsIn),
    gauge("numRecordsOutPerSecond", "Records sent per second, over the last minute.", recordsOut),
    gauge("numBytesInPerSecond", "Bytes received per second, over the last minute.", bytesIn),
    gauge("numBytesOutPerSecond", "Bytes sent per second, over the last minute.", bytesOut),
  ];
}

/** Everything of a subtask by the id that it has within its vertex; empty before its first report. */
export function subtaskValues(subtask: SubtaskView): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const { name, value } of taskValues(subtask)) values.set(name, value);
  const operators = subtask.metrics?.operators ?? [];
  for (const operator of operators) {
    const scope = scopeOf(operator, operators);
    for (const reading of operator.metrics) {
      for (const [suffix, value] of partsOf(reading)) values.set(`${scope}.${reading.name}${suffix}`, value);
    }
  }
  return values;
}

/** MEV1 */
function scopeOf({ name, uid }: OperatorMetrics, all: readonly OperatorMetrics[]): string {
  const plain = filtered(name);
  const isOne = all.filter((other) => filtered(other.name) === plain).length === 1;
  return isOne ? plain : `${plain}_${filtered(uid)}`;
}

const filtered = (name: string): string => name.replaceAll(/[ .:,]/g, "_");

/** A metric as Flink shows it: a meter by its rate, a histogram by its parts; counts and sums are ours. */
function partsOf(reading: Reading): readonly (readonly [suffix: string, value: number])[] {
  switch (reading.kind) {
    case "counter":
    case "gauge":
      return [["", reading.value]];
    case "meter":
      return [
        ["", reading.rate],
        ["_count", reading.count],
      ];
    case "histogram":
      return [
        ["_count", reading.count],
        ["_sum", reading.sum],
        ["_min", reading.min],
        ["_max", reading.max],
        ["_mean", reading.mean],
        ["_median", reading.p50],
        ["_stddev", reading.stddev],
        ["_p75", reading.p75],
        ["_p90", reading.p90],
        ["_p95", reading.p95],
        ["_p98", reading.p98],
        ["_p99", reading.p99],
        ["_p999", reading.p999],
      ];
  }
}

const counter = (name: string, help: string, value: number): NamedValue => ({ name, kind: "counter", help, value });
const gauge = (name: string, help: string, value: number): NamedValue => ({ name, kind: "gauge", help, value });
