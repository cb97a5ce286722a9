/**
 * The examples of docs/writing-a-job.md compile, and the test on the page is a test of this file.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PageExamples } from "./page-examples.ts";

const PAGE = "docs/writing-a-job.md";
const examples = new PageExamples(PAGE);

test("the examples of the guide compile, and every block of TypeScript in it is one", async () => {
  assert.deepEqual(examples.names, ["sensors.ts", "sensors.test.ts"]);
  const page = readFileSync(join(fileURLToPath(new URL("../../", import.meta.url)), PAGE), "utf8");
  assert.equal(page.match(/^```ts/gm)?.length, examples.names.length);
  assert.equal(await examples.typeErrors(), "");
});

await examples.load("sensors.test.ts");
