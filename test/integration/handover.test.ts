/**
 * What a SIGTERM costs: nothing is processed twice when there is time for a checkpoint, and the output is exact in any case. Real processes; no
 * periodic checkpoint ever comes, so all that would be processed again shows in the witness file of the job.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { exitOf, IncarnationRun } from "./incarnation-run.ts";
import { jobArgs } from "./job-args.ts";
import { expectedLines } from "./jobs/word-count.ts";
import { assertNoneHidden, assertSameLines, readLines } from "./part-files.ts";
import { until } from "./until.ts";
import { inWorkspace, type Workspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/witnessed-words.ts", import.meta.url));
/** Two minutes at that rate; less, since the test has what is left given at once. */
const RECORDS = 30_000;
const RATE = 250;
const WORDS = 31;
const MORE = 100;

const NONE = { from: { kind: "none" }, predecessors: [] } as const;

type Pods = { readonly run: IncarnationRun; readonly witness: string };

async function running(workspace: Workspace): Promise<Pods> {
  const witness = workspace.path("witness");
  const paths = { output: workspace.path("output"), witness, hurry: workspace.path("hurry") };
  const run = await IncarnationRun.standby(workspace, {
    name: "drained",
    module: MODULE,
    args: jobArgs({ count: RECORDS, rate: RATE, words: WORDS, ...paths }),
    parallelism: 2,
    options: { "execution.checkpointing.interval": "1 h" },
  });
  assert.equal(await run.activate(NONE), 200);
  return { run, witness };
}

function seen(witness: string): readonly string[] {
  return existsSync(witness) ? readFileSync(witness, "utf8").split("\n").slice(0, -1) : [];
}

async function moreRecords({ witness }: Pods): Promise<void> {
  const before = seen(witness).length;
  await until(() => seen(witness).length >= before + MORE, "more records are processed");
}

/** Lines that are in the witness for the second time. */
function twice({ witness }: Pods): number {
  const lines = seen(witness);
  return lines.length - new Set(lines).size;
}

async function terminated(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) child.kill("SIGTERM");
  assert.deepEqual(
    await Promise.all(children.map(exitOf)),
    children.map(() => 0),
  );
}

it("HOV1 SIGTERM of a TaskManager, of the JobManager, and of both under load processes no record twice; SIGKILL does, and the output is exact", () =>
  inWorkspace("handover", async (workspace) => {
    const pods = await running(workspace);
    const { run } = pods;
    await moreRecords(pods);
    await terminated(run.taskManagers.splice(0));
    run.startTaskManagers();
    await moreRecords(pods);
    await terminated([run.jobManager as ChildProcess]);
    run.startJobManager();
    await moreRecords(pods);
    await terminated([run.jobManager as ChildProcess, ...run.taskManagers.splice(0)]);
    run.startTaskManagers();
    run.startJobManager();
    await moreRecords(pods);
    assert.equal(twice(pods), 0, "records were processed twice");
    await run.killTaskManagers();
    run.startTaskManagers();
    writeFileSync(workspace.path("hurry"), "");
    await run.phase("ended");
    assert.ok(twice(pods) >= MORE, "the witness shows what is processed twice");
    assertSameLines(readLines(workspace.path("output")), expectedLines(RECORDS, WORDS));
    await assertNoneHidden(workspace.path("output"));
  }));
