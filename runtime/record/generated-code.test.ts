import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { t, type ValueType } from "./value-type.ts";
import { buildRows } from "./row-objects.ts";

const run = promisify(execFile);
const at = (path: string): string => new URL(path, import.meta.url).pathname;
/** How Node forbids code that is made of text. */
const FORBIDDEN = "--disallow-code-generation-from-strings";

test("names of fields are names, whatever they say (GCD1)", () => {
  const names = ['"', "\\", "`${x}`", "\n", "\u2028", "a b", "0", "then", "*/ process.exit(1) /*"];
  const type = t.record(Object.fromEntries(names.map((name) => [name, t.int64]))) as ValueType<unknown>;
  const fields = (type.fields ?? []).map(({ name }) => name);
  const columns = fields.map((_name, place) => [place, place + 100]);
  const expected = [0, 100].map((more) => Object.fromEntries(fields.map((name, place) => [name, place + more])));
  const rows = buildRows(type, columns, 2);
  assert.deepEqual(rows, expected);
  for (const row of rows) assert.deepEqual(Object.keys(row), Object.keys(expected[0] ?? {}));
});

test("records and columns are the same where Node allows no code from text (GCD2)", async () => {
  const script = `import { generate } from ${JSON.stringify(at("./generated-code.ts"))}; process.stdout.write(String(generate([], "return 1")));`;
  const { stdout } = await run(process.execPath, [FORBIDDEN, "--input-type=module", "--eval", script]);
  assert.equal(stdout, "null");
  const files = ["./columns/columns.test.ts", "./columns/staged-text.test.ts", "./batch-codec.test.ts"].map(at);
  // Each by itself: a runner's own processes would not have the flag.
  for (const file of files)
    await run(process.execPath, [FORBIDDEN, file], { env: { ...process.env, NODE_TEST_CONTEXT: "" } });
});
