/**
 * The example of docs/async-io.md compiles, and emits what the page says.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../../runtime/api/index.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { PageExamples } from "./page-examples.ts";

const examples = new PageExamples("docs/async-io.md");

test("the example of docs/async-io.md compiles", async () => {
  assert.deepEqual(examples.names, ["cities.ts"]);
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
