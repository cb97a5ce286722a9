import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { withholdCheckpoints } from "./jobmanager-relay.ts";
import { NAMESPACE, withRig } from "./rig.ts";

it("P-14 what leads back is deleted only after the new version's first checkpoint: crashed before it, it starts from the upgrade's savepoint again", () =>
  withRig("s14", {}, async (rig) => {
    // The test says when a checkpoint is taken; an operator would ask for one as soon as a version has proved nothing for two seconds.
    rig.relay.onCall(withholdCheckpoints);
    const spec = {
      checkpoints: { interval: "1h" },
      savepoints: { retain: { count: 1 } },
      upgrade: { stability: { window: "0s", maxRestarts: 20 }, deployTimeout: "5m" },
    } as const;
    await rig.apply(rig.manifest(spec));
    await rig.checkpointNow(1);
    await rig.ready();
    await rig.apply(rig.manifest({ ...spec, parallelism: 3 }));
    const isRunning = async (): Promise<boolean> => (await rig.incarnation(2))?.job?.status === "RUNNING";
    await rig.until("the new version to run", isRunning);
    const [savepoint, ...others] = await rig.savepoints();
    assert.ok(savepoint !== undefined && others.length === 0);
    const old = (await rig.status()).history.length === 0 ? null : (await rig.incarnation(1))?.jobId;
    let crashes = 0;
    for (const victims of [["jobmanager-0"], ["taskmanager-0"], ["jobmanager-0", "taskmanager-0"]]) {
      const pids = await Promise.all(victims.map((victim) => rig.kill(victim)));
      crashes++;
      await rig.until(`${victims.join(" and ")} to be back`, async () => {
        const now = await Promise.all(victims.map((victim) => rig.pid(victim)));
        return now.every((pid, place) => pid !== null && pid !== pids[place]);
      });
      await rig.until("the new version to run again", isRunning);
      // The operator sees later than this test that it runs.
      await rig.until("the upgrade to wait for proof", async () => (await rig.status()).operation?.step === "Proving");
      const { restored } = (await rig.checkpoints(2)).latest;
      assert.equal(restored?.external_path.replace(/\/_metadata$/, ""), `file://${savepoint}`);
      assert.ok(existsSync(savepoint), "the savepoint is kept");
      const kept = [await rig.configMap(1), await rig.api.get("Service", { namespace: NAMESPACE, name: "wc-1" })];
      assert.ok(!kept.includes(null), "ConfigMap and Service of incarnation 1 are kept");
    }
    if (old !== null && old !== undefined) assert.ok(existsSync(rig.storeFolder(old)), "the old store is kept");
    await rig.checkpointNow(2);
    await rig.ready();
    await rig.until("the old version's objects to go", async () => (await rig.configMap(1)) === null);
    figure("P-14", `${crashes} crashes before the first checkpoint`);
    await rig.assertExact();
  }));
