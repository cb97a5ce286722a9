/**
 * Owns: metrics of the job, its tasks and its code on a page for Prometheus.
 * Not here: names and values (metric-values.ts), the format (base/metrics-page.ts).
 *
 * PTX1 The names are those of Flink's reporter with `streamjob_` for `flink_`; what code of the job registered has one family for each name,
 *     over all operators. A histogram is a summary. A meter is a gauge, its rate, and a counter, `<name>_count`.
 * PTX2 No two samples have the same name and labels: a task is told by the id of its vertex and its subtask, an operator by its uid.
 * PTX3 Operators that give one name to metrics of two kinds make an untyped family of it (MPG1).
 */
import { type Labels, MetricsPage } from "../../base/index.ts";
import type { CheckpointsView, JobView, SubtaskView } from "../jobmanager/index.ts";
import { jobValues, taskValues } from "./metric-values.ts";

const JOB = "streamjob_jobmanager_job_";
const TASK = "streamjob_taskmanager_job_task_";
const OPERATOR = "streamjob_taskmanager_job_task_operator_";

type Reading = NonNullable<NonNullable<SubtaskView["metrics"]>["operators"]>[number]["metrics"][number];

export function prometheusText(job: JobView, checkpoints: CheckpointsView, nowMs: number): string {
  const page = new MetricsPage();
  addJobMetrics(page, { job, checkpoints, nowMs });
  return page.text();
}

export type JobMetricsSource = { readonly job: JobView; readonly checkpoints: CheckpointsView; readonly nowMs: number };

export function addJobMetrics(page: MetricsPage, { job, checkpoints, nowMs }: JobMetricsSource): void {
  const ofJob: Labels = { job_id: job.jobId, job_name: job.name };
  for (const { name, kind, help, value } of jobValues(job, checkpoints, nowMs)) {
    // A checkpoint that was not is no sample.
    if (value !== -1) page.add({ name: JOB + name, kind, help }, ofJob, value);
  }
  for (const vertex of job.vertices) {
    for (const view of vertex.subtasks) {
      const ofTask = { ...ofJob, task_id: vertex.id, task: vertex.name, subtask: String(view.subtask) };
      for (const { name, kind, help, value } of taskValues(view))
        page.add({ name: TASK + name, kind, help }, ofTask, value);
      for (const { uid, name, metrics: readings } of view.metrics?.operators ?? []) {
        const ofOperator = { ...ofTask, operator: name, uid };
        for (const reading of readings) addReading(page, reading, ofOperator);
      }
    }
  }
}

function addReading(page: MetricsPage, reading: Reading, labels: Labels): void {
  const name = OPERATOR + reading.name;
  const help = `${reading.name}, of the job's code.`;
  switch (reading.kind) {
    case "counter":
    case "gauge":
      page.add({ name, kind: reading.kind, help }, labels, reading.value);
      return;
    case "meter":
      page.add({ name, kind: "gauge", help: `${reading.name} per second, of the job's code.` }, labels, reading.rate);
      page.add({ name: `${name}_count`, kind: "counter", help }, labels, reading.count);
      return;
    case "histogram": {
      const { p50, p75, p95, p98, p99, p999 } = reading;
      const quantiles = { 0.5: p50, 0.75: p75, 0.95: p95, 0.98: p98, 0.99: p99, 0.999: p999 };
      const family = { name, kind: "summary", help } as const;
      if (reading.count > 0) {
        for (const [quantile, value] of Object.entries(quantiles)) page.add(family, { ...labels, quantile }, value);
      }
      page.add(family, labels, reading.sum, "_sum");
      page.add(family, labels, reading.count, "_count");
    }
  }
}
