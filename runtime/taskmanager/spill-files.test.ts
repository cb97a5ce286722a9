/** Local files of operators that spill (SPF1, SPF2, SPF3). */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { JobGraph } from "../graph/index.ts";
import { TaskSpills } from "./spill-files.ts";

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-spill-test-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What is read of a job's graph. */
function graphOf(spillFolder: string, managedFraction: number, spilling: number): JobGraph {
  const operator = (spills: boolean): unknown => ({ node: { logic: spills ? { spills: true } : {} } });
  const vertices = [
    { operators: [operator(false)] },
    ...Array.from({ length: spilling }, () => ({ operators: [operator(true), operator(false)] })),
  ];
  return { vertices, configuration: { memory: { managedFraction, spillFolder } } } as unknown as JobGraph;
}

test("what is written is read back at its place, and the file has no name while it is open", (context) => {
  const folder = folderOf(context);
  const spills = new TaskSpills(graphOf(folder, 0.4, 1));
  const file = spills.create();
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(file.append(Buffer.from("first")), 0);
  assert.equal(file.append(Buffer.from("second")), 5);
  const into = Buffer.alloc(6);
  file.read(5, into);
  assert.equal(into.toString(), "second");
  assert.throws(() => file.read(6, into), { code: "SPILL_FAILED", message: /ends at 11 bytes/ });
  file.close();
  file.close();
  assert.throws(() => file.append(into), { code: "SPILL_FAILED" });
});

test("what is left open is closed with the task", (context) => {
  const spills = new TaskSpills(graphOf(folderOf(context), 0.4, 1));
  const files = [spills.create(), spills.create()];
  spills.close();
  for (const file of files) assert.throws(() => file.append(Buffer.alloc(1)), { code: "SPILL_FAILED" });
});

test("a folder that is not there, or is full, is named with what to do", (context) => {
  const missing = join(folderOf(context), "missing");
  assert.throws(() => new TaskSpills(graphOf(missing, 0.4, 1)).create(), {
    code: "SPILL_FAILED",
    message: /missing\/streamjob-spill-[0-9a-f]{16} cannot be made: .*io\.tmp\.dirs/,
  });
  assert.equal(existsSync(missing), false);
});

test("operators that spill have the same share of a slot's part", (context) => {
  const folder = folderOf(context);
  const of = (fraction: number, spilling: number): number =>
    new TaskSpills(graphOf(folder, fraction, spilling)).budgetBytes;
  const alone = of(0.4, 1);
  assert.ok(Math.abs(of(0.4, 4) - alone / 4) <= 1);
  assert.ok(Math.abs(of(0.1, 1) - alone / 4) <= 1);
  assert.equal(of(0.4, 0), alone);
});
