/** A StreamJob whose manifest names a bucket: run, upgraded by a savepoint, stopped and run again, and its counts go on. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openStore, useS3Settings } from "../../runtime/storage/index.ts";
import { ManifestExample } from "../e2e/manifest-example.ts";
import { Workplace } from "../e2e/streamjob-command.ts";
import { testPart, versitygwPart } from "../environment/index.ts";
import { newBucket, settingsFor } from "./buckets.ts";

const { skip, gives } = await testPart(versitygwPart);
const LINE = /^(\w+):? (\d+)$/;

test("a manifest with s3://bucket/prefix is run and upgraded, and the counts go on", { skip }, async () => {
  const { endpoint, region, accessKey, secretKey } = gives();
  // What stands for the Secret in the embedded cluster; all else is in the manifest.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey });
  const work = new Workplace();
  const example = new ManifestExample(work, "05-manifest", "/tmp/streamjob-05/counts");
  after(async () => {
    await work.close();
    example.remove();
  });
  const root = `s3://${await newBucket(gives())}/jobs`;
  const storage = {
    path: root,
    s3: { endpoint, region, pathStyleAccess: true, credentials: { secretName: "words-s3" } },
  };
  const interval = "    interval: 500ms\n";
  example.edit("words.yaml", interval, `${interval}    storage: ${JSON.stringify(storage)}\n`);
  const run = work.start("run", example.manifest);
  await run.until("the first version", () => /Ready: generation 1/.test(run.stdout + run.stderr));
  await run.until("counts", () => example.assertCounts(LINE) > 20);
  example.edit("words.yaml", "parallelism: 1", "parallelism: 3");
  await run.until("the upgrade", () => /Ready: generation 2/.test(run.stdout + run.stderr));
  const before = example.assertCounts(LINE);
  await run.until("counts of the new version", () => example.assertCounts(LINE) > before + 50);
  run.signal("SIGINT");
  assert.equal(await run.exit(), 0, run.stderr);
  const atStop = example.assertCounts(LINE);
  const again = work.start("run", example.manifest);
  await again.until("the counts to go on", () => example.assertCounts(LINE) > atStop + 50);
  again.signal("SIGINT");
  assert.equal(await again.exit(), 0, again.stderr);
  useS3Settings(settingsFor(gives()));
  const stored = (await (await openStore(root)).list("")).map(({ key }) => key);
  assert.ok(
    stored.some((key) => /^default\/savepoints\/.*\/_metadata$/.test(key)),
    stored.join("\n"),
  );
});
