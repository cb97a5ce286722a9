/**
 * What a failure leads to, in processes: how often a job is restarted and what is left of that; which part of it; what each back
 * end and each guarantee keeps.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { exceptionsSchema } from "../../contract/index.ts";
import { streamjob } from "./command.ts";
import { jobArgs } from "./job-args.ts";
import { answered, type JobRun, type RunOptions } from "./job-run.ts";
import { COUNT as NUMBERS } from "./jobs/two-pipelines.ts";
import { expectedLines } from "./jobs/word-count.ts";
import { assertSameLines, readLines, visibleParts } from "./part-files.ts";
import { inWorkspace, type Workspace } from "./workspace.ts";

const moduleOf = (name: string): string => fileURLToPath(new URL(`./jobs/${name}.ts`, import.meta.url));
const WORDS = 50;

function startWordCount(
  workspace: Workspace,
  records: number,
  options: NonNullable<RunOptions["options"]>,
): Promise<JobRun> {
  return workspace.start({
    module: moduleOf("word-count"),
    args: jobArgs({
      count: records,
      rate: 800,
      words: WORDS,
      output: workspace.path("output"),
      until: workspace.mayEndFile,
    }),
    parallelism: 2,
    taskManagers: 2,
    options,
  });
}

/** None while nobody answers. */
async function exceptionsOf(
  run: JobRun,
): Promise<readonly { readonly exceptionName: string; readonly taskName: string | null }[]> {
  const answer = await answered(run.get("/exceptions"));
  return answer === undefined ? [] : exceptionsSchema.parse(answer).exceptionHistory.entries;
}

describe("a function that fails each time", () => {
  it("is restarted as often as fixed-delay allows; the history tells each failure; then the job has FAILED, exit code 1", () =>
    inWorkspace("fixed-delay", async (workspace) => {
      const run = await workspace.start({
        module: moduleOf("always-failing"),
        args: [workspace.path("output")],
        // Nobody answers any more after the third failure: as long as this the second one can be read.
        options: { "restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.delay": "5 s" },
      });
      let history: Awaited<ReturnType<typeof exceptionsOf>> = [];
      await run.until("the second failure", async () => {
        history = await exceptionsOf(run);
        return history.length >= 2;
      });
      for (const { exceptionName, taskName } of history) {
        assert.equal(exceptionName, "USER_FUNCTION_FAILED");
        assert.match(taskName ?? "", /map/);
      }
      const { restarts, failure } = await run.finish("FAILED");
      assert.equal(restarts, 2);
      assert.match(failure?.message ?? "", /fifty is too much/);
      assert.equal(run.story.filter((line) => /Failure.*fifty is too much/.test(line)).length, 3, run.story.join("\n"));
      assert.ok(readLines(workspace.path("output")).length <= 50);
      const result = await streamjob(workspace, "run", moduleOf("always-failing"), "--", workspace.path("other"));
      assert.equal(result.exitCode, 1);
      assert.equal(result.stderr.match(/Failure.*fifty is too much/g)?.length, 3, result.stderr);
    }));

  for (const [name, options] of Object.entries({
    "with no restart strategy": { "restart-strategy.type": "none" },
    "with failure-rate(1 in a minute), at the second failure": {
      "restart-strategy.type": "failure-rate",
      "restart-strategy.failure-rate.max-failures-per-interval": "1",
      "restart-strategy.failure-rate.delay": "100 ms",
    },
    "with exponential-delay and one attempt, at the second failure": {
      "restart-strategy.type": "exponential-delay",
      "restart-strategy.exponential-delay.initial-backoff": "100 ms",
      "restart-strategy.exponential-delay.attempts-before-reset-backoff": "1",
    },
  })) {
    it(`ends the job ${name}`, () =>
      inWorkspace("strategy", async (workspace) => {
        const run = await workspace.start({
          module: moduleOf("always-failing"),
          args: [workspace.path("output")],
          options,
        });
        const { restarts } = await run.finish("FAILED");
        assert.equal(restarts, name.includes("second") ? 1 : 0);
      }));
  }
});

describe("two pipelines of one job", () => {
  it("fail and restart apart: the one that does not fail is not restarted (RS-6)", () =>
    inWorkspace("regions", async (workspace) => {
      const run = await workspace.start({
        module: moduleOf("two-pipelines"),
        args: [workspace.folder],
        parallelism: 2,
      });
      const { restarts } = await run.finish();
      assert.equal(restarts, 1);
      const expected = Array.from({ length: NUMBERS }, (_, n) => String(n));
      for (const name of ["failing", "calm"]) assertSameLines(readLines(workspace.path(name)), expected);
      const attempts = (name: string): number =>
        new Set(visibleParts(workspace.path(name)).map((part) => part.attempt)).size;
      assert.ok(attempts("failing") > 1, "the failing pipeline was not restarted, or wrote nothing before");
      assert.equal(attempts("calm"), 1, "the calm pipeline was restarted");
    }));
});

describe("the memory back end", () => {
  it("survives the death of a TaskManager", () =>
    inWorkspace("memory-tm", async (workspace) => {
      const run = await startWordCount(workspace, 4000, { "state.backend.type": "memory" });
      for (let kills = 0; kills < 2; kills++) {
        await run.nextCheckpoint();
        process.kill(run.cluster.pids().taskManagers[kills] as number, "SIGKILL");
      }
      await run.finish();
      assertSameLines(readLines(workspace.path("output")), expectedLines(4000, WORDS));
    }));

  it("is gone with the JobManager: the job begins again, as documented", () =>
    inWorkspace("memory-jm", async (workspace) => {
      const run = await startWordCount(workspace, 3000, { "state.backend.type": "memory" });
      const first = await run.nextCheckpoint();
      // It is complete before the sinks commit; only what they have committed is written a second time.
      await run.until("something is committed", () => readLines(workspace.path("output")).length > 0);
      const killed = run.cluster.pids().jobManager as number;
      process.kill(killed, "SIGKILL");
      await run.until("a new JobManager", () => ![null, killed].includes(run.cluster.pids().jobManager));
      await run.nextCheckpoint();
      assert.equal(await run.restored(), null);
      await run.finish();
      const lines = readLines(workspace.path("output"));
      const expected = expectedLines(3000, WORDS);
      assert.deepEqual(new Set(lines), new Set(expected), `checkpoint ${first} was completed before`);
      assert.ok(lines.length > expected.length, "it did not begin again");
    }));

  it("fails checkpoints of a state above its limit with STATE_TOO_LARGE, and completes them when it is small again", () =>
    inWorkspace("too-large", async (workspace) => {
      const run = await workspace.start({ module: moduleOf("large-state"), args: [workspace.path("output")] });
      await run.until("a checkpoint that failed", async () => {
        const failure = (await answered(run.client.checkpoints()))?.latest.failed?.failure_message ?? "";
        if (failure === "") return false;
        assert.match(failure, /more than 5242880 bytes.*state\.backend\.type.*fs/);
        return true;
      });
      await run.nextCheckpoint();
      assert.equal((await run.finish()).restarts, 0);
      assertSameLines(
        readLines(workspace.path("output")),
        Array.from({ length: 80 }, (_, n) => String(n)),
      );
    }));
});

describe("checkpoints at-least-once", () => {
  it("lose nothing when a TaskManager is killed; a record may count more than once", () =>
    inWorkspace("at-least-once", async (workspace) => {
      const run = await startWordCount(workspace, 4000, { "execution.checkpointing.mode": "AT_LEAST_ONCE" });
      for (let kills = 0; kills < 2; kills++) {
        await run.nextCheckpoint();
        process.kill(run.cluster.pids().taskManagers[kills] as number, "SIGKILL");
      }
      await run.finish();
      const final = (lines: readonly string[]): Map<string, number> => {
        const counts = new Map<string, number>();
        for (const line of lines) {
          const [word = "", count] = line.split(" ");
          counts.set(word, Math.max(counts.get(word) ?? 0, Number(count)));
        }
        return counts;
      };
      const actual = final(readLines(workspace.path("output")));
      for (const [word, count] of final(expectedLines(4000, WORDS))) {
        assert.ok(
          (actual.get(word) ?? 0) >= count,
          `${word} was counted ${actual.get(word)} times instead of ${count}`,
        );
      }
    }));
});
