/** A slot's thread that dies takes its tasks with it, not its process (ME-3, STH1). */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { COUNT } from "./jobs/dying-thread.ts";
import { assertSameLines, readLines } from "./part-files.ts";
import { inWorkspace } from "./workspace.ts";

it("a thread that dies is started again in its process, and the output is exact", () =>
  inWorkspace("thread-death", async (workspace) => {
    const folder = workspace.path("job");
    mkdirSync(folder);
    const run = await workspace.start({
      module: fileURLToPath(new URL("./jobs/dying-thread.ts", import.meta.url)),
      args: [folder, workspace.mayEndFile],
      parallelism: 2,
      taskManagers: 1,
      slots: 2,
    });
    await run.nextCheckpoint();
    const { taskManagers } = run.cluster.pids();
    await run.until("the thread's death", () => existsSync(`${folder}/died`));
    await run.nextCheckpoint();
    assert.deepEqual(run.cluster.pids().taskManagers, taskManagers, "the TaskManager's process is the same");
    await run.finish();
    const expected = Array.from({ length: COUNT }, (_none, n) => `${n}`);
    assertSameLines(readLines(`${folder}/out`), expected);
  }));
