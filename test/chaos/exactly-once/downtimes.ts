/**
 * Owns: times at which the whole job is down, by a kill, a person or its own failure, what happens meanwhile, and its next start.
 *
 * XOD1 While it is down, what readers of committed records see is a part of what has to be there in the end: nothing twice.
 * XOD2 What cannot go on says so: the job ends as FAILED for the reason given, and goes on from its last checkpoint when that is mended (I7).
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Random, StreamError, systemRandom } from "../../../base/index.ts";
import type { JobRun, RunOptions } from "../../integration/job-run.ts";
import { until } from "../../integration/until.ts";
import type { Workspace } from "../../integration/workspace.ts";
import { stopped } from "../stopped.ts";
import { damageCheckpoint, newestCheckpoint } from "./checkpoint-damage.ts";
import { assertNothingTwice, type Traces } from "./oracle.ts";
import type { Servers } from "./servers.ts";

export type Scene = {
  readonly workspace: Workspace;
  readonly servers: Servers;
  readonly traces: Traces;
  readonly expected: readonly string[];
  readonly random: Random;
  /** The job that runs. */
  readonly run: JobRun;
  /** What it was started with, but for failpoints. */
  readonly options: RunOptions;
};

export type Downtime = {
  /** All processes are killed at once: it may be done while one of them stands at a failpoint. */
  readonly isKilled: boolean;
  readonly readsFiles: boolean;
  /** Answers the job that goes on, and what has happened beyond the name. Without a job: it was over before. */
  readonly go: (scene: Scene) => Promise<{ readonly run: JobRun; readonly what?: string } | null>;
};

const GIVEN_UP_WITHIN_MS = 120_000;
const RENAMED = "renamed";

export const downtimes = {
  "9 a file of the newest checkpoint is damaged": {
    isKilled: true,
    readsFiles: true,
    go: async (scene) => {
      const { run, random } = scene;
      await run.kill();
      const root = fileURLToPath(run.cluster.checkpointRoot);
      const manifest = newestCheckpoint(root);
      if (manifest === null) return { run: await again(scene), what: "there was no checkpoint yet" };
      const { what, mend } = damageCheckpoint(root, manifest, random);
      scene.workspace.note(what);
      const error = await refusal(again(scene));
      assert.equal(error.code, "CHECKPOINT_CORRUPT", `${what}: ${error.message}`);
      await assertNothingTwice(scene.servers, scene.traces, scene.expected);
      mend();
      return { run: await again(scene), what };
    },
  },
  "11 the job is left dead until its transactions have timed out": {
    isKilled: true,
    readsFiles: false,
    go: async (scene) => {
      const { servers, traces } = scene;
      await scene.run.kill();
      const isGivenUp = async (): Promise<boolean> =>
        (await servers.topics.openTransactions(traces.output)).length === 0;
      await until(isGivenUp, "Kafka gives the transactions up", GIVEN_UP_WITHIN_MS);
      await assertNothingTwice(servers, traces, scene.expected);
      return { run: await again(scene) };
    },
  },
  "13 the job is cancelled, and another one goes on from its checkpoint": {
    isKilled: false,
    readsFiles: true,
    go: async (scene) => {
      const { run } = scene;
      const { status } = await run.cancel();
      if (status === "FINISHED") return null;
      assert.equal(status, "CANCELED");
      await assertNothingTwice(scene.servers, scene.traces, scene.expected);
      const path = newestCheckpoint(fileURLToPath(run.cluster.checkpointRoot));
      assert.ok(path !== null, "a cancelled job has no checkpoint, though it had completed one");
      return { run: await another(scene, path) };
    },
  },
  "13 the job is stopped with a savepoint, and another one goes on from it": {
    isKilled: false,
    readsFiles: false,
    go: async (scene) => {
      const { run, servers, traces } = scene;
      const path = await stopped(run, scene.workspace.path("savepoints"));
      if (path === null) return null;
      assert.deepEqual(await servers.topics.openTransactions(traces.output), [], "it has left transactions open");
      await assertNothingTwice(servers, traces, scene.expected);
      return { run: await another(scene, path) };
    },
  },
  "15 a column is renamed: the job fails": {
    isKilled: false,
    readsFiles: false,
    go: async (scene) => {
      const { run, servers, traces } = scene;
      const rename = (from: string, to: string): Promise<void> =>
        until(
          () =>
            isDone(
              servers.query(
                `set statement lock_wait_timeout = 1 for alter table ${traces.table} rename column ${from} to ${to}`,
              ),
            ),
          `a column is renamed to ${to}`,
        );
      await rename("n", RENAMED);
      await run.until("its end, with a column of its table missing", () => run.outcome !== null);
      const { outcome } = run;
      await rename(RENAMED, "n");
      if (outcome?.status === "FINISHED") return null;
      assert.equal(outcome?.status, "FAILED");
      assert.match(outcome.failure?.message ?? "", /column/i);
      await assertNothingTwice(servers, traces, scene.expected);
      return { run: await again(scene) };
    },
  },
} satisfies Record<string, Downtime>;

export type DowntimeName = keyof typeof downtimes;

/** The same job, on what it has left. */
const again = ({ workspace, options }: Scene): Promise<JobRun> =>
  workspace.start({ ...options, home: workspace.path(`home-${systemRandom.hex(3)}`) });

const another = ({ workspace, options }: Scene, path: string): Promise<JobRun> =>
  workspace.start({
    ...options,
    home: workspace.path(`home-${systemRandom.hex(3)}`),
    jobId: systemRandom.hex(16),
    restore: { path },
  });

/** The error that a job is refused or fails with. */
async function refusal(
  starting: Promise<JobRun>,
): Promise<{ readonly code?: string | undefined; readonly message: string }> {
  let run: JobRun;
  try {
    run = await starting;
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  const { failure } = await run.finish("FAILED");
  return failure ?? { message: "it failed without a reason" };
}

const isDone = (doing: Promise<unknown>): Promise<boolean> =>
  doing.then(
    () => true,
    () => false,
  );
