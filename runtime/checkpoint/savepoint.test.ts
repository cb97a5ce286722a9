/** Savepoints as folders, and the log's life on a real folder: complete, restart, clean up, close. */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { seededRandom, type StreamError } from "../../base/index.ts";
import {
  ContentFiles,
  LocalObjectStore,
  MemoryObjectStore,
  type ObjectStore,
  openStore,
  verifiedRead,
} from "../storage/index.ts";
import { JOB, keyedOperator, lead } from "./builders.test-support.ts";
import type { CheckpointLog, ManifestDraft } from "./checkpoint-log.ts";
import { dataFolder, manifestKey, SAVEPOINT_DATA_FOLDER } from "./layout.ts";
import { disposeSavepoint, newSavepointUri, readSavepoint, writeSavepointManifest } from "./savepoint.ts";
import { findDamage, readLog } from "./log-contents.ts";
import { type OperatorState } from "./handles.ts";
import { resolveRestore } from "./restore.ts";

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "streamjob-checkpoint-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes the operator's files for real, as tasks do. */
async function upload(store: ObjectStore, folder: string, content: string): Promise<OperatorState> {
  const operator = keyedOperator("count", folder, content);
  for (const [subtask, { keyed }] of operator.subtasks.entries()) {
    const file = await new ContentFiles(store, folder).create();
    await file.write(new TextEncoder().encode(content + subtask));
    assert.deepEqual(await file.close(), keyed?.files[0]?.file);
  }
  return operator;
}

function draft(
  checkpointId: number,
  operator: OperatorState,
  storeUri: string | null = null,
  committables = 0,
): ManifestDraft {
  const kind = storeUri === null ? "checkpoint" : "savepoint";
  return { kind, checkpointId, triggeredMs: 1, completedMs: 2, storeUri, operators: [operator], committables };
}

async function checkpoint(log: CheckpointLog, id: number, committables = 0): Promise<void> {
  const operator = await upload(log.store, dataFolder(log.epoch, id), `state ${id} `);
  assert.equal((await log.complete(draft(id, operator, null, committables))).kind, "completed");
}

async function savepoint(log: CheckpointLog, target: string, id: number): Promise<string> {
  const store = await openStore(newSavepointUri(target, JOB, seededRandom(id)));
  const taken = draft(id, await upload(store, SAVEPOINT_DATA_FOLDER, `state ${id} `), store.uri);
  await writeSavepointManifest(store, log, taken);
  assert.equal((await log.complete(taken)).kind, "completed");
  return store.uri;
}

describe("a job's log in a folder", () => {
  it("is found again by the store alone after a crash, commits included (CK-19)", async (t) => {
    const store = new LocalObjectStore(join(await temporaryFolder(t), "default", "words"));
    const first = await lead(store, 1);
    assert.equal(resolveRestore(first.contents, first.epoch, { sinksAllowReplay: false }).kind, "none");
    await checkpoint(first, 1);
    await first.discard({ numRetained: 1 });
    await checkpoint(first, 3, 2);

    const second = await lead(store, 2);
    assert.equal(second.epoch, 2);
    assert.equal(second.lastCheckpointId, 3);
    const restore = resolveRestore(second.contents, second.epoch, { sinksAllowReplay: false });
    assert.ok(restore.kind === "restore" && restore.mustCommit && restore.manifest.checkpointId === 3);
    assert.deepEqual(await findDamage(store, restore.manifest), []);
    await second.markCommitted(restore.manifest.seq);
    const third = await lead(store, 3);
    const again = resolveRestore(third.contents, third.epoch, { sinksAllowReplay: false });
    assert.ok(again.kind === "restore" && !again.mustCommit);

    const late = await first.complete(draft(4, keyedOperator("count", dataFolder(1, 4), "late ")));
    assert.equal(late.kind, "fenced");
    await assert.rejects(first.markCommitted(2), { code: "FENCED" });
    await assert.rejects(first.discard({ numRetained: 1 }), { code: "FENCED" });
    await assert.rejects(second.discard({ numRetained: 1 }), { code: "FENCED" });
    await assert.rejects(second.discardAll(), { code: "FENCED" });
  });

  it("goes on with ids above those of uploads that were never completed", async (t) => {
    const store = new LocalObjectStore(await temporaryFolder(t));
    const first = await lead(store, 1);
    await checkpoint(first, 1);
    await upload(store, dataFolder(1, 5), "aborted ");
    assert.equal((await lead(store, 2)).lastCheckpointId, 5);
  });

  it("leaves the closing fence only when the job is over, and starts fresh after it", async (t) => {
    const store = new LocalObjectStore(await temporaryFolder(t));
    const log = await lead(store, 1);
    await checkpoint(log, 1, 1);
    await log.markCommitted(2);
    await checkpoint(log, 2);
    await upload(store, dataFolder(1, 3), "running ");
    await log.discardAll();
    await log.discardAll();
    assert.deepEqual(
      (await store.list("")).map((object) => object.key),
      [manifestKey(4), "epochs/0000000001"],
    );
    const next = await lead(store, 2);
    assert.equal(resolveRestore(next.contents, next.epoch, { sinksAllowReplay: false }).kind, "none");
    assert.equal(next.lastCheckpointId, 2);
  });

  it("finds damaged, swapped and missing files before they are used (row 9)", async (t) => {
    const folder = await temporaryFolder(t);
    const store = new LocalObjectStore(folder);
    const log = await lead(store, 1);
    await checkpoint(log, 1);
    await checkpoint(log, 2);
    const entry = (await readLog(store)).entries.at(-1);
    assert.ok(entry?.kind === "manifest");
    const [one, two] = entry.manifest.files;
    assert.ok(one !== undefined && two !== undefined);
    await writeFile(join(folder, one.key), "short");
    await rm(join(folder, two.key));
    const damage = await findDamage(store, entry.manifest);
    assert.match(damage[0] ?? "", /has 5 bytes instead of 9/);
    assert.match(damage[1] ?? "", /is missing/);
    await assert.rejects(verifiedRead(store, one), { code: "CHECKPOINT_CORRUPT" });

    await cp(join(folder, manifestKey(2)), join(folder, manifestKey(3)));
    const swapped = (await readLog(store)).entries.at(-1);
    assert.ok(swapped?.kind === "corrupt");
    assert.match(swapped.what, /was renamed or copied: it is number 2/);
    const next = await lead(store, 2);
    assert.equal(resolveRestore(next.contents, next.epoch, { sinksAllowReplay: false }).kind, "corrupt");
  });

  it("refuses files outside the checkpoint's own folder: clean-up could take them away", async (t) => {
    const log = await lead(new LocalObjectStore(await temporaryFolder(t)), 1);
    await assert.rejects(
      log.complete(draft(1, keyedOperator("count", "data", "x"))),
      /neither in data\/0000000001-0000000001/,
    );
    await checkpoint(log, 2);
    await assert.rejects(
      log.complete(draft(2, keyedOperator("count", dataFolder(1, 2), "x"))),
      /completed after 2, which subsumed it/,
    );
  });
});

describe("a savepoint", () => {
  it("is found by its folder, its _metadata, and after the folder was moved (CK-16)", async (t) => {
    const folder = await temporaryFolder(t);
    const log = await lead(new LocalObjectStore(join(folder, "job")), 1);
    const uri = await savepoint(log, join(folder, "savepoints"), 1);
    const [name] = await readdir(join(folder, "savepoints"));
    assert.match(name ?? "", /^savepoint-012345-[0-9a-f]{12}$/);
    const path = join(folder, "savepoints", name ?? "");
    for (const location of [uri, `${uri}/`, path, join(path, "_metadata"), `${uri}/_metadata`]) {
      assert.equal((await readSavepoint(location)).storeUri, uri);
    }
    await rename(path, join(folder, "moved"));
    const { manifest, storeUri } = await readSavepoint(join(folder, "moved"));
    assert.equal(manifest.kind, "savepoint");
    const store = await openStore(storeUri);
    for (const file of manifest.files) assert.equal((await verifiedRead(store, file)).length, file.length);
  });

  it("may also be a retained checkpoint, by its manifest; one of a savepoint leads to the savepoint's files", async (t) => {
    const folder = await temporaryFolder(t);
    const store = new LocalObjectStore(join(folder, "job"));
    const log = await lead(store, 1);
    await checkpoint(log, 1);
    const uri = await savepoint(log, join(folder, "savepoints"), 2);
    assert.equal((await readSavepoint(join(folder, "job", manifestKey(2)))).storeUri, store.uri);
    assert.equal((await readSavepoint(`${store.uri}/${manifestKey(3)}`)).storeUri, uri);
  });

  it("survives the clean-up of checkpoints, and the end of the job", async (t) => {
    const folder = await temporaryFolder(t);
    const log = await lead(new LocalObjectStore(join(folder, "job")), 1);
    const uri = await savepoint(log, join(folder, "savepoints"), 1);
    await checkpoint(log, 2);
    await log.discard({ numRetained: 1 });
    await log.discardAll();
    const { manifest } = await readSavepoint(uri);
    assert.deepEqual(await findDamage(await openStore(uri), manifest), []);
  });

  it("that is not there is an error that says what was looked at, and what is near", async (t) => {
    const folder = await temporaryFolder(t);
    await assert.rejects(readSavepoint(join(folder, "no such")), (error: StreamError) => {
      assert.equal(error.code, "SAVEPOINT_NOT_FOUND");
      assert.match(error.message, /no%20such\/_metadata/);
      return true;
    });
    const log = await lead(new LocalObjectStore(join(folder, "job")), 1);
    await checkpoint(log, 1);
    const expected = {
      code: "SAVEPOINT_NOT_FOUND",
      message: /checkpoint folder of a job and contains .*chk\/0000000002\.manifest/,
    };
    await assert.rejects(readSavepoint(join(folder, "job")), expected);
    await assert.rejects(readSavepoint(join(folder, "job", manifestKey(1))), expected);
    await assert.rejects(readSavepoint("ftp://host/sp"), { code: "OPTION_INVALID" });
  });

  it("is deleted whole, and nothing is deleted where there is none", async (t) => {
    const folder = await temporaryFolder(t);
    const log = await lead(new LocalObjectStore(join(folder, "job")), 1);
    await checkpoint(log, 1);
    const uri = await savepoint(log, join(folder, "savepoints"), 2);
    await mkdir(join(folder, "mine", "data"), { recursive: true });
    await writeFile(join(folder, "mine", "_metadata"), "my own file");
    await writeFile(join(folder, "mine", "data", "a".repeat(64)), "precious");
    await assert.rejects(disposeSavepoint(join(folder, "mine")), { code: "CHECKPOINT_CORRUPT" });
    for (const location of [join(folder, "job"), folder]) {
      await assert.rejects(disposeSavepoint(location), { code: "SAVEPOINT_NOT_FOUND" });
    }
    await assert.rejects(disposeSavepoint(join(folder, "job", manifestKey(2))), { code: "REQUEST_INVALID" });
    assert.deepEqual(await readdir(join(folder, "mine", "data")), ["a".repeat(64)]);
    await disposeSavepoint(`${uri}/_metadata`);
    assert.deepEqual(await readdir(join(folder, "savepoints")), []);
    await assert.rejects(disposeSavepoint(uri), { code: "SAVEPOINT_NOT_FOUND" });
  });

  it("is not written over", async (t) => {
    const folder = await temporaryFolder(t);
    const log = await lead(new LocalObjectStore(join(folder, "job")), 1);
    const uri = await savepoint(log, folder, 1);
    const store = await openStore(uri);
    const again = draft(2, keyedOperator("count", "data", "x"), uri);
    await assert.rejects(writeSavepointManifest(store, log, again), { code: "SAVEPOINT_FAILED" });
  });
});

/** A store with uploads that nobody has finished, by the name they would have. */
class LitteredStore extends MemoryObjectStore {
  unfinished: string[] = [];

  override async removeUnfinished(prefix?: string, isOver?: (key: string) => boolean): Promise<number> {
    const before = this.unfinished.length;
    this.unfinished = this.unfinished.filter((key) => !(key.startsWith(prefix ?? "") && isOver?.(key) === true));
    return before - this.unfinished.length;
  }
}

describe("uploads that killed tasks have left", () => {
  const upload = (epoch: number, id: number): string => `${dataFolder(epoch, id)}/${"a".repeat(64)}`;

  it("go with the clean-up when no checkpoint can refer to them any more, and with the end of the job (RT4)", async () => {
    const store = new LitteredStore("littered");
    await lead(store, 1);
    const log = await lead(store, 2);
    const uploads = [upload(1, 9), upload(2, 1), upload(2, 2), upload(2, 3), upload(3, 1), "elsewhere/x"];
    store.unfinished = uploads;
    await log.discard({ numRetained: 1 });
    assert.deepEqual(store.unfinished, uploads, "without a checkpoint of this epoch nothing goes (RT1)");
    await checkpoint(log, 2);
    await log.discard({ numRetained: 1 });
    assert.deepEqual(store.unfinished, [upload(2, 3), upload(3, 1), "elsewhere/x"]);
    await log.discardAll();
    assert.deepEqual(store.unfinished, [upload(3, 1), "elsewhere/x"]);
  });
});
