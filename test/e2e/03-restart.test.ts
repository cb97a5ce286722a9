import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { shownOutput } from "./readme.ts";
import { repository, type RunningCommand, Workplace } from "./streamjob-command.ts";

const job = join(repository, "examples/03-restart/job.ts");
const work = new Workplace();
after(() => work.close());

function failuresOf({ stderr }: RunningCommand): string[] {
  return [...stderr.matchAll(/Failure.*?(number \d+) is a bad one/g)].map(([, number]) => number as string);
}

test("RS-9: without its offset in the state the source never passes 5, and after three restarts the job is FAILED", async () => {
  const command = await work.run("run", job, "--", "without-offset", "--delay", "100 ms", "--every", "20");
  assert.equal(command.exitCode, 1, command.stderr);
  assert.deepEqual(command.lines, shownOutput("03-restart", "## Without the offset in the state"));
  assert.deepEqual(failuresOf(command), ["number 5", "number 5", "number 5", "number 5"]);
  assert.match(command.stderr, /Job "restart-without-offset" FAILED.*number 5 is a bad one/s);
});

test("RS-9: with its offset in the state the source goes on behind each failure, and the job is FINISHED", async () => {
  const command = await work.run("run", job, "--", "with-offset", "--delay", "100 ms", "--every", "20");
  assert.equal(command.exitCode, 0, command.stderr);
  assert.deepEqual(command.lines, shownOutput("03-restart", "## With the offset in the state"));
  assert.deepEqual(failuresOf(command), ["number 5", "number 10", "number 15"]);
});

test("without a variant the job says which there are", async () => {
  const command = await work.run("run", job);
  assert.equal(command.exitCode, 2);
  assert.match(command.stderr, /without-offset or with-offset/);
});
