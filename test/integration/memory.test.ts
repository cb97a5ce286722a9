/**
 * A fast source behind a slow sink: the source is held back to the sink's pace, and no process grows.
 *
 * MEM1 It lasts as long as the sink takes for so many records, however busy the machine is; the first third is warm-up (heaps grow to their
 *     working size).
 * MEM2 What a source that is not held back would add is hundreds of MB; what garbage collection adds and takes is less than ABOVE_FIRST_MB_MAX.
 *     With STREAMJOB_LONG=1, on a quiet machine for five minutes, the resident memory is flat: its straight line rises by less than
 *     GROWTH_MB_MAX a minute, or its maximum is less than ABOVE_MEDIAN_MB_MAX above its median.
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
const IS_LONG = process.env["STREAMJOB_LONG"] === "1";
/** Of the sink: one takes 10 ms or more. */
const RECORDS = IS_LONG ? 30_000 : 2000;
const SAMPLE_EVERY_MS = 500;
const ABOVE_FIRST_MB_MAX = 100;
const GROWTH_MB_MAX = 4;
const ABOVE_MEDIAN_MB_MAX = 12;
/** Under way between the two: about a second of the sink's work, and never the 1,500 and more that the channel could hold. */
const AHEAD_MAX = 600;

type Sample = { readonly atMs: number; readonly mb: number };

describe("a fast source behind a sink of 100 records a second", () => {
  it(`is held back, and no process grows while ${RECORDS} records are written`, () =>
    inWorkspace("memory", async (workspace) => {
      const run = await workspace.start({ module: MODULE, parallelism: 1, taskManagers: 1 });
      await run.until("it runs", async () => (await run.status()) === "RUNNING");
      const { jobManager, taskManagers } = run.cluster.pids();
      const processes: Record<string, number> = {
        JobManager: jobManager as number,
        TaskManager: taskManagers[0] as number,
      };
      const samples = new Map(Object.keys(processes).map((name) => [name, [] as Sample[]]));
      let written = 0;
      while (written < RECORDS) {
        const { source, sink } = await recordsOf(run);
        const ahead = source - sink;
        assert.ok(ahead < AHEAD_MAX, `${ahead} records stand before the sink: a barrier waits for all of them`);
        written = sink;
        if (written > RECORDS / 3) {
          const atMs = systemClock.monotonicMs();
          for (const [name, pid] of Object.entries(processes)) samples.get(name)?.push({ atMs, mb: residentMb(pid) });
        }
        await sleep(systemClock, SAMPLE_EVERY_MS); // the time between two samples
      }
      await run.until("the source to be shown as backpressured", async () => (await ratioOf(run, "Source")) > 0.5);
      await run.until("the sink to be shown as not backpressured", async () => (await ratioOf(run, "Sink")) < 0.1);
      for (const [name, all] of samples) assertBounded(workspace.note.bind(workspace), name, all);
      assert.ok((await run.newest()) !== null, "no checkpoint was completed under backpressure");
      process.stdout.write(`  ${workspace.notes.join("\n  ")}\n`);
      assert.equal((await run.cancel()).status, "CANCELED");
    }));
});

/** MEM2 */
function assertBounded(note: (line: string) => void, name: string, samples: readonly Sample[]): void {
  const growth = slopePerMinute(samples);
  const sorted = samples.map(({ mb }) => mb).toSorted((a, b) => a - b);
  const [median, most] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
  const above = most - median;
  const text = `${name}: median ${median.toFixed(1)} MB, maximum ${above.toFixed(1)} above, ${growth.toFixed(2)} MB/min`;
  note(text);
  assert.ok(most - (samples[0]?.mb ?? 0) < ABOVE_FIRST_MB_MAX, `memory grows: ${text}`);
  if (IS_LONG) assert.ok(growth < GROWTH_MB_MAX || above < ABOVE_MEDIAN_MB_MAX, `memory grows: ${text}`);
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
