import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type JobId, jobId, seededRandom, systemClock } from "../../base/index.ts";
import { openFileObjectLog } from "../../embedded/api-server/index.ts";
import { claimEpoch, fencePredecessor, writeFence } from "../../runtime/checkpoint/index.ts";
import { openStore } from "../../runtime/storage/index.ts";
import { homeFolder } from "./home-folder.ts";
import { storageCommand, type StorageCommand } from "./storage-command.ts";
import { testTerminal } from "../terminal/terminal.test-support.ts";

const random = seededRandom(3);
const OLD = jobId("a".repeat(32));
const NEW = jobId("b".repeat(32));
const identity = { processId: "c".repeat(32), random, clock: systemClock };

const folder = await mkdtemp(join(tmpdir(), "storage-"));
after(() => rm(folder, { recursive: true, force: true }));
const home = homeFolder(join(folder, "home"));

type Done = { readonly code: number; readonly out: string; readonly said: string; readonly asked: string | null };
type Flags = Partial<Pick<StorageCommand, "verb" | "output" | "isDryRun" | "isApproved">>;

/** `answer` null: nobody is there who could. */
async function storage(location: string, flags: Flags = {}, answer: boolean | null = null): Promise<Done> {
  const lines = { out: [] as string[], said: [] as string[] };
  let asked: string | null = null;
  const ask = async (question: string): Promise<boolean> => {
    asked = question;
    return answer === true;
  };
  const terminal = testTerminal(lines.out, lines.said, { random, ...(answer === null ? {} : { ask }) });
  const command: StorageCommand = {
    kind: "storage",
    verb: "list",
    place: { kind: "location", location },
    namespace: null,
    output: "text",
    isDryRun: false,
    isApproved: false,
    ...flags,
  };
  const code = await storageCommand(home, terminal, command);
  return { code, out: lines.out.join("\n"), said: lines.said.join("\n"), asked };
}

async function fill(location: string, id: JobId): Promise<void> {
  const store = await openStore(`${location}/${id}`);
  const fence = await writeFence(await claimEpoch(store, { ...identity, jobId: id }), { jobName: "words" });
  assert.ok(fence.kind === "ready");
  await store.put(`data/0000000001-0000000001/${"d".repeat(64)}`, Buffer.alloc(3 * 1024 * 1024));
  const facts = { triggeredMs: 1, completedMs: 2, storeUri: null, operators: [], committables: 0 };
  await fence.log.complete({ kind: "checkpoint", checkpointId: 1, ...facts });
}

const takeOver = async (location: string): Promise<unknown> =>
  fencePredecessor(await openStore(`${location}/${OLD}`), { ...identity, jobId: NEW, jobName: "words" });
const newLocation = (): string => `memory://storage-${random.hex(4)}`;

/** An upgraded job: the new incarnation has a checkpoint of its own. */
async function upgraded(): Promise<string> {
  const location = newLocation();
  await fill(location, OLD);
  await takeOver(location);
  await fill(location, NEW);
  return location;
}

const keysIn = async (location: string): Promise<readonly string[]> =>
  (await (await openStore(location)).list("")).map(({ key }) => key);

test("`storage list` says of each place what it is, how large, what becomes of it, and what gc would remove", async () => {
  const location = newLocation();
  assert.match((await storage(location)).out, /^There is no store and no savepoint below memory:/);
  await fill(location, OLD);
  assert.match(
    (await storage(location)).out,
    /^newest +memory:\S+ +words +1 +1970-01-01T00:00:00Z +3\.0 MiB +kept: the newest state of its job; gc removes leftovers: 1 file, 3\.0 MiB$/m,
  );
  await takeOver(location);
  assert.match(
    (await storage(location)).out,
    new RegExp(`superseded by ${NEW}, and kept: the store of ${NEW}.* is not`),
  );
  await fill(location, NEW);
  assert.match((await storage(location)).out, new RegExp(`superseded by ${NEW}; gc removes its state: 3 files, 3\\.0`));
  const wide = (await storage(location, { output: "wide" })).out;
  assert.match(wide, /^STATE +LOCATION +JOB +JOB ID +OBJECTS +CHECKPOINTS /);
  assert.match(wide, new RegExp(`^newest +${location}/${NEW} +words +${NEW} +4 +1 `, "m"));
  const { items } = JSON.parse((await storage(location, { output: "json" })).out) as {
    readonly items: readonly { readonly verdict: object; readonly removal: object }[];
  };
  assert.partialDeepStrictEqual(items[0]?.verdict, { kind: "superseded", successor: NEW, kept: null });
});

test("SGC1 `storage gc` shows what goes, and deletes it only when somebody says yes", async () => {
  const location = await upgraded();
  const before = await keysIn(location);
  const dry = await storage(location, { verb: "gc", isDryRun: true });
  assert.equal(dry.code, 0);
  assert.match(dry.out, new RegExp(`^${location}/${OLD} +words +3 +3\\.0 MiB +its state; ${NEW} went on from it`, "m"));
  assert.match(dry.out, /^Nothing was deleted: 4 files, 6\.0 MiB would go\.$/m);
  await assert.rejects(storage(location, { verb: "gc" }), { code: "CONFIRMATION_MISSING" });
  const no = await storage(location, { verb: "gc" }, false);
  assert.deepEqual([no.code, no.asked], [1, `Delete 4 files, 6.0 MiB below ${location}?`]);
  assert.match(no.said, /No cluster was asked: .* --context\.\nNothing was deleted\.$/);
  assert.deepEqual(await keysIn(location), before);
  const yes = await storage(location, { verb: "gc" }, true);
  assert.deepEqual([yes.code, yes.out.split("\n").at(-1)], [0, "Deleted: 4 files, 6.0 MiB."]);
  assert.ok((await keysIn(location)).includes(`${OLD}/collected`));
  const again = await storage(location, { verb: "gc", isApproved: true });
  assert.deepEqual([again.code, again.out], [0, `There is nothing to remove below ${location}.`]);
});

test("`storage gc -o json` is one value: what went, or would go", async () => {
  const location = await upgraded();
  type Value = { readonly dryRun: boolean; readonly items: readonly { uri: string; removed: boolean; what: string }[] };
  const run = async (flags: Flags): Promise<Value> =>
    JSON.parse((await storage(location, { verb: "gc", output: "json", ...flags })).out) as Value;
  const wanted = [
    { uri: `${location}/${OLD}`, what: "state" },
    { uri: `${location}/${NEW}`, what: "leftovers" },
  ];
  for (const removed of [false, true]) {
    const { dryRun, items } = await run(removed ? { isApproved: true } : { isDryRun: true });
    assert.equal(dryRun, !removed);
    assert.deepEqual(
      items.map(({ uri, what, removed: isGone }) => ({ uri, what, removed: isGone })),
      wanted.map((each) => ({ ...each, removed })),
    );
  }
  assert.deepEqual(await run({ isApproved: true }), { dryRun: false, items: [] });
});

test("STN1 what a StreamJob of this machine names stays, though its control plane does not run", async () => {
  const location = await upgraded();
  const log = openFileObjectLog({ folder: join(home.controlPlane, "objects") });
  await log.load();
  const object = {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "other", namespace: "default", uid: "1", resourceVersion: "2", creationTimestamp: "" },
    spec: { restore: { path: `${location}/${OLD}/chk/0000000002.manifest` } },
  };
  log.append(2, { type: "put", kind: "StreamJob", object });
  await log.close();
  const { said } = await storage(location, { verb: "gc", isApproved: true });
  assert.match(said, /^Asked what their StreamJobs name: the control plane of .* \(1 StreamJob\)\.$/m);
  assert.ok((await keysIn(location)).includes(`${OLD}/chk/0000000002.manifest`));
  assert.match((await storage(location)).out, /and kept: StreamJob default\/other \(spec\.restore\.path\) needs it/);
});
