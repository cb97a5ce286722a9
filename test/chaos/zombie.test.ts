/**
 * A process that was stopped (SIGSTOP), taken for dead, replaced, and then goes on (SIGCONT) does no harm: a JobManager writes and
 * deletes nothing more and exits, a TaskManager commits nothing of its old attempt.
 *
 * ZT1 What the zombie may not touch is compared by listing: manifests, files of state, parts of the output.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock, systemRandom } from "../../base/index.ts";
import { decodeManifest, type Manifest } from "../../runtime/checkpoint/index.ts";
import { isAlive } from "../../cli/index.ts";
import { jobArgs } from "../integration/job-args.ts";
import type { JobRun, RunOptions } from "../integration/job-run.ts";
import { expectedLines } from "../integration/jobs/word-count.ts";
import { assertSameLines, readLines, visibleParts } from "../integration/part-files.ts";
import { inWorkspace, type Workspace } from "../integration/workspace.ts";

const MODULE = fileURLToPath(new URL("../integration/jobs/word-count.ts", import.meta.url));
const WORDS = 31;
const RATE = 500;
/** Row 4 of the fault matrix. */
const ZOMBIE_EXIT_MS = 5000;
/** Who stood still for less is not taken for dead by anybody; this test starts the successor at once, and it may lead before that. */
const STANDS_STILL_MS = 1000;

/** At which place the JobManager is stopped. */
const moments: Record<string, { readonly failpoint?: string; readonly interval: string }> = {
  "at any moment": { interval: "300 ms" },
  "at any moment, of a job whose next checkpoint is far away": { interval: "60 s" },
  "just before it writes a manifest": { failpoint: "jm:before-manifest=stop@3", interval: "300 ms" },
  "just after it wrote a manifest": { failpoint: "jm:after-manifest=stop@3", interval: "300 ms" },
  "just before it marks a checkpoint as committed": { failpoint: "jm:before-commit-marker=stop@3", interval: "300 ms" },
  "just before it deletes old checkpoints": { failpoint: "jm:before-discard=stop@3", interval: "300 ms" },
};

describe("a JobManager that was stopped, and replaced by another one,", () => {
  for (const [name, { failpoint, interval }] of Object.entries(moments)) {
    it(`writes nothing when it goes on: stopped ${name}`, () =>
      inWorkspace("zombie", async (workspace) => {
        const output = workspace.path("output");
        const records = 3000;
        const options = (home: string): RunOptions => ({
          module: MODULE,
          args: jobArgs({ count: records, rate: RATE, words: WORDS, output, until: workspace.mayEndFile }),
          parallelism: 2,
          taskManagers: 2,
          home: workspace.path(home),
          jobId,
          options: {
            "execution.checkpointing.interval": interval,
            "execution.checkpointing.dir": workspace.path("checkpoints"),
          },
        });
        const jobId = systemRandom.hex(16);
        const old = await workspace.start({
          ...options("old"),
          ...(failpoint === undefined ? {} : { failpoints: { jobManager: failpoint } }),
        });
        await stopped(workspace, old, failpoint, interval);
        const oldPid = old.cluster.pids().jobManager as number;
        const stoppedMs = systemClock.monotonicMs();

        const young = await workspace.start(options("young"));
        const root = fileURLToPath(young.cluster.checkpointRoot);
        assert.equal(young.cluster.checkpointRoot, old.cluster.checkpointRoot);
        // The zombie wakes up in the middle of its successor's work.
        if (interval === "300 ms") await young.nextCheckpoint();
        else await young.until("it runs", async () => (await young.status()) === "RUNNING");
        await old.until("it stood still for long", () => systemClock.monotonicMs() - stoppedMs > STANDS_STILL_MS);
        // What is overtaken is soon deleted again by its owner, so every manifest that there ever is gets noted.
        const seen = new Map<string, Manifest>();
        const look = (): void => {
          for (const manifest of manifests(root)) seen.set(manifest.nonce, manifest);
        };
        look();
        assert.equal(Math.max(...[...seen.values()].map(({ epoch }) => epoch)), 2);
        const oldParts = namesOfEpoch(output, 1);
        const ofTheZombie = (): string[] =>
          [...seen.values()].filter(({ epoch }) => epoch === 1).map(({ nonce }) => nonce);
        const before = ofTheZombie();
        process.kill(oldPid, "SIGCONT");
        const wokenMs = systemClock.monotonicMs();
        const isGone = (): boolean => {
          look();
          return !isAlive(oldPid);
        };
        await old.until("the end of the zombie", isGone, ZOMBIE_EXIT_MS);
        look();
        workspace.note(`the zombie was gone ${Math.round(systemClock.monotonicMs() - wokenMs)} ms after it woke up`);
        // By the exit code: its runner takes any other for a crash, and starts it again.
        const { failure } = await old.finish("FENCED");
        assert.equal(failure?.code, "FENCED");
        assert.match(readFileSync(join(old.logFolder, "jobmanager.log"), "utf8"), /a newer JobManager leads this job/);

        await young.finish();
        assertSameLines(readLines(output), expectedLines(records, WORDS));
        look();
        assertOneEpochAfterTheFence([...seen.values()]);
        assert.deepEqual(ofTheZombie(), before, "the zombie wrote a manifest");
        assert.deepEqual(namesOfEpoch(output, 1), oldParts, "parts of the old epoch appeared or disappeared");
      }));
  }
});

describe("a TaskManager that was stopped for longer than the heartbeat timeout", () => {
  it("is replaced by a spare one, and commits nothing of its old attempt when it goes on", () =>
    inWorkspace("zombie-tm", async (workspace) => {
      const output = workspace.path("output");
      const records = 8000;
      const run = await workspace.start({
        module: MODULE,
        args: jobArgs({ count: records, rate: RATE, words: WORDS, output, until: workspace.mayEndFile }),
        parallelism: 2,
        taskManagers: 3,
        slots: 1,
      });
      // A checkpoint is complete before the sinks have heard of it: what they commit is waited for by what is visible.
      await run.until("the first attempt to commit", () => visibleParts(output).length > 0);
      const victim = (await run.taskManagers()).find(({ freeSlots }) => freeSlots === 0);
      assert.ok(victim !== undefined);
      const newestAttempt = (): number => Math.max(...visibleParts(output).map(({ attempt }) => attempt));
      const oldAttempt = newestAttempt();
      stop(workspace, victim.pid);
      const stoppedMs = systemClock.nowMs();
      await run.until("the next attempt to commit", () => newestAttempt() > oldAttempt);
      workspace.note(`the tasks ran elsewhere after ${systemClock.nowMs() - stoppedMs} ms`);
      const ofOldAttempts = (): string[] =>
        visibleParts(output)
          .filter(({ attempt }) => attempt <= oldAttempt)
          .map(({ name }) => name);
      const before = ofOldAttempts();
      assert.ok(before.length > 0);
      process.kill(victim.pid, "SIGCONT");
      await run.until("the TaskManager to register again", async () =>
        (await run.taskManagers()).some(({ pid, freeSlots }) => pid === victim.pid && freeSlots === 1),
      );
      await run.nextCheckpoint();
      assert.ok(run.cluster.pids().taskManagers.includes(victim.pid), "the TaskManager did not survive");
      await run.finish();
      assert.deepEqual(ofOldAttempts(), before, "something of the old attempt was committed later");
      assertSameLines(readLines(output), expectedLines(records, WORDS));
    }));
});

/** Stops the JobManager with SIGSTOP, here or at the failpoint, and waits until it stands still. */
async function stopped(
  workspace: Workspace,
  run: JobRun,
  failpoint: string | undefined,
  interval: string,
): Promise<void> {
  const pid = run.cluster.pids().jobManager as number;
  if (failpoint === undefined) {
    if (interval === "300 ms") await run.nextCheckpoint();
    else await run.until("it runs", async () => (await run.status()) === "RUNNING");
    stop(workspace, pid);
  } else {
    workspace.onEnd(() => wake(pid));
    await run.until(`${failpoint} is reached`, () => run.story.some((line) => line.startsWith("failpoint ")));
  }
  await run.until("the JobManager to stand still", () => stateOf(pid) === "T");
}

/** SIGSTOP; goes on when the test is over, because what is stopped does not notice that its runner ends. */
function stop(workspace: Workspace, pid: number): void {
  workspace.onEnd(() => wake(pid));
  process.kill(pid, "SIGSTOP");
}

function wake(pid: number): void {
  if (isAlive(pid)) process.kill(pid, "SIGCONT");
}

/** `T`: stopped. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

function manifests(root: string): readonly Manifest[] {
  return readdirSync(join(root, "chk"))
    .filter((name) => name.endsWith(".manifest"))
    .flatMap((name) => {
      try {
        return [decodeManifest(readFileSync(join(root, "chk", name)), name)];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return []; // deleted by its owner in the meantime
        throw error;
      }
    });
}

/**
 * Every manifest after the fence of epoch 2 is of epoch 2. A stray under the fence's own number or below is no harm: those numbers
 * become free when their manifests are cleaned up, and what is written there does not count (CL2, RT3 of the checkpoint room).
 */
function assertOneEpochAfterTheFence(all: readonly Manifest[]): void {
  const fences = all.filter(({ epoch, kind }) => epoch === 2 && kind === "fence");
  assert.ok(fences.length > 0, "there is no fence of epoch 2");
  const fence = Math.min(...fences.map(({ seq }) => seq));
  const late = all.filter(({ epoch, seq }) => epoch !== 2 && seq > fence);
  assert.deepEqual(late, [], "a manifest of the old epoch was written after the fence of the new one");
}

function namesOfEpoch(output: string, epoch: number): readonly string[] {
  return visibleParts(output)
    .filter((part) => part.epoch === epoch)
    .map(({ name }) => name);
}
