import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ManifestExample } from "./manifest-example.ts";
import { Workplace } from "./streamjob-command.ts";

const work = new Workplace();
const example = new ManifestExample(work, "09-inline", "/tmp/streamjob-09/counts");
after(async () => {
  await work.close();
  example.remove();
});

const LINE = /^(\w+):? (\d+)$/;
const PLAIN = /^(\w+) (\d+)$/m;

test("the text in a manifest is edited, rolled back to what it was, and spoilt, and the counts go on", async () => {
  const run = work.start("run", example.manifest);
  await example.untilTold(run, "Expected output");
  example.edit("words.yaml", "`${word} ${count}`", "`${word}: ${count}`");
  await example.untilTold(run, "Write `${word}: ${count}`");
  const newest = (): string => example.newestLines();
  await run.until("lines of the new text", () => newest().includes("question:"));

  const rollback = await work.run("rollback", "words");
  assert.equal(rollback.exitCode, 0, rollback.stderr);
  await run.until("lines of the old text", () => PLAIN.test(newest()) && !newest().includes(":"));

  const before = example.assertCounts(LINE);
  example.edit("words.yaml", "      const VERSE", "      enum Colour { Red }\n      const VERSE");
  await example.untilTold(run, "compiled, and an enum is code");
  await run.until("the counts to go on", () => example.assertCounts(LINE) > before + 50);
  run.signal("SIGINT");
  assert.equal(await run.exit(), 0, run.stderr);
});
