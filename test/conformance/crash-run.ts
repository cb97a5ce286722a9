/**
 * Owns: running a job to its end with a crash in the middle, and reading what it wrote.
 * Called by: the conformance tests.
 *
 * CR1 The crash comes after some checkpoints and before the end of the data: a TaskManager is killed with SIGKILL. The sources are
 *     held back until then (held-back.ts).
 * CR2 What the files sink has made visible is the result, as a multiset of lines: any order, each as often as it is there.
 * CR3 A run ends only processes that it started, and leaves nothing behind.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type LocalCluster, RestClient, startLocalCluster } from "../../cli/index.ts";
import { answered } from "../integration/job-run.ts";

export type CrashRun = {
  /** Absolute path of the job module. Its arguments get `--output <folder>`. */
  readonly module: string;
  readonly args: readonly string[];
  readonly parallelism: number;
  /** The least number of restarts that the job must have gone through: 1 by the crash, more by its own failures. */
  readonly restarts?: number;
};

const HELD_BACK = new URL("./held-back.ts", import.meta.url).href;
const DEADLINE_MS = 60_000;
/** So many checkpoints are complete when the crash comes; some records have passed by then. */
const CHECKPOINTS_BEFORE = 3;

/** The lines of the job's result, sorted. */
export async function resultThroughCrash(run: CrashRun): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-conformance-"));
  const output = join(folder, "out");
  const crashed = join(folder, "crashed");
  const said: string[] = [];
  let cluster: LocalCluster | null = null;
  try {
    cluster = await startLocalCluster({
      module: heldBackModule(folder, run.module, crashed),
      args: [...run.args, "--output", output],
      parallelism: run.parallelism,
      taskManagers: Math.min(2, run.parallelism),
      home: join(folder, "home"),
      options: {
        "execution.checkpointing.interval": "150 ms",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "50",
        "restart-strategy.fixed-delay.delay": "50 ms",
      },
      say: (line) => void said.push(line),
    });
    await crash(cluster);
    writeFileSync(crashed, "");
    const outcome = await inTime(cluster.waitTerminal(), () => `the job to end; it said:\n${said.join("\n")}`);
    assert.equal(outcome.status, "FINISHED", said.join("\n"));
    assert.ok(outcome.restarts >= (run.restarts ?? 1), `only ${outcome.restarts} restarts:\n${said.join("\n")}`);
    return linesIn(output);
  } finally {
    await cluster?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A module whose job is that of another one, held back until the file is there; its path. */
function heldBackModule(folder: string, module: string, file: string): string {
  const path = join(folder, "held-back-job.mjs");
  const lines = [
    `import job from ${JSON.stringify(pathToFileURL(module).href)};`,
    `import { heldBack } from ${JSON.stringify(HELD_BACK)};`,
    `export default heldBack(job, ${JSON.stringify(file)});`,
  ];
  writeFileSync(path, lines.join("\n"));
  return path;
}

/** CR1 */
async function crash(cluster: LocalCluster): Promise<void> {
  const client = new RestClient(cluster.restUrl, cluster.jobId);
  const deadlineMs = performance.now() + DEADLINE_MS;
  const isTime = async (): Promise<boolean> =>
    ((await answered(client.checkpoints()))?.counts.completed ?? 0) >= CHECKPOINTS_BEFORE &&
    (await answered(client.status())) === "RUNNING";
  while (!(await isTime())) {
    assert.ok(performance.now() < deadlineMs, `no ${CHECKPOINTS_BEFORE} checkpoints in ${DEADLINE_MS / 1000} s`);
    await sleep(20);
  }
  const victim = cluster.pids().taskManagers.at(-1);
  assert.ok(victim !== undefined, "there is a TaskManager to kill");
  process.kill(victim, "SIGKILL");
}

function linesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .toSorted();
}

async function inTime<T>(promise: Promise<T>, what: () => string): Promise<T> {
  const timer = new AbortController();
  const late = sleep(DEADLINE_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`waited ${DEADLINE_MS / 1000} s for ${what()}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}
