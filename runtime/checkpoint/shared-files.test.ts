/** Checkpoints that name files of the one before them: kept as long as a manifest names them, and no longer (CL7, RT2, RT4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ContentFiles, MemoryObjectStore, type ObjectStore } from "../storage/index.ts";
import { fileWith, keyedOperator, lead } from "./builders.test-support.ts";
import type { CheckpointLog, ManifestDraft } from "./checkpoint-log.ts";
import type { FileRef, OperatorState } from "./handles.ts";
import { dataFolder } from "./layout.ts";
import { findDamage } from "./log-contents.ts";

async function written(log: CheckpointLog, id: number): Promise<FileRef> {
  const folder = dataFolder(log.epoch, id);
  const file = await new ContentFiles(log.store, folder).create();
  await file.write(new TextEncoder().encode(`file ${id}`));
  assert.deepEqual(await file.close(), fileWith(folder, `file ${id}`));
  return fileWith(folder, `file ${id}`);
}

const tablesOf = (...files: FileRef[]): OperatorState => ({
  ...keyedOperator("count", "data", "", 1),
  subtasks: [
    {
      keyed: {
        kind: "tables",
        keyGroups: { first: 0, last: 127 },
        files: [],
        tables: files.map((file) => ({ file })),
      },
      operator: [],
      finished: false,
    },
  ],
});

async function complete(log: CheckpointLog, id: number, files: FileRef[], storeUri: string | null = null) {
  const operators = storeUri === null ? [tablesOf(...files)] : [];
  const draft: ManifestDraft = {
    kind: storeUri === null ? "checkpoint" : "savepoint",
    checkpointId: id,
    triggeredMs: 1,
    completedMs: 2,
    storeUri,
    operators,
    committables: 0,
  };
  const outcome = await log.complete(draft);
  assert.ok(outcome.kind === "completed");
  await log.discard({ numRetained: 1 });
  assert.deepEqual(await findDamage(log.store, outcome.manifest), []);
}

const keysIn = async (store: ObjectStore): Promise<string[]> => (await store.list("data/")).map(({ key }) => key);

test("files of the checkpoint before are kept while the newest names them, and go when it does not", async () => {
  const log = await lead(new MemoryObjectStore("files"), 1);
  const first = await written(log, 1);
  await complete(log, 1, [first]);
  const second = await written(log, 2);
  await complete(log, 2, [first, second]);
  assert.deepEqual(await keysIn(log.store), [first.key, second.key]);
  const third = await written(log, 3);
  await complete(log, 3, [second, third]);
  assert.deepEqual(await keysIn(log.store), [second.key, third.key]);
});

test("a savepoint that comes between takes no file from the checkpoint that builds on the one before it", async () => {
  const log = await lead(new MemoryObjectStore("savepoint-between"), 1);
  const first = await written(log, 1);
  await complete(log, 1, [first]);
  await complete(log, 2, [], "memory://savepoint");
  const third = await written(log, 3);
  await complete(log, 3, [first, third]);
  assert.deepEqual(await keysIn(log.store), [first.key, third.key]);
});

test("files of a checkpoint that was given up, and of one that was subsumed, may not be named", async () => {
  const log = await lead(new MemoryObjectStore("not-shared"), 1);
  const first = await written(log, 1);
  await complete(log, 1, [first]);
  const givenUp = await written(log, 2);
  await assert.rejects(complete(log, 3, [givenUp]), /neither in data\/0000000001-0000000003/);
  const fourth = await written(log, 4);
  await complete(log, 4, [fourth]);
  await assert.rejects(complete(log, 5, [first]), /neither in data\/0000000001-0000000005/);
});

test("another JobManager keeps the files of the newest checkpoint, whichever epoch wrote them", async () => {
  const store = new MemoryObjectStore("two-epochs");
  const before = await lead(store, 1);
  const [first, second] = [await written(before, 1), await written(before, 2)];
  await complete(before, 1, [first]);
  await complete(before, 2, [first, second]);
  const log = await lead(store, 2);
  const third = await written(log, 3);
  await complete(log, 3, [second, third]);
  assert.deepEqual(await keysIn(store), [second.key, third.key]);
});
