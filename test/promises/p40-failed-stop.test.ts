/**
 * PFS1 The savepoint's folder lies below a file: the stop is taken and then fails, as on a disk that is full.
 * PFS2 That nothing began without its state is shown by the sink: of each word it shows 1, 2, 3 …, each once.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const KEY = { namespace: NAMESPACE, name: "wc" };

const attemptOf = async (rig: Rig): Promise<number> => (await rig.status()).operation?.attempt ?? 0;

/** The stop has failed; the job runs on with its periodic checkpoints, and what was asked for is not said to be so. */
async function assertRunsOn(rig: Rig): Promise<void> {
  await rig.until("the stop to fail", async () => (await attemptOf(rig)) >= 1);
  await rig.until("UpgradeBlocked", async () => (await rig.condition("UpgradeBlocked"))?.reason === "SavepointFailed");
  assert.notEqual((await rig.condition("Ready"))?.status, "True");
  await rig.moreCheckpoints(2);
  assert.equal((await rig.status()).active?.ended, null);
  rig.assertUnbroken();
}

it("P-40 a stop that failed leaves the job running, and no end after it begins anything without its state: upgrade, suspend, delete", () =>
  withRig("s40", {}, async (rig) => {
    const folder = rig.workspace.path("saves");
    const block = (): void => {
      rmSync(folder, { recursive: true, force: true });
      writeFileSync(folder, "a file");
    };
    const free = (): void => {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      chmodSync(folder, 0o777); // pods have a user of their own
    };
    const spec: Partial<StreamJobSpec> = {
      savepoints: { path: folder },
      upgrade: { retryBackoffMax: "1s" },
      deletion: { savepoint: true, savepointTimeout: "3s" },
    };
    block();
    await rig.apply(rig.manifest(spec));
    await rig.ready();
    await rig.apply(rig.manifest({ ...spec, restartNonce: 1 }));
    await assertRunsOn(rig);
    assert.equal((await rig.status()).active?.incarnation, 1);
    free();
    await rig.ready();

    block();
    await rig.apply(rig.manifest({ ...spec, restartNonce: 1, state: "suspended" }));
    await assertRunsOn(rig);
    free();
    await rig.phase("Suspended");
    await rig.apply(rig.manifest({ ...spec, restartNonce: 1 }));
    await rig.ready();
    rig.assertUnbroken();

    block();
    await rig.api.delete("StreamJob", KEY);
    await rig.until("the StreamJob to go", async () => (await rig.api.get("StreamJob", KEY)) === null);
    const { items } = await rig.api.list("Event", { namespace: NAMESPACE });
    assert.ok(items.some(({ reason }) => reason === "SavepointSkipped"));
    rig.assertUnbroken();
    figure("P-40", "3 stops that failed, 1 chain of states");
  }));
