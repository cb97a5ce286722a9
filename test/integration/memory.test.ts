/**
 * A fast source behind a slow sink: the source is held back to the sink's pace, and no process grows.
 *
 * MEM1 60 s by default, 5 minutes with STREAMJOB_LONG=1; the first third is warm-up (heaps grow to their working size).
 * MEM2 Flat: the resident memory's straight line rises by less than GROWTH_MB_MAX a minute, or its maximum is less than
 *     ABOVE_MEDIAN_MB_MAX above its median (a garbage collection more or less is no leak).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../base/index.ts";
import { backpressureSchema } from "../../contract/index.ts";
import type { JobRun } from "./job-run.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/slow-sink.ts", import.meta.url));
const DURATION_MS = process.env["STREAMJOB_LONG"] === "1" ? 300_000 : 60_000;
const SAMPLE_EVERY_MS = 500;
const GROWTH_MB_MAX = 4;
const ABOVE_MEDIAN_MB_MAX = 12;
/** Under way between the two: about a second of the sink's work, and never the 1,500 and more that the channel could hold. */
const AHEAD_MAX = 600;
/** Of the sink: one record every 10 ms, and timers are late rather than early. */
const RATE_MAX = 105;
const RATE_MIN = 40;

type Sample = { readonly atMs: number; readonly mb: number };

describe("a fast source behind a sink of 100 records a second", () => {
  it(`is held back, and the memory of every process is flat over ${DURATION_MS / 1000} s`, () =>
    inWorkspace("memory", async (workspace) => {
      const run = await workspace.start({ module: MODULE, parallelism: 1, taskManagers: 1 });
      await run.until("it runs", async () => (await run.status()) === "RUNNING");
      const { jobManager, taskManagers } = run.cluster.pids();
      const processes: Record<string, number> = {
        JobManager: jobManager as number,
        TaskManager: taskManagers[0] as number,
      };
      const samples = new Map(Object.keys(processes).map((name) => [name, [] as Sample[]]));
      const startMs = systemClock.monotonicMs();
      let warm: { readonly records: number; readonly atMs: number } | null = null;
      for (let nowMs = startMs; nowMs - startMs < DURATION_MS; nowMs = systemClock.monotonicMs()) {
        for (const [name, pid] of Object.entries(processes))
          samples.get(name)?.push({ atMs: nowMs, mb: residentMb(pid) });
        const isWarm = nowMs - startMs > DURATION_MS / 3;
        if (isWarm && warm === null) warm = { records: (await recordsOf(run)).sink, atMs: systemClock.monotonicMs() };
        await sleep(systemClock, SAMPLE_EVERY_MS); // the time between two samples
      }
      assert.ok(warm !== null);
      const { source, sink } = await recordsOf(run);
      const rate = ((sink - warm.records) * 1000) / (systemClock.monotonicMs() - warm.atMs);
      workspace.note(`the sink wrote ${rate.toFixed(1)} records/s; the source is ${source - sink} records ahead`);
      assert.ok(rate > RATE_MIN && rate < RATE_MAX, `the sink's rate is ${rate} records/s`);
      assert.ok(
        source - sink < AHEAD_MAX,
        `${source - sink} records stand before the sink: a barrier waits for all of them`,
      );
      assert.ok((await ratioOf(run, "Source")) > 0.5, "the source is not shown as backpressured");
      assert.ok((await ratioOf(run, "Sink")) < 0.1, "the sink is shown as backpressured");
      for (const [name, all] of samples) assertFlat(workspace.note.bind(workspace), name, all);
      assert.ok((await run.newest()) !== null, "no checkpoint was completed under backpressure");
      process.stdout.write(`  ${workspace.notes.join("\n  ")}\n`);
      assert.equal((await run.cancel()).status, "CANCELED");
    }));
});

function assertFlat(note: (line: string) => void, name: string, all: readonly Sample[]): void {
  const samples = all.filter(({ atMs }) => atMs - (all[0]?.atMs ?? 0) > DURATION_MS / 3);
  const growth = slopePerMinute(samples);
  const sorted = samples.map(({ mb }) => mb).toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  const above = (sorted.at(-1) ?? 0) - median;
  const text = `${name}: median ${median.toFixed(1)} MB, maximum ${above.toFixed(1)} above, ${growth.toFixed(2)} MB/min`;
  note(text);
  assert.ok(growth < GROWTH_MB_MAX || above < ABOVE_MEDIAN_MB_MAX, `memory grows: ${text}`);
}

/** Of the straight line with the least squares. */
function slopePerMinute(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const meanMs = mean(({ atMs }) => atMs);
  const meanMb = mean(({ mb }) => mb);
  const covariance = mean(({ atMs, mb }) => (atMs - meanMs) * (mb - meanMb));
  return (covariance / mean(({ atMs }) => (atMs - meanMs) ** 2)) * 60_000;
}

function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  assert.ok(kilobytes !== undefined, `process ${pid} has no resident memory`);
  return Number(kilobytes) / 1024;
}

/** Records that have left the source and reached the sink's task, by the JobManager's REST. */
async function recordsOf(run: JobRun): Promise<{ readonly source: number; readonly sink: number }> {
  const { vertices } = await run.client.details();
  return {
    source: vertices.find(({ name }) => name.startsWith("Source"))?.metrics["write-records"] ?? 0,
    sink: vertices.find(({ name }) => name.startsWith("Sink"))?.metrics["read-records"] ?? 0,
  };
}

/** The share of time in which the vertex had to wait for its consumers. */
async function ratioOf(run: JobRun, name: string): Promise<number> {
  const { vertices } = await run.client.details();
  const vertex = vertices.find((each) => each.name.startsWith(name));
  assert.ok(vertex !== undefined, `there is no vertex ${name}: ${vertices.map((each) => each.name).join(", ")}`);
  const message = backpressureSchema.parse(await run.get(`/vertices/${vertex.id}/backpressure`));
  return Math.max(0, ...message.subtasks.map(({ ratio }) => ratio));
}
