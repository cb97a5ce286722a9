import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ManifestExample } from "./manifest-example.ts";
import { shownOutput } from "./readme.ts";
import { Workplace } from "./streamjob-command.ts";

const work = new Workplace();
const example = new ManifestExample(work, "06-rollback", "/tmp/streamjob-06/counts");
after(async () => {
  await work.close();
  example.remove();
});

const LINE = /^(\w+) (\d+)$/;

test("a bad version is rolled back with its state, and not tried again", async () => {
  const run = work.start("run", example.manifest);
  await example.untilTold(run, "Wait until it is stable");
  example.edit("words.yaml", "module: job.ts", "module: bad-job.ts");
  await example.untilTold(run, "is in its way; it fails");
  const before = example.assertCounts(LINE);
  await run.until("the counts to go on", () => example.assertCounts(LINE) > before + 50);

  const table = await work.run("get");
  const columns = (line: string | undefined): readonly string[] => (line ?? "").trim().split(/ {2,}/);
  const [heading, words] = shownOutput("06-rollback", "but is not Ready").map(columns);
  assert.deepEqual(columns(table.lines[0]), heading);
  assert.deepEqual(columns(table.lines[1]).slice(0, 4), words?.slice(0, 4));
  const history = await work.run("history", "words");
  assert.match(history.stdout, /failed +2 .*the word "or" is not in the dictionary[\s\S]*rolled back +1 /);

  example.edit("words.yaml", "module: bad-job.ts", "module: job.ts");
  await example.untilTold(run, "The bad version is not tried again");
  run.signal("SIGINT");
  assert.equal(await run.exit(), 0, run.stderr);
  example.assertCounts(LINE);
});
