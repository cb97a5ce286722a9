/** A job over columns, in processes: killed and restored, each bid counts once. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { jobArgs } from "./job-args.ts";
import { expectedSums } from "./jobs/bid-sums.ts";
import { readLines } from "./part-files.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/bid-sums.ts", import.meta.url));
const COUNT = 12_000;
const KILLS = 3;

const layouts = {
  "between processes": { taskManagers: 2, slots: 1 },
  "between threads": { taskManagers: 1, slots: 2 },
};

describe("a job over columns", () => {
  for (const [where, layout] of Object.entries(layouts)) {
    it(`is exact when TaskManagers are killed, with batches ${where}`, () =>
      inWorkspace("columns", async (workspace) => {
        const output = workspace.path("output");
        const run = await workspace.start({
          module: MODULE,
          args: jobArgs({ count: COUNT, rate: 800, output }),
          parallelism: 2,
          ...layout,
        });
        let kills = 0;
        let sinceMs = 0;
        while (kills < KILLS && (await run.comesBack(sinceMs))) {
          const { taskManagers } = run.cluster.pids();
          const pid = taskManagers[kills % taskManagers.length];
          if (typeof pid !== "number") continue;
          sinceMs = Date.now();
          process.kill(pid, "SIGKILL");
          kills += 1;
          workspace.note(`kill ${kills}: TaskManager ${pid}`);
        }
        await run.finish();
        assert.ok(kills > 0, "the job was over before anything was killed");
        const lines = readLines(output).map((line) => line.split(" ") as [string, string]);
        // Each bid is a line, and what a bidder has bid only grows: the largest is the last.
        assert.equal(lines.length, COUNT);
        const last = new Map<string, number>();
        for (const [bidder, sum] of lines) last.set(bidder, Math.max(last.get(bidder) ?? 0, Number(sum)));
        assert.deepEqual(last, expectedSums(COUNT));
      }));
  }
});
