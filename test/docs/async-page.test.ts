/**
 * The examples of docs/async-io.md compile, and emit what the page says.
 */
import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { test } from "node:test";
import type { Job } from "../../runtime/api/index.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { PageExamples } from "./page-examples.ts";

const examples = new PageExamples("docs/async-io.md");

test("the examples of docs/async-io.md compile", async () => {
  assert.deepEqual(examples.names, ["cities.ts", "hash.ts", "hashes.ts"]);
  assert.equal(await examples.typeErrors(), "");
});

test("the example of docs/async-io.md names each city, in order", async () => {
  const { default: cities } = (await examples.load("cities.ts")) as { default: Job };
  await using driver = await JobDriver.start(cities);
  await driver.run();
  assert.deepEqual(driver.output("print"), [
    { id: "1", name: "beijing" },
    { id: "2", name: "shanghai" },
    { id: "3", name: null },
  ]);
  assert.ok(driver.isFinished);
});

const hashes = ["to", "be", "or", "not"].map((password) => scryptSync(password, "salt", 16).toString("hex"));

test("AS-6 its worker pool hashes in order, in a test of the job", async () => {
  const { default: job } = (await examples.load("hashes.ts")) as { default: Job };
  await using driver = await JobDriver.start(job);
  await driver.run();
  assert.deepEqual(driver.output("print"), hashes);
  assert.ok(driver.isFinished);
});

test("AS-6 its worker pool hashes in order, in the slots of a TaskManager", () =>
  inWorkspace("hashes", async (workspace) => {
    const module = examples.path("hashes.ts");
    const run = await workspace.start({ module, args: [], parallelism: 1, taskManagers: 1 });
    await run.finish();
    assert.deepEqual(run.stdout.trimEnd().split("\n"), hashes);
  }));
