import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JobView, SubtaskView } from "../jobmanager/index.ts";
import { createControl, JOB, SINK, start } from "./hand-written-control.test-support.ts";
import { prometheusText } from "./prometheus-text.ts";

type Sample = { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number };
type Family = { readonly kind: string; readonly samples: readonly Sample[] };

const SUFFIXES = ["", "_sum", "_count"];
const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_whole, letter: string) => (letter === "n" ? "\n" : letter));

/** Reads the text format as its specification says, and nothing else. */
function parse(text: string): Map<string, Family> {
  assert.ok(text.endsWith("\n"));
  const families = new Map<string, { kind: string; samples: Sample[] }>();
  const series = new Set<string>();
  let current: { name: string; kind: string; samples: Sample[] } | null = null;
  let helped: string | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, mark, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (mark === "HELP") {
      helped = name;
      continue;
    }
    if (mark === "TYPE") {
      assert.equal(helped, name, `${name} has its help before its type`);
      assert.ok(!families.has(name), `${name} comes once`);
      assert.match(rest, /^(counter|gauge|summary|untyped)$/);
      current = { name, kind: rest, samples: [] };
      families.set(name, current);
      continue;
    }
    const [, sample = "", labelText = "", number = ""] = /^([a-zA-Z_][a-zA-Z0-9_]*)\{(.*)\} (\S+)$/.exec(line) ?? [];
    assert.ok(
      current !== null && SUFFIXES.some((suffix) => current?.name + suffix === sample),
      `"${line}" is in its family`,
    );
    const labels: Record<string, string> = {};
    const remainder = labelText.replaceAll(
      /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g,
      (_whole, label: string, value: string) => {
        labels[label] = unescaped(value);
        return "";
      },
    );
    assert.equal(remainder, "", line);
    assert.ok(Number.isFinite(Number(number)), line);
    const identity = `${sample} ${JSON.stringify(labels)}`;
    assert.ok(!series.has(identity), `${identity} comes once`);
    series.add(identity);
    current.samples.push({ name: sample, labels, value: Number(number) });
  }
  return families;
}

const OPERATOR = "streamjob_taskmanager_job_task_operator_";

/** The made-up job with other metrics of its code. */
function jobWith(operators: NonNullable<NonNullable<SubtaskView["metrics"]>["operators"]>): JobView {
  const job = createControl().control.job();
  return {
    ...job,
    vertices: job.vertices.map((vertex) => ({
      ...vertex,
      subtasks: vertex.subtasks.map((subtask) => ({
        ...subtask,
        metrics:
          subtask.metrics === null ? null : { ...subtask.metrics, operators: vertex.id === SINK ? operators : [] },
      })),
    })),
  };
}

const textOf = (job: JobView): string => prometheusText(job, createControl().control.checkpoints(), 3000);

describe("GET /metrics", () => {
  it("is Prometheus' text format, with what the job, its tasks and its code have", async () => {
    const { url } = await start();
    const response = await fetch(`${url}/metrics`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const families = parse(await response.text());
    const one = (name: string): [string | undefined, number | undefined] => {
      const family = families.get(name);
      return [family?.kind, family?.samples[0]?.value];
    };
    assert.deepEqual(one("streamjob_jobmanager_job_numberOfCompletedCheckpoints"), ["counter", 3]);
    assert.deepEqual(one("streamjob_jobmanager_job_numberOfFailedCheckpoints"), ["counter", 1]);
    assert.deepEqual(one("streamjob_jobmanager_job_lastCheckpointDuration"), ["gauge", 100]);
    assert.deepEqual(one("streamjob_jobmanager_job_lastCheckpointSize"), ["gauge", 1024]);
    assert.deepEqual(one("streamjob_jobmanager_job_numRestarts"), ["counter", 2]);
    assert.equal(one("streamjob_jobmanager_job_uptime")[0], "gauge");
    assert.deepEqual(one("streamjob_taskmanager_job_task_numRecordsOut"), ["counter", 9]);
    assert.deepEqual(one("streamjob_taskmanager_job_task_busyTimeMsPerSecond"), ["gauge", 500]);
    assert.deepEqual(one("streamjob_taskmanager_job_task_currentInputWatermark"), [undefined, undefined]);
  });

  it("names job, task and operator in labels, and has one family for a name in several operators (PTX1, PTX2)", async () => {
    const { url } = await start();
    const families = parse(await (await fetch(`${url}/v1/metrics`)).text());
    const labels = {
      job_id: JOB,
      job_name: "words",
      task_id: SINK,
      task: "count -> Sink: print",
      subtask: "0",
    };
    const samples = families.get(`${OPERATOR}orders`)?.samples;
    assert.deepEqual(
      samples?.map((sample) => [sample.labels, sample.value]),
      [
        [{ ...labels, operator: "count: words", uid: "c" }, 5],
        [{ ...labels, operator: "process", uid: "p1" }, 5],
        [{ ...labels, operator: "process", uid: "p2" }, 5],
      ],
    );
    assert.equal(families.get(`${OPERATOR}orders`)?.kind, "counter");
    assert.deepEqual(
      [families.get(`${OPERATOR}bytes`)?.samples[0]?.value, families.get(`${OPERATOR}bytes_count`)?.samples[0]?.value],
      [10.5, 600],
    );
    const { kind, samples: parts = [] } = families.get(`${OPERATOR}latency`) ?? {};
    assert.equal(kind, "summary");
    assert.deepEqual(
      parts.map(({ name, labels: { quantile }, value }) => [name.slice(OPERATOR.length), quantile, value]),
      [
        ["latency", "0.5", 2],
        ["latency", "0.75", 3],
        ["latency", "0.95", 4],
        ["latency", "0.98", 4],
        ["latency", "0.99", 4],
        ["latency", "0.999", 4],
        ["latency_sum", undefined, 10],
        ["latency_count", undefined, 4],
      ],
    );
  });

  it("escapes names, and leaves out quantiles of nothing", () => {
    const name = 'a "quoted"\\ name\nof two lines';
    const nothing = {
      count: 0,
      sum: 0,
      min: 0,
      max: 0,
      mean: 0,
      stddev: 0,
      p50: 0,
      p75: 0,
      p90: 0,
      p95: 0,
      p98: 0,
      p99: 0,
      p999: 0,
    };
    const families = parse(
      textOf(jobWith([{ uid: "u", name, metrics: [{ kind: "histogram", name: "empty", ...nothing }] }])),
    );
    const { samples = [] } = families.get(`${OPERATOR}empty`) ?? {};
    assert.deepEqual(
      samples.map((sample) => [sample.name, sample.value]),
      [
        [`${OPERATOR}empty_sum`, 0],
        [`${OPERATOR}empty_count`, 0],
      ],
    );
    assert.equal(samples[0]?.labels.operator, name);
  });

  it("makes an untyped family of a name that is a counter here and a gauge there (PTX3)", () => {
    const families = parse(
      textOf(
        jobWith([
          { uid: "a", name: "a", metrics: [{ kind: "counter", name: "size", value: 1 }] },
          { uid: "b", name: "b", metrics: [{ kind: "gauge", name: "size", value: 2 }] },
        ]),
      ),
    );
    const { kind, samples = [] } = families.get(`${OPERATOR}size`) ?? {};
    assert.deepEqual([kind, ...samples.map(({ value }) => value)], ["untyped", 1, 2]);
  });

  it("has no sample of a checkpoint that was not", () => {
    const { control } = createControl();
    const text = prometheusText(control.job(), { ...control.checkpoints(), latestCompleted: null }, 3000);
    assert.deepEqual(
      [...parse(text).keys()].filter((name) => name.includes("lastC")),
      [],
    );
  });
});
