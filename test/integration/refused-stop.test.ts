/**
 * A stop whose savepoint cannot be written, by REST after all tasks had stopped, and by the command line: the job runs on with its
 * checkpoints, the next stop works, and the output is that of one run (P-40).
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { TriggerOutcome } from "../../cli/jobs/rest-client.ts";
import type { StopRequestMessage } from "../../contract/index.ts";
import { streamjob } from "./command.ts";
import type { JobRun } from "./job-run.ts";
import { expectedLines } from "./jobs/word-count.ts";
import { assertNoneHidden, assertSameLines, readLines } from "./part-files.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/word-count.ts", import.meta.url));
const COUNT = 6000;
const WORDS = 50;
const TRIGGER = "5".repeat(32);

async function stopByRest(run: JobRun, targetPath: string): Promise<TriggerOutcome> {
  const body: StopRequestMessage = { targetPath, triggerId: TRIGGER };
  const response = await fetch(`${run.cluster.restUrl}/v1/jobs/${run.jobId}/stop`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 202, await response.text());
  let outcome: TriggerOutcome = { kind: "unknown" };
  await run.until("the outcome of the stop", async () => {
    outcome = await run.client.savepoint(TRIGGER);
    return outcome.kind === "completed" || outcome.kind === "failed";
  });
  return outcome;
}

describe("a stop whose savepoint cannot be written", () => {
  it("fails, leaves the job running with its checkpoints, and counts every record once", () =>
    inWorkspace("refused-stop", async (workspace) => {
      const job = { module: MODULE, parallelism: 2, taskManagers: 2 };
      const args = (rate: number): string[] =>
        `--count ${COUNT} --words ${WORDS} --rate ${rate} --output`.split(" ").concat(workspace.path("output"));
      const first = await workspace.start({ ...job, args: args(50) });
      await first.nextCheckpoint();
      // The JobManager can write there, and no task can: found out when all have stopped behind the barrier.
      const half = workspace.path("half");
      mkdirSync(half);
      writeFileSync(`${half}/data`, "where a folder has to be");
      const outcome = await stopByRest(first, half);
      assert.ok(
        outcome.kind === "failed" && /could not take part.*\/half\/data/s.test(outcome.reason),
        JSON.stringify(outcome),
      );
      await first.nextCheckpoint();
      const file = workspace.path("file");
      writeFileSync(file, "not a folder");
      const byCommand = await streamjob(workspace, "stop", "-p", `${file}/saves`, first.jobId);
      assert.equal(byCommand.exitCode, 1, byCommand.stderr);
      assert.match(byCommand.stderr, /file\/saves.*cannot be written/s);
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
