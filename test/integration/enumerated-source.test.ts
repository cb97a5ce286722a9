/**
 * A source that finds splits while the job runs, in processes: each is read once, whoever is killed while splits are on their way, and when
 * finding them fails (SRC1 to SRC4).
 */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { systemClock } from "../../base/index.ts";
import { exceptionsSchema } from "../../contract/index.ts";
import { answered } from "./job-run.ts";
import { assertSameLines, readLines } from "./part-files.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = new URL("./jobs/dealt-numbers.ts", import.meta.url).pathname;
const RANGES = 80;
const RANGE_SIZE = 25;

it("each split is read once, though TaskManagers and JobManagers are killed with SIGKILL, and looking for splits fails", () =>
  inWorkspace("dealt", async (workspace) => {
    const found = workspace.path("found");
    const output = workspace.path("output");
    writeFileSync(found, "10");
    const run = await workspace.start({
      module: MODULE,
      args: ["--ranges", `${RANGES}`, "--range-size", `${RANGE_SIZE}`, "--found", found, "--output", output],
      parallelism: 2,
      taskManagers: 2,
      options: {
        "execution.checkpointing.interval": "200 ms",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "1000000",
        "restart-strategy.fixed-delay.delay": "100 ms",
      },
    });
    const comeBack = async (sinceMs: number): Promise<void> => {
      await run.nextCheckpoint(sinceMs);
      await run.until("the job runs", async () => (await run.status()) === "RUNNING");
    };
    await comeBack(0);
    let there = 10;
    for (const role of ["TaskManager", "JobManager", "TaskManager", "JobManager"] as const) {
      there += 15;
      writeFileSync(found, String(there));
      const { jobManager, taskManagers } = run.cluster.pids();
      const pid = role === "JobManager" ? jobManager : taskManagers[0];
      assert.ok(typeof pid === "number", `a ${role} runs`);
      const killedMs = systemClock.nowMs();
      process.kill(pid, "SIGKILL");
      workspace.note(`killed the ${role} ${pid}`);
      await comeBack(killedMs);
    }
    rmSync(found);
    await run.until("the failure of looking for splits", async () => {
      const answer = await answered(run.get("/exceptions"));
      if (answer === undefined) return false;
      const { entries } = exceptionsSchema.parse(answer).exceptionHistory;
      return entries.some(({ exceptionName, stacktrace }) => {
        return exceptionName === "SOURCE_FAILED" && stacktrace.includes("cannot find or assign its splits");
      });
    });
    writeFileSync(found, String(RANGES));
    await run.finish();
    const expected = Array.from({ length: RANGES * RANGE_SIZE }, (_, number) => `number ${number}`);
    assertSameLines(readLines(output), expected);
  }));
