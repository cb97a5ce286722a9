/**
 * Owns: metrics of the job, its tasks and its code in Prometheus' text format, 0.0.4.
 * Not here: names and values (metric-values.ts).
 *
 *   text   = family*
 *   family = "# HELP" name text, "# TYPE" name kind, sample*        a name comes once, all of its samples behind it
 *   sample = name "{" label="value", … "}" value
 *
 * PTX1 The names are those of Flink's reporter with `streamjob_` for `flink_`; what code of the job registered has one family for each name,
 *     over all operators. A histogram is a summary. A meter is a gauge, its rate, and a counter, `<name>_count`.
 * PTX2 No two samples have the same name and labels: a task is told by the id of its vertex and its subtask, an operator by its uid.
 * PTX3 Operators that give one name to metrics of two kinds make an untyped family of it: no sample is lost.
 */
import type { CheckpointsView, JobView, SubtaskView } from "../jobmanager/index.ts";
import { jobValues, taskValues } from "./metric-values.ts";

export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const JOB = "streamjob_jobmanager_job_";
const TASK = "streamjob_taskmanager_job_task_";
const OPERATOR = "streamjob_taskmanager_job_task_operator_";

type Kind = "counter" | "gauge" | "summary";
type Labels = Readonly<Record<string, string>>;
type Reading = NonNullable<NonNullable<SubtaskView["metrics"]>["operators"]>[number]["metrics"][number];
type Family = { kind: Kind | "untyped"; readonly help: string; readonly samples: string[] };

export function prometheusText(job: JobView, checkpoints: CheckpointsView, nowMs: number): string {
  const page = new Page();
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
  return page.text();
}

function addReading(page: Page, reading: Reading, labels: Labels): void {
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

class Page {
  readonly #families = new Map<string, Family>();

  add(
    { name, kind, help }: { readonly name: string; readonly kind: Kind; readonly help: string },
    labels: Labels,
    value: number,
    suffix = "",
  ): void {
    const family: Family = this.#families.get(name) ?? { kind, help, samples: [] };
    this.#families.set(name, family);
    if (family.kind !== kind) family.kind = "untyped"; // PTX3
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    family.samples.push(`${name}${suffix}{${pairs.join(",")}} ${value}\n`);
  }

  text(): string {
    return [...this.#families]
      .map(([name, { kind, help, samples }]) => `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${samples.join("")}`)
      .join("");
  }
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
