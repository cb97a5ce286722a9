/**
 * Values that used to come back as others: a job counts the same at every parallelism and over a restore, or it is refused the same.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { JobRun } from "./job-run.ts";
import { COUNT, NAMES, nameOf, unitsOf } from "./jobs/odd-values.ts";
import { assertSameLines, readLines } from "./part-files.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/odd-values.ts", import.meta.url));

describe("a job with odd values", () => {
  it("counts undeclared records by a name that was cut inside an emoji, at 2 subtasks and after a restore at 1", () =>
    inWorkspace("odd-names", async (workspace) => {
      const args = [workspace.path("output"), "names"];
      const first = await workspace.start({ module: MODULE, args, parallelism: 2, taskManagers: 2 });
      await first.nextCheckpoint();
      const savepoint = await first.stop(workspace.path("savepoints"));
      const second = await workspace.start({ module: MODULE, args, parallelism: 1, restore: { path: savepoint } });
      await second.finish();
      const expected = Array.from(
        { length: COUNT },
        (_none, n) => `${unitsOf(nameOf(n))} ${Math.floor(n / NAMES) + 1}`,
      );
      assertSameLines(readLines(workspace.path("output")), expected);
    }));

  for (const [mode, message] of [
    ["more", /"odd".*at \.more is not declared/s],
    ["text", /"odd".*at \.n is the string "3".*int64/s],
  ] as const) {
    it(`fails at parallelism 1 and 2 alike, by operator, field and value: ${mode}`, () =>
      inWorkspace(`odd-${mode}`, async (workspace) => {
        const verdicts: string[] = [];
        for (const parallelism of [1, 2]) {
          const args = [workspace.path(`output-${parallelism}`), mode];
          const run: JobRun = await workspace.start({ module: MODULE, args, parallelism });
          const { status, failure } = await run.cluster.waitTerminal();
          assert.equal(status, "FAILED");
          assert.match(failure?.message ?? "", message);
          verdicts.push(failure?.message ?? "");
        }
        assert.equal(verdicts[0], verdicts[1]);
      }));
  }
});
