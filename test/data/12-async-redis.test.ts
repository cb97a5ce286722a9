/** The example 12-async-redis does what its README says. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { shownOutput } from "../e2e/readme.ts";
import { repository, Workplace } from "../e2e/streamjob-command.ts";
import { redisPart, testPart } from "../environment/index.ts";

const redis = await testPart(redisPart);
const work = new Workplace();
after(() => work.close());

test("one command looks the nine cities up, in order", { skip: redis.skip }, async () => {
  const command = work.startScript(join(repository, "tools/example.ts"), "12-async-redis");
  assert.equal(await command.exit(), 0, command.stderr);
  assert.deepEqual(command.lines, shownOutput("12-async-redis", "Expected output:"));
});

test("a timeout handler that completes nothing fails the job with the record, and does not hang it", async () => {
  const command = await work.run("run", join(repository, "examples/12-async-redis/course.ts"));
  assert.equal(command.exitCode, 1, command.stderr);
  const [code] = shownOutput("12-async-redis", "Here a handler has as long as the call had.");
  assert.match(command.stderr, new RegExp(`"7".*${code}`, "s"));
});
