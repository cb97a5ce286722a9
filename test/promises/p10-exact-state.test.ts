import assert from "node:assert/strict";
import { cpSync, readdirSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { it } from "node:test";
import { INCARNATION_LABEL, JOB_LABEL, MANAGED_BY_LABEL, MANAGER } from "../../crds/index.ts";
import type { ConfigMap } from "../../operator/kubernetes/api/index.ts";
import { systemClock } from "../../base/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { assertOneChain, readStoreViews } from "./stores.ts";

const AN_HOUR_S = 3600;

/** ConfigMaps that look like those of a newer incarnation, and a leader's. */
function decoyConfigMaps(pointer: string): readonly ConfigMap[] {
  return [
    { name: "wc-9", number: "9" },
    { name: "wc-2-jobmanager-leader", number: "2" },
    { name: "wc-checkpoints", number: "99" },
  ].map(({ name, number }) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: NAMESPACE,
      name,
      labels: { [JOB_LABEL]: "wc", [INCARNATION_LABEL]: number, [MANAGED_BY_LABEL]: MANAGER },
    },
    data: { checkpoint: pointer, "config.json": JSON.stringify({ jobId: "f".repeat(32), storeUri: pointer }) },
  }));
}

/** A copy that is newer than what it is a copy of, and everything else. */
function plant(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const late = systemClock.nowMs() / 1000 + AN_HOUR_S;
  for (const name of [".", ...readdirSync(to, { recursive: true, encoding: "utf8" })]) {
    utimesSync(join(to, name), late, late);
  }
}

async function upgraded(rig: Rig, nonce: number, mode: "savepoint" | "last-state"): Promise<string> {
  await rig.apply(rig.manifest({ restartNonce: nonce, upgrade: { mode } }));
  await rig.ready();
  const { jobId = "" } = await rig.status();
  return jobId;
}

it("P-10 decoys that look newer are not looked at: stores, savepoints, ConfigMaps and pointers of an older job id", () =>
  withRig("s10", {}, async (rig) => {
    const first = await upgraded(rig, 1, "savepoint");
    await rig.moreCheckpoints(2);
    const second = await upgraded(rig, 2, "savepoint");
    const [oldSavepoint = ""] = await rig.savepoints();
    await rig.moreCheckpoints(2);

    for (const name of ["f".repeat(32), "0".repeat(32), `${second}-newer`, "wc", "latest"]) {
      plant(rig.storeFolder(first), rig.storeFolder(name));
    }
    plant(oldSavepoint, join(oldSavepoint, "..", `savepoint-${"f".repeat(16)}`));
    const maps = decoyConfigMaps(`file://${rig.storeFolder(first)}`);
    for (const map of maps) await rig.api.create("ConfigMap", map);
    // What the status shows to people is not what is restored from.
    const { status, ...job } = await rig.job();
    const path = `file://${rig.storeFolder(first)}/chk/0000000002.manifest`;
    const time = "2099-01-01T00:00:00Z";
    await rig.api.updateStatus("StreamJob", {
      ...job,
      status: {
        ...status,
        lastCheckpoint: { id: 2, time, path, sizeBytes: 1 },
        lastSavepoint: { name: "wc-x", time, path: `file://${oldSavepoint}` },
      } as NonNullable<typeof status>,
    });

    const third = await upgraded(rig, 3, "last-state");
    await rig.kill("jobmanager-0");
    await rig.moreCheckpoints(2);
    const last = await upgraded(rig, 4, "savepoint");
    const stores = (await readStoreViews(rig.storeFolder(""))).filter(({ jobId }) => !/^(0|f)+$/.test(jobId));
    const chain = assertOneChain(stores, last).map(({ jobId }) => jobId);
    assert.deepEqual(chain, [first, second, third, last]);
    for (const { metadata } of maps) {
      const { namespace, name } = metadata;
      assert.ok(
        (await rig.api.get("ConfigMap", { namespace, name })) !== null,
        `${name} is somebody else's and is gone`,
      );
    }
    figure("P-10", `${5 + 1 + maps.length + 2} decoys, none taken`);
    await rig.assertExact();
  }));

it("P-10 a stale pointer in the record itself is refused, with both states named, and nothing is started", () =>
  withRig("s10-stale", {}, async (rig) => {
    await upgraded(rig, 1, "savepoint");
    await upgraded(rig, 2, "savepoint");
    const [stale = ""] = await rig.savepoints();
    await rig.apply(rig.manifest({ restartNonce: 2, upgrade: { mode: "savepoint" }, state: "suspended" }));
    await rig.phase("Suspended");
    const { resume } = await rig.status();
    assert.ok(resume?.kind === "latest" && resume.savepoint !== null && !resume.savepoint.endsWith(stale));
    const lines = rig.lines();
    await rig.until("the stale pointer to be written", async () => {
      const { status, ...job } = await rig.job();
      const changed = { ...status, resume: { ...resume, savepoint: `file://${stale}` } } as NonNullable<typeof status>;
      await rig.api.updateStatus("StreamJob", { ...job, status: changed });
      const now = (await rig.status()).resume;
      return now?.kind === "latest" && now.savepoint === `file://${stale}`;
    });
    await rig.apply(rig.manifest({ restartNonce: 2, upgrade: { mode: "savepoint" }, state: "running" }));
    await rig.until("it to be refused", async () => (await rig.condition("Stalled"))?.status === "True");
    const { message = "" } = (await rig.condition("Stalled")) ?? {};
    assert.ok(message.includes(stale) && message.includes(resume.savepoint), message);
    assert.deepEqual(rig.lines(), lines);
    rig.assertUnbroken();
  }));

/** The file of the newest manifest of an incarnation. */
function newestManifest(rig: Rig, jobId: string): string {
  const folder = join(rig.storeFolder(jobId), "chk");
  const names = readdirSync(folder).filter((name) => name.endsWith(".manifest"));
  return join(folder, names.sort().at(-1) ?? "");
}

for (const what of ["checkpoint", "fence"] as const) {
  it(`P-10 a ${what} of an older job id, copied to where the newest is expected, is refused and nothing is started`, () =>
    withRig(`s10-${what}`, {}, async (rig) => {
      const first = await upgraded(rig, 1, "savepoint");
      // Its number has to be above all that the second one reaches, which takes one checkpoint (or two) and no more.
      await rig.moreCheckpoints(8);
      const copy = rig.workspace.path("copied.manifest");
      if (what === "checkpoint") cpSync(newestManifest(rig, first), copy);
      const name = basename(newestManifest(rig, first));
      const rare = { restartNonce: 2, checkpoints: { interval: "1h" } } as const;
      await rig.apply(rig.manifest({ ...rare, upgrade: { mode: "savepoint" } }));
      await rig.checkpointNow(2);
      await rig.ready();
      const { jobId: second = "" } = await rig.status();
      if (what === "fence") cpSync(newestManifest(rig, first), copy);
      await rig.apply(rig.manifest({ ...rare, upgrade: { mode: "last-state" }, state: "suspended" }));
      await rig.phase("Suspended");
      const lines = rig.lines();
      const place = what === "checkpoint" ? name : basename(newestManifest(rig, first));
      assert.ok(place > basename(newestManifest(rig, second)), `${place} is not above the newest of ${second}`);
      cpSync(copy, join(rig.storeFolder(second), "chk", place));
      await rig.apply(rig.manifest({ ...rare, upgrade: { mode: "last-state" } }));
      await rig.until("it to be refused", async () => (await rig.condition("Stalled"))?.status === "True");
      const { message = "" } = (await rig.condition("Stalled")) ?? {};
      assert.ok(message.includes("something was copied there") && message.includes(second), message);
      assert.deepEqual(rig.lines(), lines);
      rig.assertUnbroken();
    }));
}
