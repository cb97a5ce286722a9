import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { shownOutput } from "./readme.ts";
import { repository, type RunningCommand, Workplace } from "./streamjob-command.ts";

const job = join(repository, "examples/04-savepoint/job.ts");
const work = new Workplace();
after(() => work.close());

/** The counts of each word, in the order in which they were printed; a subtask's prefix does not count. */
function countsOf({ lines }: RunningCommand): Map<string, number[]> {
  const counts = new Map<string, number[]>();
  for (const line of lines) {
    const [word = "", count] = line.replace(/^\d+> /, "").split(" ");
    counts.set(word, [...(counts.get(word) ?? []), Number(count)]);
  }
  return counts;
}

function pathIn(command: RunningCommand): string {
  const path = /^Savepoint completed\. Path: (file:\/\/\/\S+)$/m.exec(command.stdout)?.[1];
  assert.ok(path !== undefined, command.stdout + command.stderr);
  return path;
}

/** Each word goes on behind what was printed when the savepoint was asked for, without a gap, and not behind what was printed in all. */
function assertGoesOn(
  counts: ReadonlyMap<string, number[]>,
  atSavepoint: ReadonlyMap<string, number[]>,
  atEnd: ReadonlyMap<string, number[]>,
) {
  for (const [word, sequence] of counts) {
    const start = sequence[0] as number;
    const [least, most] = [atSavepoint, atEnd].map((before) => (before.get(word)?.at(-1) ?? 0) + 1) as [number, number];
    assert.ok(start >= least && start <= most, `${word}: ${start} is not from ${least} to ${most}`);
    assert.deepEqual(
      sequence,
      sequence.map((_, index) => start + index),
      word,
    );
  }
}

test("counts go on from a savepoint, at the same and at another parallelism", async () => {
  const first = work.start("run", job, "--", "--rate", "20");
  const shown = shownOutput("04-savepoint", "Expected output, a verse a second");
  await first.until("the first verses, twice", () => first.lines.length >= 2 * shown.length);
  assert.deepEqual(first.lines.slice(0, shown.length), shown);

  const atSavepoint = countsOf(first);
  const savepoint = await work.run("savepoint", "endless-word-count", work.path("savepoints"));
  assert.equal(savepoint.exitCode, 0, savepoint.stderr);
  const path = pathIn(savepoint);
  const cancel = await work.run("cancel", "endless-word-count");
  assert.equal(cancel.exitCode, 0, cancel.stderr);
  assert.equal(await first.exit(), 0, first.stderr);
  const atEnd = countsOf(first);

  for (const parallelism of ["1", "3"]) {
    const second = work.start("run", "-p", parallelism, "-s", path, job, "--", "--rate", "20");
    await second.until("words", () => second.lines.length >= 2 * shown.length);
    second.signal("SIGINT");
    assert.equal(await second.exit(), 0, second.stderr);
    assertGoesOn(countsOf(second), atSavepoint, atEnd);
  }
});

test("between stop and resume no word is counted twice and none is left out", async () => {
  const first = work.start("run", job, "--", "--rate", "20");
  await first.until("words", () => first.lines.length >= 30);
  const stop = await work.run("stop", "endless-word-count", "--savepoint-path", work.path("stopped"));
  assert.equal(stop.exitCode, 0, stop.stderr);
  assert.equal(await first.exit(), 0, first.stderr);

  const second = work.start("run", "-s", pathIn(stop), job, "--", "--rate", "20");
  await second.until("words", () => second.lines.length >= 30);
  second.signal("SIGINT");
  assert.equal(await second.exit(), 0, second.stderr);
  assertGoesOn(countsOf(second), countsOf(first), countsOf(first));
});

test("a savepoint that is not there is bad usage", async () => {
  const command = await work.run("run", "-s", work.path("no-such-savepoint"), job);
  assert.equal(command.exitCode, 2, command.stderr);
  assert.match(command.stderr, /no-such-savepoint/);
});
