import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ManifestExample } from "./manifest-example.ts";
import { Workplace } from "./streamjob-command.ts";

const work = new Workplace();
const example = new ManifestExample(work, "05-manifest", "/tmp/streamjob-05/counts");
after(async () => {
  await work.close();
  example.remove();
});

const LINE = /^(\w+):? (\d+)$/;

test("parallelism and code are edited in the manifest, and the counts go on", async () => {
  const run = work.start("run", example.manifest);
  await example.untilTold(run, "This starts a control plane");
  example.edit("words.yaml", "parallelism: 1", "parallelism: 3");
  await example.untilTold(run, "Now open `words.yaml`");
  const before = example.assertCounts(LINE);

  example.edit("job.ts", "`${word} ${count}`", "`${word}: ${count}`");
  example.edit("words.yaml", "spec:\n", "spec:\n  restartNonce: 1\n");
  await example.untilTold(run, "Code is changed in the same way");
  await run.until("counts of the new code", () => example.assertCounts(LINE) > before + 100);

  run.signal("SIGINT");
  assert.equal(await run.exit(), 0, run.stderr);
  const atStop = example.assertCounts(LINE);
  const again = work.start("run", example.manifest);
  await again.until("the counts to go on", () => example.assertCounts(LINE) > atStop + 50);
  again.signal("SIGINT");
  assert.equal(await again.exit(), 0, again.stderr);
});
