/**
 * A stop whose savepoint cannot be written, by REST and by the command line: the job runs on with its checkpoints, the next stop works,
 * and the output is that of one run (S40).
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { streamjob } from "./command.ts";
import { expectedLines } from "./jobs/word-count.ts";
import { assertNoneHidden, assertSameLines, readLines } from "./part-files.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/word-count.ts", import.meta.url));
const COUNT = 6000;
const WORDS = 50;

describe("a stop whose savepoint folder lies below a file", () => {
  it("fails, leaves the job running with its checkpoints, and counts every record once", () =>
    inWorkspace("refused-stop", async (workspace) => {
      const job = { module: MODULE, parallelism: 2, taskManagers: 2 };
      const args = (rate: number): string[] => [
        ...["--count", String(COUNT), "--words", String(WORDS)],
        ...["--rate", String(rate), "--output", workspace.path("output")],
      ];
      const inTheWay = workspace.path("file");
      writeFileSync(inTheWay, "not a folder");
      const first = await workspace.start({ ...job, args: args(50) });
      await first.nextCheckpoint();
      await assert.rejects(
        first.cluster.stopWithSavepoint(`${inTheWay}/saves`),
        /SAVEPOINT_FAILED|savepoint.*not completed/,
      );
      await first.nextCheckpoint();
      const byCommand = await streamjob(workspace, "stop", "-p", `${inTheWay}/saves`, first.jobId);
      assert.equal(byCommand.exitCode, 1, byCommand.stderr);
      assert.match(byCommand.stderr, /savepoint/);
      await first.nextCheckpoint();
      assert.equal(await first.status(), "RUNNING");
      const savepoint = await first.stop(workspace.path("saves"));
      assert.ok(readLines(workspace.path("output")).length < COUNT, "nothing was left for the second run");
      const second = await workspace.start({ ...job, args: args(3000), restore: { path: savepoint } });
      await second.finish();
      await assertNoneHidden(workspace.path("output"));
      assertSameLines(readLines(workspace.path("output")), expectedLines(COUNT, WORDS));
    }));
});
