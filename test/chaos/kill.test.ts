/**
 * Processes of a job are killed with SIGKILL at random moments; the committed output has to be that of a run without kills.
 *
 * KT1 The seed decides who is killed and when; STREAMJOB_CHAOS_SEED repeats it. A failure prints it with the log of all kills.
 * KT2 After most kills the job is let come back (RUNNING, and a checkpoint completed that was triggered after the kill), so that
 *     it gets on; every fifth kill hits it while it is still recovering.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { seededRandom, sleep, systemClock } from "../../base/index.ts";
import { jobArgs } from "../integration/job-args.ts";
import { expectedLines } from "../integration/jobs/word-count.ts";
import { assertSameLines, readLines } from "../integration/part-files.ts";
import { inWorkspace, type Workspace } from "../integration/workspace.ts";
import { KillLog, type Role } from "./kill-log.ts";

const MODULE = new URL("../integration/jobs/word-count.ts", import.meta.url).pathname;
const SEED = Number(process.env["STREAMJOB_CHAOS_SEED"] ?? Math.floor(systemClock.nowMs() / 1000) % 1_000_000);
const WORDS = 97;
const RECORDS = 60_000;
const RATE = 1500;
/** A kill comes at most so long after the job has come back. */
const MOMENT_MS = 600;
/** A kill in the middle of a recovery comes at most so long after the one before. */
const TOO_EARLY_MS = 1500;

type Layout = { readonly taskManagers: number; readonly slots: number; readonly kills: number };

const layouts: Record<string, Layout> = {
  "two TaskManagers, shuffle over sockets": { taskManagers: 2, slots: 1, kills: 20 },
  "one TaskManager, shuffle in memory between its two threads": { taskManagers: 1, slots: 2, kills: 12 },
};

const killLog = new KillLog();
after(() => process.stdout.write(`\n${killLog.table()}\n`));

describe("the output is exact when processes are killed at random moments", () => {
  for (const [number, [name, layout]] of Object.entries(layouts).entries()) {
    it(`${name}: ${layout.kills} kills`, () =>
      inWorkspace("kill", async (workspace) => {
        let kills = 0;
        // A slow machine may get through a job before all kills are done: then there is another job.
        for (let round = 0; kills < layout.kills; round++) {
          assert.ok(round < 4, `only ${kills} kills in ${round} jobs`);
          kills += await killedJob(workspace, layout, layout.kills - kills, SEED + 1000 * number + 100 * round);
        }
      }));
  }
});

/** Runs a job to its end with at most `kills` kills; returns how many there were. */
async function killedJob(workspace: Workspace, layout: Layout, kills: number, seed: number): Promise<number> {
  const random = seededRandom(seed);
  const output = workspace.path(`output-${seed}`);
  workspace.note(`seed ${seed}: repeat with STREAMJOB_CHAOS_SEED=${SEED}`);
  const run = await workspace.start({
    module: MODULE,
    args: jobArgs({ count: RECORDS, rate: RATE, words: WORDS, output }),
    parallelism: 2,
    taskManagers: layout.taskManagers,
    slots: layout.slots,
  });
  let done = 0;
  let last: { readonly role: Role; readonly atMs: number } | null = null;
  while (done < kills) {
    const isTooEarly = last !== null && random.next() < 0.2;
    if (!isTooEarly) {
      if (!(await run.comesBack(last?.atMs ?? 0))) break;
      if (last !== null) killLog.recovered(last.role, systemClock.nowMs() - last.atMs);
    }
    // Not to wait for anything: this is the random moment.
    await sleep(systemClock, random.next() * (isTooEarly ? TOO_EARLY_MS : MOMENT_MS));
    if (run.outcome !== null) break;
    const role: Role = random.next() < 0.4 ? "JobManager" : "TaskManager";
    const { jobManager, taskManagers } = run.cluster.pids();
    const pid = role === "JobManager" ? jobManager : taskManagers[Math.floor(random.next() * taskManagers.length)];
    if (typeof pid !== "number") continue; // down already, by the kill before
    last = { role, atMs: systemClock.nowMs() };
    process.kill(pid, "SIGKILL");
    done++;
    killLog.killed(role);
    const moment = isTooEarly ? ", while recovering" : "";
    workspace.note(`kill ${done}: ${role} ${pid} at ${new Date(last.atMs).toISOString()}${moment}`);
  }
  await run.finish();
  assertSameLines(readLines(output), expectedLines(RECORDS, WORDS));
  return done;
}
