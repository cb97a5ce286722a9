/**
 * Owns: one run of the chaos of SQL, as its plan says (plan.ts), and what came of it.
 *
 * XQQ1 In the end the changes that are committed come to the table that DuckDB gives for the same rows, and no part of the sink is left hidden.
 * XQQ2 Whoever is to stand still at a failpoint does that first. A fault comes at a random moment after the job has come back from the one before (a checkpoint that was triggered after it has completed), an early one before that. The
 *      sources do not end before all faults have come.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type Random, seededRandom, sleep, systemClock, systemRandom } from "../../../base/index.ts";
import { duckdbResults, numberText } from "../../../runtime/table/queries/duckdb.test-support.ts";
import type { JobRun, RunOptions } from "../../integration/job-run.ts";
import { assertNoneHidden, assertSameLines, readLines } from "../../integration/part-files.ts";
import { inWorkspace, type Workspace } from "../../integration/workspace.ts";
import { failpointsOf, failpointsReached } from "../armed.ts";
import { holdUntilTakenOver, someoneHeld } from "../held.ts";
import { stopped } from "../stopped.ts";
import { tableOfChanges } from "./changes.ts";
import { breakOnce } from "./faults.ts";
import type { JobInput } from "./jobs/changes-of-query.ts";
import { describePlan, PARALLELISM, type SqlPlan, taskManagersOf } from "./plan.ts";
import { rowsOf } from "./rows.ts";
import { fillCache, type NeededServers, type SqlServers } from "./servers.ts";

const MODULE = new URL("./jobs/changes-of-query.ts", import.meta.url).pathname;
/** A fault comes at most so long after the job has come back. */
const MOMENT_MS = 1200;
/** An early one comes at most so long after the one before. */
const EARLY_MS = 1500;
const FINISH_WITHIN_MS = 300_000;

export type SqlOutcome = {
  readonly plan: SqlPlan;
  readonly seconds: number;
  /** null: nothing was wrong. */
  readonly problem: string | null;
  /** Of the tasks, as the last JobManager counted; 0 when something was wrong. */
  readonly restarts: number;
  /** Committed, and rows that they come to; 0 when something was wrong. */
  readonly changes: number;
  readonly rows: number;
  /** At which somebody died or stood still; none when something was wrong. */
  readonly failpoints: readonly string[];
};

type Seen = Pick<SqlOutcome, "restarts" | "changes" | "rows" | "failpoints">;

/** `onTimeline`: gets what happened when, line by line, of a run that was good. */
export async function runQuery(
  plan: SqlPlan,
  servers: SqlServers,
  onTimeline: (line: string) => void = () => undefined,
): Promise<SqlOutcome> {
  const startedMs = systemClock.monotonicMs();
  let seen: Seen = { restarts: 0, changes: 0, rows: 0, failpoints: [] };
  let problem: string | null = null;
  try {
    await inWorkspace("sql", async (workspace) => {
      seen = await brokenRun(workspace, plan, await servers.of(plan));
      for (const line of workspace.notes) onTimeline(line);
    });
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  return { plan, seconds: (systemClock.monotonicMs() - startedMs) / 1000, problem, ...seen };
}

/** Errors: XQQ1 does not hold, or the job did not finish. */
async function brokenRun(workspace: Workspace, plan: SqlPlan, servers: NeededServers): Promise<Seen> {
  const { seed, query, miniBatch } = plan;
  const startedMs = systemClock.monotonicMs();
  const tell = (what: string): void => {
    workspace.note(`${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1)} s: ${what}`);
  };
  workspace.note(`seed ${seed}: ${describePlan(plan)}`);
  const output = workspace.path("output");
  const hurryFile = workspace.path("hurry");
  const { store, cache } = servers;
  const outside = cache === null ? null : { url: cache.url, prefix: await fillCache(cache, rowsOf(seed)) };
  const input: JobInput = {
    query: query.text,
    miniBatch,
    seed,
    outside,
    output,
    hurryFile,
    mayEndFile: workspace.mayEndFile,
  };
  const place = store === null ? null : `s3://${store.bucket}/${systemRandom.hex(6)}`;
  const runs: JobRun[] = [];
  const start = async (parallelism: number, restore: Pick<RunOptions, "restore"> = {}): Promise<JobRun> => {
    const run = await workspace.start({
      module: MODULE,
      args: [JSON.stringify(input)],
      parallelism,
      taskManagers: taskManagersOf(parallelism),
      slots: 1,
      failpoints: failpointsOf(plan.failpoints[runs.length === 0 ? 0 : 1]),
      ...(place === null ? {} : { options: { "execution.checkpointing.dir": `${place}/checkpoints` } }),
      ...restore,
    });
    runs.push(run);
    tell(`started at parallelism ${parallelism}`);
    return run;
  };
  const run = await breakIt(await start(PARALLELISM), plan, {
    tell,
    servers,
    hurry: () => {
      writeFileSync(hurryFile, "");
      tell(`the rows hurry; ${readLines(output).length} changes are committed`);
    },
    rescale: async (before, parallelism) => {
      const path = await stopped(before, place === null ? workspace.path("savepoints") : `${place}/savepoints`);
      assert.ok(path !== null, "the job is over before it was stopped");
      return start(parallelism, { restore: { path } });
    },
  });
  const { restarts } = await run.finish("FINISHED", FINISH_WITHIN_MS);
  tell("finished");
  const changes = readLines(output);
  const rows = tableOfChanges(changes, numberText);
  const [expected = []] = await duckdbResults(rowsOf(seed), [query.duckdb]);
  assertSameLines(rows, expected, "the table");
  await assertNoneHidden(output);
  tell("exact");
  const failpoints = failpointsReached(runs);
  if (failpoints.length > 0) tell(`reached: ${failpoints.join(", ")}`);
  return { restarts, changes: changes.length, rows: rows.length, failpoints };
}

type Hands = {
  readonly tell: (what: string) => void;
  readonly servers: NeededServers;
  readonly hurry: () => void;
  /** Stops the job with a savepoint; gives the one that goes on from there. */
  readonly rescale: (before: JobRun, parallelism: number) => Promise<JobRun>;
};

/** XQQ2. The job that has come back from all that the plan has for it. */
async function breakIt(
  started: JobRun,
  { seed, isHeld, faults, hurriesAt, rescale: change }: SqlPlan,
  { tell, servers, hurry, rescale }: Hands,
): Promise<JobRun> {
  const random = seededRandom(seed ^ 0x5eed);
  let run = started;
  let sinceMs = 0;
  const comeBack = async (): Promise<void> =>
    assert.ok(await run.comesBack(sinceMs), "the job is over before all faults have come");
  const held = isHeld ? await someoneHeld(run) : null;
  if (held !== null) {
    await holdUntilTakenOver(run, held, random);
    tell("whoever stood still at its failpoint goes on");
  }
  for (const [place, { name, isEarly }] of faults.entries()) {
    if (place === hurriesAt) hurry();
    if (place === change?.at) {
      await comeBack();
      run = await rescale(run, change.parallelism);
      sinceMs = 0;
    }
    if (!isEarly) await comeBack();
    await moment(random, isEarly ? EARLY_MS : MOMENT_MS);
    sinceMs = systemClock.nowMs();
    await breakOnce(name, { run, random, ...servers });
    tell(isEarly ? `${name}, early` : name);
  }
  await comeBack();
  tell("the job has come back");
  if (hurriesAt === faults.length) hurry();
  return run;
}

/** Not to wait for anything: this is the random moment. */
async function moment(random: Random, mostMs: number): Promise<void> {
  await sleep(systemClock, random.next() * mostMs);
}
