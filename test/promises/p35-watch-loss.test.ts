/**
 * WL1 What happens in a gap is done while the operator can know nothing of it, and some of it leaves no trace in the next list: an
 *     object that was deleted and made again under its name.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { figure } from "./figures.ts";
import { newestLeft } from "./left-state.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { SeveredApi } from "./severed-api.ts";

const KEY = { namespace: NAMESPACE, name: "wc" };

type Loss = {
  readonly lose: (rig: Rig) => void;
  readonly find: (rig: Rig) => void | Promise<void>;
  /** What the operator's log says of it: that the case was this one, and not a milder one. */
  readonly said: RegExp;
};

function assertSaid(rig: Rig, { said }: Loss): void {
  assert.match(readFileSync(rig.cluster.logs.at(-1) ?? "", "utf8"), said);
}

function losses(severed: SeveredApi): Readonly<Record<string, Loss>> {
  return {
    "the connection is cut": {
      lose: () => severed.cut(),
      find: () => severed.mend(),
      said: /the connection to the API server is cut/,
    },
    "the history is gone as well (410)": {
      lose: () => severed.cut({ watchesWait: true }),
      find: async ({ cluster }) => {
        await cluster.compactHistory();
        severed.mend();
      },
      said: /the server no longer knows the version/,
    },
  };
}

for (const what of Object.keys(losses(new SeveredApi()))) {
  it(`P-35 loss of a watch loses nothing: changed specs, deleted children and dead processes are found when ${what}`, () => {
    const severed = new SeveredApi();
    const loss = losses(severed)[what] as Loss;
    return withRig("s35", { operatorApi: severed.between }, async (rig) => {
      await rig.apply(rig.manifest());
      await rig.ready();

      loss.lose(rig);
      await rig.apply(rig.manifest({ restartNonce: "in the gap" }));
      await rig.moreCheckpoints(2);
      assert.equal((await rig.status()).observedGeneration, 1, "the operator knows nothing yet");
      await loss.find(rig);
      await rig.ready();
      assert.equal((await rig.status()).incarnations, 2);

      loss.lose(rig);
      const set = await rig.api.get("StatefulSet", { namespace: NAMESPACE, name: "wc-2-taskmanager" });
      assert.ok(set !== null);
      await rig.api.delete("StatefulSet", { namespace: NAMESPACE, name: "wc-2-taskmanager" });
      await rig.until("its pods to go", async () => (await rig.pods()).length === 1);
      await loss.find(rig);
      await rig.moreLines();
      await rig.moreCheckpoints(2);
      const made = await rig.api.get("StatefulSet", { namespace: NAMESPACE, name: "wc-2-taskmanager" });
      assert.notEqual(made?.metadata.uid, set.metadata.uid);
      assert.equal((await rig.status()).incarnations, 2);
      assertSaid(rig, loss);
      await rig.assertExact();
    });
  });

  it(`P-35 loss of a watch loses nothing: a StreamJob that was deleted and made again under its name is another one, when ${what}`, () => {
    const severed = new SeveredApi();
    const loss = losses(severed)[what] as Loss;
    return withRig("s35-again", { operatorApi: severed.between }, async (rig) => {
      await rig.apply(rig.manifest());
      await rig.ready();
      await rig.moreCheckpoints(1);
      const old = await rig.status();

      loss.lose(rig);
      // As a person does whose operator does not come back.
      await rig.api.patch("StreamJob", KEY, { metadata: { finalizers: null } });
      await rig.api.delete("StreamJob", KEY);
      await rig.cluster.collected();
      await rig.until("its pods to go", async () => (await rig.pods()).length === 0);
      const path = await newestLeft(rig.storeFolder(""), new Set());
      assert.ok(path !== null);
      await rig.apply(rig.manifest({ restore: { path } }));
      await loss.find(rig);
      await rig.ready();
      const status = await rig.status();
      assert.notEqual(status.jobId, old.jobId, "it took itself for the one that was deleted");
      assert.equal(status.incarnations, 1);
      const { uid } = (await rig.job()).metadata;
      for (const kind of ["StatefulSet", "Service", "ConfigMap", "ControllerRevision"] as const) {
        for (const { metadata } of (await rig.api.list(kind, { namespace: NAMESPACE })).items) {
          // A real cluster's own: its certificate, and what its controller keeps of each StatefulSet.
          const isOfCluster = metadata.ownerReferences?.[0]?.kind === "StatefulSet";
          if (isOfCluster || metadata.name === "kube-root-ca.crt") continue;
          assert.deepEqual(
            metadata.ownerReferences?.map((owner) => owner.uid),
            [uid],
            `${kind} ${metadata.name}`,
          );
        }
      }
      figure("P-35", "cut and 410: changes, deletions, the same name again, all found");
      assertSaid(rig, loss);
      await rig.assertExact();
    });
  });
}
