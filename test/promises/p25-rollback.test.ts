/**
 * A version that is bad in each way that a version can be, on a job that was stable before.
 *
 * PP1 Each case ends with a good version, so that the sink shows what was lost or done twice on the way there and back.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { lookAgain } from "./looks.ts";
import { type Rig, withRig } from "./rig.ts";
import { becomeStable, troubled } from "./troubles.ts";

const MISSING_IMAGE = "registry.example/word-count:typo";

/** Where the state came from that the active job was deployed with. */
async function restoredFrom(rig: Rig): Promise<string | undefined> {
  const { jobId } = await rig.status();
  const text = await rig.rest(`/v1/jobs/${jobId}/checkpoints`);
  const { latest } = JSON.parse(text ?? "{}") as { latest?: { restored?: { external_path?: string } | null } };
  return latest?.restored?.external_path;
}

const podsOf = async (rig: Rig, incarnation: number): Promise<string[]> =>
  (await rig.pods())
    .filter(({ metadata }) => metadata.labels?.["streamjob.dev/incarnation"] === String(incarnation))
    .map(({ metadata }) => `${metadata.name} ${metadata.uid}`)
    .sort();

/** The good spec runs, the bad one is known as such, and looking again and again does not bring it back. */
async function assertBack(rig: Rig): Promise<void> {
  const status = await rig.status();
  const { generation } = (await rig.job()).metadata;
  assert.equal(status.stable?.generation, 1);
  assert.equal(status.failed?.generation, generation, "the bad generation is on record");
  assert.equal(status.active?.revision, status.stable?.revision);
  const stalled = await rig.condition("Stalled");
  assert.equal(stalled?.status, "True");
  assert.match(stalled.message, /correct the manifest and apply it again/);
  await lookAgain(rig, rig.cluster.controller);
  await rig.moreCheckpoints(2);
  assert.equal((await rig.status()).incarnations, status.incarnations, "the bad generation was tried again");
}

async function assertCorrectedIsTaken(rig: Rig): Promise<void> {
  const before = await rig.status();
  await rig.apply(rig.manifest({ restartNonce: "corrected" }));
  await rig.ready();
  const after = await rig.status();
  assert.equal(after.active?.generation, (await rig.job()).metadata.generation);
  assert.ok((after.active?.incarnation ?? 0) > (before.active?.incarnation ?? 0));
  assert.equal(after.failed, undefined, "nothing is held against the corrected version");
  assert.equal((await rig.condition("RolledBack"))?.status, "False");
}

it("P-25 a bad image never stops the old version when there is room for both, and is given up for a corrected one", () =>
  withRig("s25-image", {}, async (rig) => {
    rig.images.missing.add(MISSING_IMAGE);
    await becomeStable(rig);
    const before = await podsOf(rig, 1);
    await rig.apply(rig.manifest({ image: MISSING_IMAGE }));
    await rig.until("the upgrade to be blocked", async () => {
      const blocked = await rig.condition("UpgradeBlocked");
      return blocked?.status === "True" && blocked.message.includes("ImagePull");
    });
    await rig.moreCheckpoints(2);
    assert.equal((await rig.status()).active?.incarnation, 1);
    assert.deepEqual(await podsOf(rig, 1), before, "the old pods were touched");
    assert.equal(rig.relay.triggerCount(), 0, "the old job was asked to stop");
    await assertCorrectedIsTaken(rig);
    await rig.assertExact();
  }));

it("P-25 a bad image of a cold upgrade is rolled back with the savepoint", () =>
  withRig("s25-image-cold", {}, async (rig) => {
    rig.images.missing.add(MISSING_IMAGE);
    await becomeStable(rig);
    await rig.apply(rig.manifest({ image: MISSING_IMAGE, upgrade: { standby: "cold", deployTimeout: "1s" } }));
    await rig.until("the rollback", async () => (await rig.condition("RolledBack"))?.status === "True");
    await rig.until("it to run again", async () => (await rig.status()).operation === undefined);
    await assertBack(rig);
    await assertCorrectedIsTaken(rig);
    await rig.assertExact();
  }));

it("P-25 a bad state schema is refused before the old version is stopped", () =>
  withRig("s25-schema", {}, async (rig) => {
    await becomeStable(rig);
    const before = await podsOf(rig, 1);
    await rig.apply(rig.manifest(troubled(rig, "schema")));
    await rig.until("the refusal", async () => (await rig.condition("Stalled"))?.reason === "VersionFailed");
    const stalled = await rig.condition("Stalled");
    assert.match(stalled?.message ?? "", /does not accept the state/);
    assert.deepEqual(await podsOf(rig, 1), before, "the old pods were touched");
    assert.equal(rig.relay.triggerCount(), 0, "the old job was asked to stop");
    await assertBack(rig);
    await assertCorrectedIsTaken(rig);
    await rig.assertExact();
  }));

it("P-25 a bad state schema of a cold upgrade is rolled back with the savepoint", () =>
  withRig("s25-schema-cold", {}, async (rig) => {
    await becomeStable(rig);
    await rig.apply(rig.manifest({ ...troubled(rig, "schema"), upgrade: { standby: "cold" } }));
    await rig.until("the rollback", async () => {
      const { operation, failed, active } = await rig.status();
      return operation === undefined && failed !== undefined && active?.incarnation !== 1;
    });
    await assertBack(rig);
    const [savepoint] = rig.relay.triggers();
    assert.equal(await restoredFrom(rig), savepoint?.target);
    await assertCorrectedIsTaken(rig);
    await rig.assertExact();
  }));

it("P-25 a version that crashes before its first checkpoint is rolled back with the upgrade's savepoint", () =>
  withRig("s25-at-once", {}, async (rig) => {
    await becomeStable(rig);
    await rig.apply(rig.manifest(troubled(rig, "at-once")));
    await rig.until("the rollback", async () => {
      const { operation, failed } = await rig.status();
      return operation === undefined && failed !== undefined;
    });
    assert.equal((await rig.incarnation(2))?.completedCheckpoints ?? 0, 0);
    await assertBack(rig);
    assert.match((await rig.status()).failed?.reason ?? "", /this version is broken/);
    assert.equal(rig.relay.triggerCount(), 1, "one savepoint serves there and back");
    await assertCorrectedIsTaken(rig);
    figure("P-25", "6 ways of being bad, each back at the stable version");
    await rig.assertExact();
  }));

it("P-25 a version that crashes after its first checkpoint is rolled back with its own state", () =>
  withRig("s25-later", {}, async (rig) => {
    await becomeStable(rig);
    const trip = rig.workspace.path("trip");
    const slow = { stability: { window: "1h", maxRestarts: 2 } };
    await rig.apply(rig.manifest({ ...troubled(rig, `while:${trip}`), upgrade: slow }));
    await rig.ready();
    await rig.moreCheckpoints(3);
    const own = (await rig.incarnation(2))?.lastCheckpoint?.id ?? 0;
    assert.ok(own > 0);
    writeFileSync(trip, "");
    await rig.until("the rollback", async () => {
      const { operation, failed, active } = await rig.status();
      return operation === undefined && failed !== undefined && active?.incarnation === 3;
    });
    await assertBack(rig);
    assert.equal(rig.relay.triggerCount(), 1, "only the upgrade asked for a savepoint");
    await assertCorrectedIsTaken(rig);
    await rig.assertExact();
  }));
