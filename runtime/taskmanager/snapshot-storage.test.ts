import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError } from "../../base/index.ts";
import type { SnapshotFiles } from "../state/index.ts";
import { openSnapshotTarget, StoreCache } from "./snapshot-storage.ts";

const MIB = 1024 * 1024;

async function inMemory(): Promise<SnapshotFiles> {
  const target = { storeUri: "memory://job", inlineOnly: true };
  const options = { stores: new StoreCache(), target, savepointUri: null, epoch: 1, checkpointId: 1 };
  return (await openSnapshotTarget(options)).files;
}

async function write(files: SnapshotFiles, mib: number): Promise<void> {
  const file = await files.create();
  for (let written = 0; written < mib; written++) await file.write(new Uint8Array(MIB).fill(mib + written));
  await file.close();
}

const isTooLarge =
  (what: RegExp) =>
  (error: unknown): boolean =>
    error instanceof StreamError &&
    error.code === "STATE_TOO_LARGE" &&
    error.destiny === "terminal" &&
    what.test(error.message) &&
    /set it to fs/.test(error.message);

test("SNS2 CK-17 the memory back end keeps states of 5 MiB, and refuses larger ones for good, with the remedy", async () => {
  const files = await inMemory();
  await write(files, 5);
  await assert.rejects(write(files, 6), isTooLarge(/a state has more than 5242880 bytes/));
});

test("SNS2 T16 all states of a task fit into one message, or are refused for good, with the remedy", async () => {
  const files = await inMemory();
  const writes = async (): Promise<void> => {
    for (let state = 0; state < 10; state++) await write(files, 5);
  };
  await assert.rejects(writes(), isTooLarge(/the states of a task have more than 33554432 bytes/));
});
