import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { shownOutput } from "./readme.ts";
import { repository, Workplace } from "./streamjob-command.ts";

const job = join(repository, "examples/01-word-count/job.ts");
const sample = join(repository, "examples/01-word-count/sample.txt");
const work = new Workplace();
after(() => work.close());

function linesOf(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .toSorted();
}

test("the sample's counts are those of the README", async () => {
  const command = work.startScript(
    join(repository, "bin/streamjob"),
    "run",
    "-p",
    "2",
    job,
    "--",
    "--output",
    work.path("sample"),
    sample,
  );
  assert.equal(await command.exit(), 0, command.stderr);
  assert.deepEqual(linesOf(work.path("sample")), shownOutput("01-word-count", "Expected output of `sort`"));
  assert.equal(command.stdout, "");
  assert.match(command.stderr, /Job "word-count" FINISHED/);
});

test("files, folders and globs are read together, each file once", async () => {
  mkdirSync(work.path("texts/inner"), { recursive: true });
  for (const name of ["a.txt", "inner/b.txt", "c.log"]) writeFileSync(work.path(`texts/${name}`), `${name[0]} word\n`);
  writeFileSync(work.path("texts/c.log"), "c word");
  const names = ["texts/inner", "texts/**/*.txt", "texts/c.log"];
  const command = await work.run("run", job, "--", "--output", "several", ...names);
  assert.equal(command.exitCode, 0, command.stderr);
  const words = linesOf(work.path("several")).map((line) => (JSON.parse(line) as { word: string }).word);
  assert.deepEqual(words, ["a", "c", "i", "word", "word", "word"]);
});

test("a file that is not there fails the job, and the message names it", async () => {
  const command = await work.run("run", job, "--", "nowhere.txt");
  assert.equal(command.exitCode, 1);
  assert.match(command.stderr, /cannot read \S*nowhere\.txt.*check the path/s);
});

test("an unknown argument of the job is bad usage", async () => {
  const command = await work.run("run", job, "--", "--no-such-option");
  assert.equal(command.exitCode, 2);
  assert.match(command.stderr, /--no-such-option/);
});
