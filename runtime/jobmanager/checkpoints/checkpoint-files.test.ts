import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { jobId, seededRandom, silentLog, StreamError, systemClock } from "../../../base/index.ts";
import { type CheckpointLog, claimEpoch, type ManifestDraft, writeFence } from "../../checkpoint/index.ts";
import { openStore, storeUriOf } from "../../storage/index.ts";
import { CheckpointFiles } from "./checkpoint-files.ts";
import { until } from "../scripted-job.test-support.ts";
import { Turns } from "../turns.ts";

type Place = { readonly files: CheckpointFiles; readonly log: CheckpointLog; readonly folder: string };

async function setting(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "checkpoint-files-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  const random = seededRandom(7);
  const owner = { processId: random.hex(16), jobId: jobId(random.hex(16)), random, clock: systemClock };
  const claim = await claimEpoch(await openStore(join(folder, "root")), owner);
  const fence = await writeFence(claim, { jobName: "words" });
  assert.ok(fence.kind === "ready");
  const turns = new Turns(systemClock, () => undefined);
  const { log } = fence;
  return { files: new CheckpointFiles({ log, turns, logger: silentLog, callTimeoutMs: 60_000 }), log, folder };
}

const draftTo = (folder: string): ManifestDraft => ({
  kind: "savepoint",
  checkpointId: 3,
  triggeredMs: 1,
  completedMs: 2,
  storeUri: storeUriOf(folder),
  operators: [],
  committables: 0,
});

test("CHF2 of a savepoint that did not come about nothing is left that could be taken for one", async (t) => {
  const { files, folder } = await setting(t);
  const path = join(folder, "saves", "one");
  await (await openStore(path)).put("data/x", Buffer.from("state"));
  const saving = files.save(draftTo(path));
  // It is given up while its own manifest is being written.
  files.removeSavepoint(storeUriOf(path));
  await saving;
  await until("all of it is gone", () => !existsSync(path));
});

test("a savepoint's own manifest may be written again when it was not known whether it was there", async (t) => {
  const { files, folder } = await setting(t);
  const draft = draftTo(join(folder, "saves", "one"));
  await files.save(draft);
  await files.save(draft);
  await assert.rejects(files.save({ ...draft, checkpointId: 4 }), /there is already a savepoint/);
});

test("CC9 a folder that can be written to is left as it was, and one that cannot is an error", async (t) => {
  const { files, folder } = await setting(t);
  const path = join(folder, "saves", "one");
  await files.probe(storeUriOf(path));
  assert.ok(!existsSync(path));
  await writeFile(join(folder, "file"), "not a folder");
  await assert.rejects(
    files.probe(storeUriOf(join(folder, "file", "saves"))),
    (error: unknown) => error instanceof StreamError && error.code === "STORE_UNAVAILABLE",
  );
});

test("of checkpoints in the log those beyond the number retained are gone, and savepoints are nobody's to delete", async (t) => {
  const { files, log, folder } = await setting(t);
  const locations: string[] = [];
  for (const checkpointId of [1, 2, 3]) {
    const outcome = await files.complete({ ...draftTo(folder), kind: "checkpoint", storeUri: null, checkpointId }, []);
    assert.ok(outcome.kind === "completed");
    locations.push(files.locationOf(outcome.manifest));
  }
  let isThere: ((location: string) => boolean) | null = null;
  files.discardOld(1, (outcome) => {
    assert.ok(outcome !== "fenced");
    isThere = outcome;
  });
  await until("old ones are deleted", () => isThere !== null);
  assert.deepEqual(locations.map(isThere ?? assert.fail), [false, false, true]);
  assert.equal((isThere ?? assert.fail)(storeUriOf(join(folder, "saves", "one"))), true);
  for (const location of locations)
    assert.equal((await log.store.read(location.slice(log.store.uri.length + 1))) !== null, location === locations[2]);
});
