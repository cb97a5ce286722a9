/**
 * The examples of docs/writing-a-job.md compile, and the tests on the page are tests of this file.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PageExamples } from "./page-examples.ts";

const examples = new PageExamples("docs/writing-a-job.md");

test("the examples of the guide compile, and every block of TypeScript in it is one", async () => {
  assert.deepEqual(examples.names, [
    "sensors.ts",
    "payments.ts",
    "sensors.test.ts",
    "payments.test.ts",
    "checked.ts",
    "checked.test.ts",
  ]);
  assert.equal(examples.text.match(/^```ts/gm)?.length, examples.names.length);
  assert.equal(await examples.typeErrors(), "");
});

await examples.load("sensors.test.ts");
await examples.load("payments.test.ts");
await examples.load("checked.test.ts");
