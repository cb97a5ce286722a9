import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { repository, Workplace } from "./streamjob-command.ts";

const start = join(repository, "examples/start.ts");
const work = new Workplace();
before(() => {
  mkdirSync(work.path("texts"));
  for (const name of ["a", "b", "c"]) writeFileSync(work.path(`texts/${name}.txt`), verses(name));
});
after(() => work.close());

function verses(name: string): string {
  return Array.from({ length: 1000 }, (_, index) => `Verse ${index} of ${name}: to be, or not to be?\n`).join("");
}

test("two kills, an upgrade by the manifest and a bad version that is rolled back lose no word of a folder", async () => {
  // From the upgrade on 26 of these seconds are left, for two new versions to start in: a job that has ended is not rolled back.
  const command = work.startScript(start, "--seconds", "35", "texts");
  assert.equal(await command.exit(), 0, command.stdout + command.stderr);
  assert.match(command.stdout, /kill -9 \d+: a TaskManager.*Words flow again, [\d.]+ s after the kill/s);
  assert.match(
    command.stdout,
    /kill -9 \d+: the JobManager.*Words flow again, [\d.]+ s after the kill, from checkpoint \d+/s,
  );
  assert.match(
    command.stdout,
    /Upgraded, from savepoint file:\/\/.*Rolled back to generation 2.*cannot read "words" of undefined/s,
  );
  assert.match(command.stdout, / 1 {2}be +6,000 +6,000\n/);
  assert.match(command.stdout, /All 1,009 words have equal counts, and each of the 30,000 rows came exactly once\./);
});

test("--calm kills nothing, and a glob is a text too", async () => {
  const command = work.startScript(start, "--calm", "--seconds", "2", "texts/[ab].txt");
  assert.equal(await command.exit(), 0, command.stdout + command.stderr);
  assert.doesNotMatch(command.stdout, /kill/);
  assert.match(command.stdout, /each of the 20,000 rows came exactly once/);
});

test("Ctrl-C ends the cluster and leaves no process behind", async () => {
  const command = work.startScript(start, "--seconds", "60", "texts/a.txt");
  await command.until("the job has processes", () => command.stdout.includes("TaskManagers"));
  const pids = [...command.stdout.matchAll(/JobManager (\d+),\s+TaskManagers (\d+) and (\d+)/g)].flatMap((match) =>
    match.slice(1).map(Number),
  );
  assert.equal(pids.length, 3);
  command.signal("SIGINT");
  assert.equal(await command.exit(), 130, command.stdout + command.stderr);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" }, `process ${pid} is left`);
});

const wrong: Record<string, { readonly args: readonly string[]; readonly says: RegExp }> = {
  "a file that is not there": { args: ["nowhere.txt"], says: /There is no file or folder nowhere\.txt in / },
  "a glob without a match": { args: ["nowhere/*.txt"], says: /No file matches nowhere\/\*\.txt in / },
  "an unknown option": { args: ["--quiet"], says: /--quiet/ },
  "a duration that is none": { args: ["--seconds", "soon"], says: /--seconds is soon; give a number from 1/ },
};
for (const [what, { args, says }] of Object.entries(wrong)) {
  test(`${what} is bad usage, and nothing is started`, async () => {
    const command = work.startScript(start, ...args);
    assert.equal(await command.exit(), 2);
    assert.match(command.stderr, says);
    assert.match(command.stderr, /usage: npm start/);
    assert.equal(command.stdout, "");
  });
}

test("a text without words is said to be one", async () => {
  writeFileSync(work.path("empty.txt"), "!?\n");
  const command = work.startScript(start, "empty.txt");
  assert.equal(await command.exit(), 2);
  assert.match(command.stderr, /There are no words in empty\.txt/);
});
