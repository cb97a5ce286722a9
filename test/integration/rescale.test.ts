/**
 * Savepoints and other parallelisms: what was saved at two subtasks goes on at three and at one, with every kind of state.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { StreamError } from "../../base/index.ts";
import { jobArgs } from "./job-args.ts";
import type { JobRun, RunOptions } from "./job-run.ts";
import { expectedLines } from "./jobs/every-state.ts";
import { assertSameLines, readLines } from "./part-files.ts";
import { inWorkspace, type Workspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/every-state.ts", import.meta.url));
const COUNT = 6000;
const RATE = 800;
/** At this one something is left for the next run, however long a savepoint takes. */
const SLOW_RATE = 50;

function start(
  workspace: Workspace,
  options: Partial<RunOptions> & { readonly count?: number; readonly rate?: number },
): Promise<JobRun> {
  const { count = COUNT, rate = RATE, ...rest } = options;
  return workspace.start({
    module: MODULE,
    args: jobArgs({ count, rate, output: workspace.path("output"), until: workspace.mayEndFile }),
    taskManagers: 2,
    ...rest,
  });
}

describe("a job with keyed state, list state and timers of both kinds", () => {
  it("goes on from a savepoint at 3 and then at 1 instead of 2 subtasks, and its output is that of one run", () =>
    inWorkspace("rescale", async (workspace) => {
      const savepoints = workspace.path("savepoints");
      const first = await start(workspace, { parallelism: 2, rate: SLOW_RATE });
      await first.nextCheckpoint();
      const atTwo = await first.stop(savepoints);
      const second = await start(workspace, { parallelism: 3, rate: SLOW_RATE, restore: { path: atTwo } });
      await second.nextCheckpoint();
      const atThree = await second.stop(savepoints);
      assert.notEqual(atThree, atTwo);
      const between = readLines(workspace.path("output"));
      assert.ok(between.length < expectedLines(COUNT).length, "nothing was left for the last run");
      const third = await start(workspace, { parallelism: 1, restore: { path: atThree } });
      await third.finish();
      assertSameLines(readLines(workspace.path("output")), expectedLines(COUNT));
    }));

  it("is killed in between and goes on from the savepoint or its own newest checkpoint, whichever is newer", () =>
    inWorkspace("rescale-kill", async (workspace) => {
      const first = await start(workspace, { parallelism: 2 });
      await first.nextCheckpoint();
      const savepoint = await first.stop(workspace.path("savepoints"));
      const second = await start(workspace, { parallelism: 3, restore: { path: savepoint } });
      process.kill(second.cluster.pids().jobManager as number, "SIGKILL");
      await second.nextCheckpoint();
      process.kill(second.cluster.pids().jobManager as number, "SIGKILL");
      await second.nextCheckpoint();
      process.kill(second.cluster.pids().taskManagers[0] as number, "SIGKILL");
      await second.finish();
      assertSameLines(readLines(workspace.path("output")), expectedLines(COUNT));
    }));

  it("that is stopped keeps its timers for later; that is drained fires them all (SP-2)", () =>
    inWorkspace("drain", async (workspace) => {
      // So slow that no window is over by the time of the stop.
      const numbers = { count: 1_000_000, rate: 200 };
      const stopping = await start(workspace, { parallelism: 2, ...numbers });
      await stopping.nextCheckpoint();
      const savepoint = await stopping.stop(workspace.path("savepoints"));
      const fired = readLines(workspace.path("output")).filter((line) => line.startsWith("window"));
      assert.deepEqual(fired, [], "a window has fired before its time");
      const draining = await start(workspace, { parallelism: 2, ...numbers, restore: { path: savepoint } });
      await draining.nextCheckpoint();
      await draining.stop(workspace.path("savepoints"), true);
      const lines = readLines(workspace.path("output"));
      const sumOf = (pattern: RegExp): number =>
        lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).reduce((sum, text) => sum + Number(text), 0);
      assert.ok(sumOf(/^read (\d+)$/) > 0);
      assert.equal(
        sumOf(/^window \d+ \d+ (\d+)$/),
        sumOf(/^read (\d+)$/),
        "a number is not in a window that has fired",
      );
    }));

  it("is refused at more subtasks than its maximum, and with another explicit maximum (SP-8)", () =>
    inWorkspace("max-parallelism", async (workspace) => {
      const first = await start(workspace, { parallelism: 2, options: { "pipeline.max-parallelism": "4" } });
      await first.nextCheckpoint();
      const savepoint = await first.stop(workspace.path("savepoints"));
      const restore = { path: savepoint };
      await assertRefused(
        () => start(workspace, { parallelism: 5, restore }),
        /(?:windows|alarms)[^;]*\b5\b[^;]*\b4\b/,
      );
      const other = { "pipeline.max-parallelism": "8" };
      await assertRefused(
        () => start(workspace, { parallelism: 2, restore, options: other }),
        /\b8\b[^;]*\b4\b|\b4\b[^;]*\b8\b/,
      );
      const last = await start(workspace, { parallelism: 4, restore });
      await last.finish();
      assertSameLines(readLines(workspace.path("output")), expectedLines(COUNT));
    }));
});

/** Refused at the start, or as soon as the JobManager has read the savepoint. */
async function assertRefused(starting: () => Promise<JobRun>, says: RegExp): Promise<void> {
  let failure: { readonly code: string | undefined; readonly message: string } | null = null;
  try {
    failure = (await (await starting()).finish("FAILED")).failure;
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    failure = error;
  }
  assert.equal(failure?.code, "STATE_INCOMPATIBLE", failure?.message);
  assert.match(failure?.message ?? "", says);
}
