/**
 * PDE1 The trap is in the object that the operator reads: a field that throws where a decision is made, as a parser does that is given
 *     what it does not take. Who else reads the field sees what stands there.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { StreamJob, StreamJobSpec } from "../../crds/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const TEXT = "planted: this cannot be parsed";
const TRAP = { schedule: "7 7 7 7 7" };

/** PDE1 */
function withTrap<T extends object>(object: T): T {
  const { kind, spec } = object as unknown as StreamJob;
  if (kind !== "StreamJob" || spec.savepoints?.schedule !== TRAP.schedule) return object;
  const { savepoints } = spec;
  const trapped = Object.defineProperty({ ...spec }, "savepoints", {
    enumerable: true,
    get: () => {
      if (new Error("who asks").stack?.includes("/crds/defaults.ts") === true) throw new TypeError(TEXT);
      return savepoints;
    },
  });
  return { ...object, spec: trapped };
}

/** Between the API server and the operator: also in the answers to its own writes, which it decides by until their events come. */
const trapped = (api: KubernetesApi): KubernetesApi => ({
  ...api,
  get: async (kind, key, options) => {
    const object = await api.get(kind, key, options);
    return object === null ? null : withTrap(object);
  },
  update: async (kind, object, options) => withTrap(await api.update(kind, object, options)),
  updateStatus: async (kind, object, options) => withTrap(await api.updateStatus(kind, object, options)),
  patch: async (kind, key, patch, options) => withTrap(await api.patch(kind, key, patch, options)),
  list: async (kind, options) => {
    const page = await api.list(kind, options);
    return { ...page, items: page.items.map(withTrap) };
  },
  watch: (kind, options, onEvent) =>
    api.watch(kind, options, (event) =>
      onEvent("object" in event ? { ...event, object: withTrap(event.object) } : event),
    ),
});

/** What only an operator does. */
async function assertHealed(rig: Rig): Promise<void> {
  const key = { namespace: NAMESPACE, name: "wc-1-taskmanager" };
  const before = await rig.api.get("StatefulSet", key);
  await rig.api.delete("StatefulSet", key);
  await rig.until("the StatefulSet to be made again", async () => {
    const now = await rig.api.get("StatefulSet", key);
    return now !== null && now.metadata.uid !== before?.metadata.uid;
  });
  await rig.moreCheckpoints(1);
}

const specs: Readonly<Record<string, { readonly spec: Partial<StreamJobSpec>; readonly told: RegExp }>> = {
  "a decision that throws": { spec: { savepoints: TRAP }, told: /^DecisionFailed: .*planted: this cannot be parsed/ },
  "a schedule outside of its bounds": {
    spec: { savepoints: { schedule: "61 * * * *" } },
    told: /^InvalidSpec: .*savepoints\.schedule/,
  },
};

it("P-38 no decision that throws leaves Ready of an older generation standing: it is told, and the old version is healed", () =>
  withRig("s38", { operatorApi: trapped, withRules: false }, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    for (const [name, { spec, told }] of Object.entries(specs)) {
      await rig.apply(rig.manifest(spec));
      await rig.until(`${name} to be told`, async () => {
        const { metadata } = await rig.job();
        const { observedGeneration } = await rig.status();
        const [ready, stalled] = [await rig.condition("Ready"), await rig.condition("Stalled")];
        const isSeen = observedGeneration === metadata.generation && ready?.observedGeneration === metadata.generation;
        return isSeen && ready.status === "False" && told.test(`${stalled?.reason}: ${stalled?.message}`);
      });
      await assertHealed(rig);
      const still = await rig.condition("Stalled");
      assert.match(`${still?.reason}: ${still?.message}`, told, "it is told as long as it lasts");
      await rig.apply(rig.manifest());
      await rig.ready();
    }
    assert.equal((await rig.status()).incarnations, 1, "nothing was started for any of them");
    figure("P-38", `${Object.keys(specs).length} specs, 1 incarnation`);
    await rig.assertExact();
  }));
