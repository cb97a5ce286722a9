/**
 * The examples of docs/testing.md are written to files, type-checked, and run: their tests are tests of this file.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PageExamples } from "./page-examples.ts";

const examples = new PageExamples("docs/testing.md");

test("the examples compile, and every block of TypeScript on the page is one", async () => {
  assert.equal(examples.text.match(/^```ts/gm)?.length, examples.names.length);
  assert.equal(await examples.typeErrors(), "");
});

const withTests = examples.names.filter((name) => name.endsWith(".test.ts"));
assert.equal(withTests.length, 2);
for (const name of withTests) await examples.load(name);
