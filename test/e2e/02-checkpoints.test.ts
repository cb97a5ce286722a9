import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { checkpointConfigSchema } from "../../contract/index.ts";
import { shownOutput } from "./readme.ts";
import { repository, type RunningCommand, Workplace } from "./streamjob-command.ts";

const job = join(repository, "examples/02-checkpoints/job.ts");
const work = new Workplace();
after(() => work.close());

const LINES_SEEN = 8;
const args = ["--checkpoints", work.path("checkpoints"), "--rate", "10"];

function numbersOf(command: RunningCommand): number[] {
  return command.lines.map((line) => Number(/^hello (\d+)$/.exec(line)?.[1]));
}

/** What REST says about the job's checkpoints. */
async function configOf(command: RunningCommand): Promise<unknown> {
  const [, jobId, restUrl] = /Job "checkpoints" (\w{32}), REST (\S+),/.exec(command.stderr) ?? [];
  const response = await fetch(`${restUrl}/v1/jobs/${jobId}/checkpoints/config`);
  return checkpointConfigSchema.parse(await response.json());
}

test("a cancelled job leaves its newest checkpoints, and a job started from one goes on counting", async () => {
  const first = work.start("run", job, "--", ...args);
  const shown = shownOutput("02-checkpoints", "Expected output, a line a second");
  // The first manifest of the log is a fence, without state, and stays; of the others the newest ones do.
  const checkpoints = () =>
    globSync(`${work.path("checkpoints")}/default/*/chk/*.manifest`)
      .toSorted()
      .slice(1);
  const numberOfNewest = () => Number.parseInt(basename(checkpoints().at(-1) ?? "0"), 10);
  await first.until("some lines", () => first.lines.length >= LINES_SEEN);
  // The next one may have begun before these lines; the one after it holds them.
  const enough = Math.max(1, numberOfNewest()) + 2;
  await first.until("two more checkpoints", () => numberOfNewest() >= enough);
  assert.deepEqual(first.lines.slice(0, shown.length), shown);
  assert.partialDeepStrictEqual(await configOf(first), {
    mode: "exactly_once",
    interval: 1000,
    min_pause: 500,
    timeout: 60_000,
    max_concurrent: 1,
    tolerable_failed_checkpoints: -1,
    externalization: { enabled: true, delete_on_cancellation: false },
    state_backend: "fs",
  });

  const cancel = await work.run("cancel", "checkpoints");
  assert.equal(cancel.exitCode, 0, cancel.stderr);
  assert.equal(await first.exit(), 0, first.stderr);
  const left = checkpoints();
  assert.ok(left.length >= 1 && left.length <= 2, `left: ${left.join(" ")}`);

  const second = work.start("run", "-s", left.at(-1) as string, job, "--", ...args);
  await second.until("some lines", () => second.lines.length >= 3);
  second.signal("SIGINT");
  assert.equal(await second.exit(), 0, second.stderr);
  const [before, since] = [numbersOf(first), numbersOf(second)];
  const start = since[0] as number;
  assert.ok(start > LINES_SEEN && start <= (before.at(-1) as number) + 1, `${before.at(-1)} before, then ${start}`);
  assert.deepEqual(
    since,
    since.map((_, index) => start + index),
  );
});

test("every option that code sets can be set over it on the command line", async () => {
  const changes = {
    "execution.checkpointing.interval": "200ms",
    "execution.checkpointing.mode": "AT_LEAST_ONCE",
    "execution.checkpointing.min-pause": "10ms",
    "execution.checkpointing.timeout": "30s",
    "execution.checkpointing.max-concurrent-checkpoints": "2",
    "execution.checkpointing.tolerable-failed-checkpoints": "3",
    "execution.checkpointing.externalized-checkpoint-retention": "DELETE_ON_CANCELLATION",
    "execution.checkpointing.dir": work.path("others"),
  };
  const options = Object.entries(changes).flatMap(([name, value]) => ["-D", `${name}=${value}`]);
  const command = work.start("run", ...options, job, "--", "--rate", "10");
  const manifests = () => globSync(`${work.path("others")}/default/*/chk/*.manifest`);
  await command.until("a checkpoint", () => command.lines.length >= 1 && manifests().length >= 1);
  assert.partialDeepStrictEqual(await configOf(command), {
    mode: "at_least_once",
    interval: 200,
    min_pause: 10,
    timeout: 30_000,
    max_concurrent: 2,
    tolerable_failed_checkpoints: 3,
    externalization: { delete_on_cancellation: true },
  });
  command.signal("SIGINT");
  assert.equal(await command.exit(), 0, command.stderr);
  // What is left is a fence against JobManagers of the past, without state.
  assert.deepEqual(globSync(`${work.path("others")}/default/*/data/**/*`), [], "deleted with the job");
});
