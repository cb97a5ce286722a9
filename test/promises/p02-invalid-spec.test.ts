import assert from "node:assert/strict";
import { it } from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, withRig } from "./rig.ts";

it("P-2 an invalid spec that got past admission never touches the running job, which is still healed", () =>
  withRig("s02", { withRules: false }, async (rig) => {
    const good = rig.manifest();
    await rig.apply(good);
    await rig.ready();
    const uids = async (): Promise<unknown> => new Set((await rig.pods()).map(({ metadata }) => metadata.uid));
    const before = await uids();
    const { job } = good.spec;
    const invalid: readonly Partial<StreamJobSpec>[] = [
      { job: { ...job, configMap: { name: "job", key: "job.ts" } } },
      { parallelism: 8, maxParallelism: 4 },
      { restore: {} },
      { state: "suspended", recovery: { backoffInitial: "10s", backoffMax: "1s" } },
      { restart: { strategy: "none", attempts: 3 } },
    ];
    for (const [place, part] of invalid.entries()) {
      await rig.apply(rig.manifest(part));
      await rig.until(`invalid spec ${place} to be told`, async () => {
        const { metadata } = await rig.job();
        const stalled = await rig.condition("Stalled");
        return stalled?.reason === "InvalidSpec" && stalled.observedGeneration === metadata.generation;
      });
      await rig.moreCheckpoints(1);
    }
    assert.deepEqual(await uids(), before);

    await rig.kill("jobmanager-0");
    await rig.moreCheckpoints(2);
    // What only an operator can heal.
    const set = await rig.api.get("StatefulSet", { namespace: NAMESPACE, name: "wc-1-taskmanager" });
    await rig.api.delete("StatefulSet", { namespace: NAMESPACE, name: "wc-1-taskmanager" });
    await rig.until("the StatefulSet to be made again", async () => {
      const now = await rig.api.get("StatefulSet", { namespace: NAMESPACE, name: "wc-1-taskmanager" });
      return now !== null && now.metadata.uid !== set?.metadata.uid;
    });
    await rig.moreCheckpoints(2);
    const status = await rig.status();
    assert.equal(status.incarnations, 1);
    assert.equal(status.active?.generation, 1);

    await rig.apply(good);
    await rig.ready();
    assert.equal((await rig.status()).incarnations, 1);
    figure("P-2", `${invalid.length} invalid specs, 1 incarnation`);
    await rig.assertExact();
  }));
