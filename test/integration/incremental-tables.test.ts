/** Checkpoints of column tables that refer to files of those before them, in processes that are killed: nothing is lost, and what nothing needs is deleted. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { jobArgs } from "./job-args.ts";
import { longWordOf } from "./jobs/table-counts.ts";
import { answered, type JobRun, type RunOptions } from "./job-run.ts";
import { readLines } from "./part-files.ts";
import { inWorkspace, type Workspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/table-counts.ts", import.meta.url));
const WORDS = 24_000;
const COUNT = 40_000;
const RATE = 6000;

const start = (workspace: Workspace, changes: Partial<RunOptions> = {}): Promise<JobRun> =>
  workspace.start({
    module: MODULE,
    args: jobArgs({
      count: COUNT,
      rate: RATE,
      words: WORDS,
      output: workspace.path("output"),
      until: workspace.mayEndFile,
    }),
    parallelism: 2,
    taskManagers: 2,
    slots: 1,
    options: { "execution.checkpointing.dir": workspace.path("state") },
    ...changes,
  });

/** Until the newest checkpoint was taken from `sinceMs` on, and refers to files of others for the most part. */
async function untilIncremental(run: JobRun, sinceMs: number): Promise<void> {
  await run.until("a checkpoint that refers to others", async () => {
    const newest = (await answered(run.client.checkpoints()))?.latest.completed ?? null;
    if (newest === null || newest.trigger_timestamp < sinceMs) return false;
    return newest.state_size > 2_000_000 && newest.checkpointed_size < newest.state_size / 2;
  });
}

/** Each word once for each of its counts is there, and nothing else: the last one is how often it has come. */
function assertCounted(output: string): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const line of readLines(output)) {
    assert.ok(!seen.has(line), `${line} is there twice`);
    seen.add(line);
    const [word, times] = line.split(" ") as [string, string];
    last.set(word, Math.max(last.get(word) ?? 0, Number(times)));
  }
  const expected = new Map<string, number>();
  for (let index = 0; index < COUNT; index++) {
    const word = longWordOf(index, WORDS);
    expected.set(word, (expected.get(word) ?? 0) + 1);
  }
  assert.deepEqual(last, expected);
}

/** Of the newest manifest in the store: its files, and those that are there. */
function storedFiles(folder: string): { readonly named: ReadonlySet<string>; readonly there: readonly string[] } {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const manifest =
    paths
      .filter((path) => path.endsWith(".manifest"))
      .toSorted()
      .at(-1) ?? "";
  const text = readFileSync(`${folder}/${manifest}`, "utf8");
  const named = [...text.matchAll(/data\/\d{10}-\d{10}\/[0-9a-f]{64}/g)].map(([key]) => key);
  const there = paths.flatMap((path) => /data\/\d{10}-\d{10}\/[0-9a-f]{64}$/.exec(path)?.[0] ?? []);
  return { named: new Set(named), there };
}

describe("checkpoints that refer to files of others", () => {
  it("are restored whole when TaskManagers are killed again and again", () =>
    inWorkspace("incremental", async (workspace) => {
      const run = await start(workspace);
      let sinceMs = 0;
      for (let kills = 0; kills < 2; kills++) {
        await untilIncremental(run, sinceMs);
        const pid = run.cluster.pids().taskManagers[kills % 2] as number;
        sinceMs = Date.now();
        process.kill(pid, "SIGKILL");
        workspace.note(`killed TaskManager ${pid}`);
      }
      await untilIncremental(run, sinceMs);
      assert.ok((await run.finish()).restarts > 0);
      assertCounted(workspace.path("output"));
    }));

  it("are restored whole by another JobManager, and files that no retained one names go", () =>
    inWorkspace("incremental-jm", async (workspace) => {
      const run = await start(workspace);
      await untilIncremental(run, 0);
      const killed = run.cluster.pids().jobManager as number;
      const sinceMs = Date.now();
      process.kill(killed, "SIGKILL");
      await run.until("a new JobManager", () => ![null, killed].includes(run.cluster.pids().jobManager));
      await untilIncremental(run, sinceMs);
      // All that a manifest names is there; what is there and not named belongs to a checkpoint that is being written, or goes with the next one.
      await run.until("only files that are named", () => {
        const { named, there } = storedFiles(workspace.path("state"));
        const epochs = new Set(there.map((key) => key.slice(0, 15)));
        return named.size > 2 && [...named].every((key) => there.includes(key)) && epochs.size === 1;
      });
      await run.finish();
      assertCounted(workspace.path("output"));
    }));

  it("are no part of a savepoint: it is restored at another parallelism when all else is gone", () =>
    inWorkspace("incremental-savepoint", async (workspace) => {
      const first = await start(workspace);
      await untilIncremental(first, 0);
      const savepoint = await first.stop(workspace.path("savepoints"));
      rmSync(workspace.path("state"), { recursive: true });
      const run = await start(workspace, { parallelism: 1, restore: { path: savepoint } });
      await untilIncremental(run, 0);
      process.kill(run.cluster.pids().taskManagers[0] as number, "SIGKILL");
      await run.finish();
      assertCounted(workspace.path("output"));
    }));
});
