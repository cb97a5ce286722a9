/**
 * PRP1 What is refused is refused by the JobManager itself, or by the API server's answer in front of the operator; what is said of it is
 *     read from the status, as people do.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { ApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const QUOTA = 'statefulsets.apps "wc-3-taskmanager" is forbidden: exceeded quota: compute';
const ELSEWHERE = "/dev/null/nowhere";

/** The API server refuses the TaskManagers of the third incarnation until it allows them. */
function quota(): { readonly between: (api: KubernetesApi) => KubernetesApi; isOn: boolean; refusals: number } {
  const policy = {
    isOn: true,
    refusals: 0,
    between: (api: KubernetesApi): KubernetesApi => ({
      ...api,
      apply: (kind, object, options) => {
        if (!policy.isOn || kind !== "StatefulSet" || object.metadata.name !== "wc-3-taskmanager") {
          return api.apply(kind, object, options);
        }
        policy.refusals++;
        return Promise.reject(new ApiError("Forbidden", QUOTA));
      },
    }),
  };
  return policy;
}

const blockedBy = (rig: Rig, text: string): Promise<void> =>
  rig.until(`the upgrade to be blocked by "${text}"`, async () => {
    const blocked = await rig.condition("UpgradeBlocked");
    return blocked?.status === "True" && blocked.message.includes(text);
  });

const warned = async (rig: Rig, text: string): Promise<boolean> =>
  (await rig.api.list("Event", { namespace: NAMESPACE })).items.some(
    ({ type, note }) => type === "Warning" && (note ?? "").includes(text),
  );

it("P-37 what is refused is a result: savepoint, stop and pods are told with their words, and corrected or allowed it goes on", () => {
  const policy = quota();
  return withRig("s37", { operatorApi: policy.between }, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    await rig.api.create("StreamJobSnapshot", {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJobSnapshot",
      metadata: { name: "asked", namespace: NAMESPACE },
      spec: { jobRef: { name: "wc" }, path: ELSEWHERE },
    });
    await rig.until("the snapshot to be Failed with why", async () => {
      const { status } = (await rig.api.get("StreamJobSnapshot", { namespace: NAMESPACE, name: "asked" })) ?? {};
      return status?.phase === "Failed" && /nowhere/.test(status.message ?? "");
    });
    // Nothing stands in the way of what is asked for next.
    await rig.apply(rig.manifest({ restartNonce: 1, savepoints: { path: ELSEWHERE } }));
    await blockedBy(rig, "nowhere");
    await rig.moreCheckpoints(1);
    assert.equal((await rig.status()).active?.incarnation, 1, "the job runs on");
    assert.ok(await warned(rig, "nowhere"));
    await rig.apply(rig.manifest({ restartNonce: 1 }));
    await rig.ready();
    assert.equal((await rig.status()).active?.incarnation, 2);

    await rig.apply(rig.manifest({ restartNonce: 2 }));
    await blockedBy(rig, QUOTA);
    await rig.until("a Warning", () => warned(rig, QUOTA));
    // The rest of its plans is carried out meanwhile.
    await rig.api.create("StreamJobSnapshot", {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJobSnapshot",
      metadata: { name: "meanwhile", namespace: NAMESPACE },
      spec: { jobRef: { name: "wc" } },
    });
    await rig.until("a savepoint meanwhile", async () => {
      const { status } = (await rig.api.get("StreamJobSnapshot", { namespace: NAMESPACE, name: "meanwhile" })) ?? {};
      return status?.phase === "Completed";
    });
    assert.equal((await rig.condition("UpgradeBlocked"))?.status, "True");
    policy.isOn = false;
    await rig.ready();
    assert.equal((await rig.status()).active?.incarnation, 3);
    figure("P-37", `3 kinds of refusals, ${policy.refusals} by a quota, 3 incarnations`);
    await rig.assertExact();
  });
});

it("P-37 pods that their memory could not hold are refused with numbers while the job runs on, and with enough of it they run", () =>
  withRig("s37-memory", {}, async (rig) => {
    const memory = (taskManager: string) => ({
      jobManager: { resources: { limits: { memory: "256Mi" } } },
      taskManager: { replicas: 1, slots: 2, resources: { limits: { memory: taskManager } } },
    });
    await rig.apply(rig.manifest());
    await rig.ready();
    await rig.apply(rig.manifest(memory("128Mi")));
    await rig.until("the spec to be refused", async () => {
      const stalled = await rig.condition("Stalled");
      return stalled?.reason === "PodsUnfit" && /needs \d+ MiB and has 128 MiB/.test(stalled.message);
    });
    await rig.moreCheckpoints(1);
    await rig.apply(rig.manifest(memory("512Mi")));
    await rig.ready();
    await rig.moreCheckpoints(1);
    await rig.assertExact();
  }));
