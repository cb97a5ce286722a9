import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { ManifestExample } from "./manifest-example.ts";
import { shownOutput } from "./readme.ts";
import { repository, Workplace } from "./streamjob-command.ts";

const name = "18-streaming-sql";
const work = new Workplace();
const example = new ManifestExample(work, name, "/tmp/streamjob-18/doubled");
after(async () => {
  await work.close();
  example.remove();
});

test("SQ-2 windows of five seconds are emitted once each, as a retract stream", async () => {
  const command = await work.run("run", join(repository, "examples", name, "job.ts"));
  assert.equal(command.exitCode, 0, command.stderr);
  assert.deepEqual(command.lines, shownOutput(name, "window's result never changes"));
});

/** Fails unless the numbers are 1, 2, 3, …, each once; how many were multiplied by each factor. */
function factors(): ReadonlyMap<number, number> {
  const numbers = readdirSync(example.counts)
    .filter((part) => !part.startsWith("."))
    .flatMap((part) => readFileSync(join(example.counts, part), "utf8").split("\n").filter(Boolean))
    .map((line) => line.split(",").map(Number) as [number, number])
    .toSorted(([left], [right]) => left - right);
  const counts = new Map<number, number>();
  for (const [index, [number, product]] of numbers.entries()) {
    assert.equal(number, index + 1, "a number is missing, or is there twice");
    counts.set(product / number, (counts.get(product / number) ?? 0) + 1);
  }
  return counts;
}

test("statements in a manifest are edited, rolled back and spoilt, and every number is written once", async () => {
  const run = work.start("run", example.manifest);
  await example.untilTold(run, "Expected output, with other times");
  example.edit("words.yaml", "n * 2 FROM", "n * 3 FROM");
  await example.untilTold(run, "Write `n * 3`");
  await run.until("numbers of the new statement", () => (factors().get(3) ?? 0) > 100);

  const rollback = await work.run("rollback", "numbers");
  assert.equal(rollback.exitCode, 0, rollback.stderr);
  const doubled = factors().get(2) ?? 0;
  await run.until("numbers of the old statement", () => (factors().get(2) ?? 0) > doubled + 100);

  example.edit("words.yaml", "n * 3 FROM", "m * 3 FROM");
  await run.until("the refusal", () => `${run.stdout}${run.stderr}`.includes("there is no column m"));
  const before = factors().get(2) ?? 0;
  await run.until("the numbers to go on", () => (factors().get(2) ?? 0) > before + 100);
  run.signal("SIGINT");
  assert.equal(await run.exit(), 0, run.stderr);
});
