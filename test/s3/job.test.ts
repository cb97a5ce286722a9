/**
 * Jobs whose checkpoints and savepoints are in a real S3 server: killed, slowed down, moved to another parallelism. What counts is the
 * sink's output.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openStore } from "../../runtime/storage/index.ts";
import { type Fault, FaultProxy, minioPart, testPart } from "../environment/index.ts";
import { jobArgs } from "../integration/job-args.ts";
import type { JobRun, RunOptions } from "../integration/job-run.ts";
import { expectedLines } from "../integration/jobs/word-count.ts";
import { assertSameLines, readLines } from "../integration/part-files.ts";
import { inWorkspace, type Workspace } from "../integration/workspace.ts";
import { environmentFor, newBucket } from "./buckets.ts";

const MODULE = fileURLToPath(new URL("../integration/jobs/word-count.ts", import.meta.url));
const COUNT = 4000;
const WORDS = 50;
/** At this one something is left for the next run, however long a savepoint takes. */
const SLOW_RATE = 50;
const { skip, gives } = await testPart(minioPart);

describe("a word count with its state in S3", { skip }, () => {
  let proxy: FaultProxy;
  let bucket = "";
  const saved = { ...process.env };
  before(async () => {
    proxy = await FaultProxy.start(gives().endpoint);
    bucket = await newBucket(gives());
    // Inherited by the job's processes: the way in which a pod is told.
    Object.assign(process.env, environmentFor({ ...gives(), endpoint: proxy.endpoint }));
  });
  after(async () => {
    for (const name of Object.keys(environmentFor(gives()))) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
    await proxy.stop();
  });

  const start = (workspace: Workspace, options: Partial<RunOptions>, rate = 800): Promise<JobRun> =>
    workspace.start({
      module: MODULE,
      args: jobArgs({
        count: COUNT,
        rate,
        words: WORDS,
        output: workspace.path("output"),
        until: workspace.mayEndFile,
      }),
      taskManagers: 2,
      ...options,
      options: { "execution.checkpointing.dir": `s3://${bucket}/checkpoints`, ...options.options },
    });

  it("counts exactly when a TaskManager and the JobManager are killed, and the store throttles and loses answers", () =>
    inWorkspace("s3-kill", async (workspace) => {
      const throttled: Fault = { kind: "answer", status: 503, code: "SlowDown" };
      const faults = [throttled, null, null, { kind: "lose response" } as const, null, null, null];
      proxy.faultOf = ({ index }) => faults[index % faults.length] ?? null;
      const run = await start(workspace, { parallelism: 2 });
      await run.nextCheckpoint();
      process.kill(run.cluster.pids().taskManagers[0] as number, "SIGKILL");
      await run.nextCheckpoint();
      process.kill(run.cluster.pids().jobManager as number, "SIGKILL");
      await run.nextCheckpoint();
      assert.notEqual(await run.restored(), null, "it began anew");
      await run.finish();
      assertSameLines(readLines(workspace.path("output")), expectedLines(COUNT, WORDS));
      proxy.faultOf = () => null;
    }));

  it("goes on from a savepoint in S3 at 3 and then at 1 instead of 2 subtasks, and its output is that of one run", () =>
    inWorkspace("s3-rescale", async (workspace) => {
      const savepoints = `s3://${bucket}/savepoints`;
      const first = await start(workspace, { parallelism: 2 }, SLOW_RATE);
      await first.nextCheckpoint();
      const atTwo = await first.stop(savepoints);
      assert.match(atTwo, new RegExp(`^${savepoints}/savepoint-`));
      const second = await start(workspace, { parallelism: 3, restore: { path: atTwo } }, SLOW_RATE);
      await second.nextCheckpoint();
      const atThree = await second.stop(savepoints);
      assert.ok(readLines(workspace.path("output")).length < COUNT, "nothing was left for the last run");
      const third = await start(workspace, { parallelism: 1, restore: { path: atThree } });
      await third.finish();
      assertSameLines(readLines(workspace.path("output")), expectedLines(COUNT, WORDS));
      assert.notEqual(await (await openStore(atThree)).stat("_metadata"), null);
    }));
});
