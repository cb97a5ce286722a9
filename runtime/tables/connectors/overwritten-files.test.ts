/** A files sink that takes the place of what is there (OVF1, OVF2, TP6). */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { sinkOperator } from "../../operators/index.ts";
import type { OperatorFactory } from "../../ports/index.ts";
import { type HarnessOptions, OperatorHarness } from "../../testkit/index.ts";
import { filesSink } from "../../connectors/files/index.ts";

let root: string;
let folder: string;
let folders = 0;

before(() => {
  root = mkdtempSync(join(tmpdir(), "overwriting-files-"));
});
after(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  folder = join(root, String(folders++));
  mkdirSync(join(folder, "inner"), { recursive: true });
  for (const name of ["old-1.csv", "old-2.csv", "_SUCCESS", ".hidden", "inner/other.csv"])
    writeFileSync(join(folder, name), `${name}\n`);
});

const KEPT = [".hidden: .hidden", "_SUCCESS: _SUCCESS"];
const OLD = ["old-1.csv: old-1.csv", "old-2.csv: old-2.csv"];

const open = (more: Partial<HarnessOptions<string>> = {}): Promise<OperatorHarness<string, unknown>> => {
  const sink = filesSink<string>({ directory: folder, rollBytes: 1, overwrites: true });
  return OperatorHarness.open(sinkOperator(sink) as OperatorFactory<string, unknown>, more);
};

/** `name: line`, of files; of parts only their lines. Without what is being written. */
const there = (): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".inprogress"))
    .map(({ name }) => {
      const text = readFileSync(join(folder, name), "utf8").trimEnd();
      return name.startsWith("part-") ? text : `${name}: ${text}`;
    })
    .sort();

/** A checkpoint, which completes. */
async function checkpoint(harness: OperatorHarness<string, unknown>, id: number) {
  const snapshot = await harness.snapshot(id);
  await harness.complete(id);
  return snapshot;
}

describe("a files sink that overwrites", () => {
  it("shows nothing before its input has ended, and then nothing else", async () => {
    const harness = await open();
    await harness.processAll(["a", "b"]);
    await checkpoint(harness, 1);
    await harness.processAll(["c"]);
    await checkpoint(harness, 2);
    assert.deepEqual(there(), [...KEPT, ...OLD]);
    await harness.endInput();
    assert.deepEqual(there(), [...KEPT, ...OLD]);
    await checkpoint(harness, 3);
    assert.deepEqual(there(), [...KEPT, "a", "b", "c"]);
    assert.equal(readFileSync(join(folder, "inner/other.csv"), "utf8"), "inner/other.csv\n");
    await harness.close();
  });

  it("has what was written before restores, also before a checkpoint without a record", async () => {
    const first = await open();
    const { files } = first;
    await first.processAll(["a"]);
    await checkpoint(first, 1);
    const restore = [await checkpoint(first, 2)];
    await first.processAll(["lost"]);
    // It dies here.
    const second = await open({ files, restore, attempt: 2 });
    await second.processAll(["b"]);
    const again = [await checkpoint(second, 3)];
    const third = await open({ files, restore: again, attempt: 3 });
    assert.deepEqual(there(), [...KEPT, ...OLD]);
    await third.endInput();
    await checkpoint(third, 4);
    assert.deepEqual(there(), [...KEPT, "a", "b"]);
    for (const harness of [first, second, third]) await harness.close();
  });

  it("deletes nothing that came after its end, however often that is committed", async () => {
    const first = await open();
    const { files } = first;
    await first.processAll(["a"]);
    await checkpoint(first, 1);
    await first.endInput();
    const restore = [await first.snapshot(2)];
    const late: string[] = [];
    for (const attempt of [2, 3]) {
      writeFileSync(join(folder, `late-${attempt}.csv`), `late-${attempt}.csv`);
      late.push(`late-${attempt}.csv: late-${attempt}.csv`);
      const harness = await open({ files, restore, attempt });
      assert.deepEqual(there(), [...KEPT, "a", ...late]);
      await harness.close();
    }
    await first.close();
  });

  it("ends at once without checkpoints", async () => {
    const harness = await open();
    await harness.processAll(["a"]);
    await harness.endInput();
    await checkpoint(harness, 0);
    assert.deepEqual(there(), [...KEPT, "a"]);
    await harness.close();
  });

  it("is written by one subtask", async () => {
    await assert.rejects(open({ parallelism: 2 }), /one subtask commits at the end/);
  });

  it("leaves an empty folder where no record came", async () => {
    const harness = await open();
    await harness.endInput();
    await checkpoint(harness, 1);
    assert.deepEqual(there(), KEPT);
    await harness.close();
  });
});
