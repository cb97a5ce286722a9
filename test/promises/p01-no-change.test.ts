import assert from "node:assert/strict";
import { it } from "node:test";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import { figure } from "./figures.ts";
import { isOnKubernetes } from "./rig-cluster.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

/** Who runs, by what would change if anything were restarted. */
async function whoRuns(rig: Rig): Promise<string> {
  const { jobId, incarnation, incarnations } = await rig.status();
  const pods = (await rig.pods()).map(({ metadata, status }) => {
    const restarts = status?.containerStatuses?.map(({ restartCount }) => restartCount);
    return `${metadata.name} ${metadata.uid} ${restarts?.join()}`;
  });
  return [`${jobId} ${incarnation} of ${incarnations}`, ...pods.sort()].join("\n");
}

/** The same value with the keys of all maps in the other order. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)])) as T;
}

/** It has been seen and settled. */
const settled = (rig: Rig): Promise<void> => rig.ready();

it("P-1 a change that is no change restarts nothing: the same again, other orders, written defaults, operator-only keys, another operator", () =>
  withRig("s01", { withOperator: false }, async (rig) => {
    let operator = await rig.startOperator();
    const plain = rig.manifest({
      job: { ...rig.manifest().spec.job, env: [{ name: "A", value: "1" }] },
      taskManager: { replicas: 1, slots: 2, podTemplate: { metadata: { labels: { b: "2", a: "1" } } } },
      config: { "pipeline.name": "counts", "execution.buffer-timeout": "5 ms" },
    });
    await rig.apply(plain);
    await rig.ready();
    await rig.until("the version to be stable", async () => (await rig.status()).stable !== undefined);
    const before = await whoRuns(rig);

    await rig.apply(plain);
    await settled(rig);
    await rig.apply(reversed(plain));
    await settled(rig);
    // An apply is merged into what is there, and an equal object is not written: only an update that changes something has its own order.
    const job = await rig.job();
    const permuted = reversed({ ...job, spec: { ...job.spec, savepoints: { retain: { count: 7 } } } });
    await rig.api.update("StreamJob", permuted);
    // A real server has an order of its own: there is no other for an operator to be misled by.
    const orderOf = (spec: object): readonly string[] =>
      isOnKubernetes ? Object.keys(spec).sort() : Object.keys(spec);
    assert.deepEqual(orderOf((await rig.job()).spec), orderOf(permuted.spec));
    await settled(rig);
    const { spec } = plain;
    const withDefaults = { ...spec, state: "running", engine: "native", stateBackend: "fs" } as const;
    await rig.apply({ ...plain, spec: withDefaults });
    await settled(rig);
    await rig.apply({
      ...plain,
      metadata: { ...plain.metadata, labels: { team: "blue" }, annotations: { note: "x" } },
      spec: {
        ...spec,
        upgrade: { ...spec.upgrade, mode: "last-state", savepointTimeout: "3m", standby: "cold" },
        savepoints: { retain: { count: 3 } },
        recovery: { onFailed: "resume" },
        deletion: { savepoint: true },
        restore: { path: "/nowhere", allowNonRestoredState: true },
      },
    });
    await settled(rig);
    assert.equal(await whoRuns(rig), before, "an edit without effect");

    await operator.stop();
    operator = await rig.startOperator();
    await operator.whenSynced();
    await rig.moreCheckpoints(2);
    await operator.stop();
    // Another version of the operator: other defaults.
    const settings = {
      storageRoot: `${rig.cluster.storageRoot}-elsewhere`,
      defaultImage: "streamjob:next",
      engine: nativeEngine,
    };
    operator = await rig.startOperator({ settings });
    await operator.whenSynced();
    // Every label is a change that brings a look: more of them than a quiet job has in minutes.
    for (let look = 0; look < 20; look++) {
      const labels = { "example.org/look": String(look) };
      await rig.api.patch("StreamJob", { namespace: NAMESPACE, name: "wc" }, { metadata: { labels } });
      await rig.moreLines();
    }
    await rig.moreCheckpoints(5);
    assert.equal(await whoRuns(rig), before, "another operator");
    assert.equal((await rig.status()).history.length, 1);
    figure("P-1", "6 edits, 3 operators, 0 restarts");
    await rig.assertExact();
  }));
