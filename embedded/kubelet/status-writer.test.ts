import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import type { KubernetesApi, Pod } from "../../operator/kubernetes/api/index.ts";
import { openLocalApiServer } from "../api-server/index.ts";
import { buildPod, keyOf } from "./cluster-rig.test-support.ts";
import type { PodStatus } from "./pod-status.ts";
import { StatusWriter } from "./status-writer.ts";

const base = { clock: systemClock, random: systemRandom, log: silentLog };

/** As a real server: what is written as a whole object to the status of a pod has its finalizers and labels replaced, too. */
function asRealServer(api: KubernetesApi): KubernetesApi {
  return {
    ...api,
    updateStatus: async (kind, object, options) => {
      const { finalizers = [], labels = {} } = object.metadata;
      await api.patch(kind, object.metadata as never, { metadata: { finalizers, labels } });
      return api.updateStatus(kind, object, options);
    },
  };
}

async function within(check: (api: KubernetesApi, pod: Pod, writer: StatusWriter) => Promise<void>): Promise<void> {
  const server = await openLocalApiServer(base);
  const api = server.as("kubelet");
  const pod = await api.create("Pod", buildPod());
  const writer = new StatusWriter({ ...base, api: asRealServer(api), pod });
  await check(api, pod, writer);
  await server.close();
}

const waiting: PodStatus = { phase: "Pending", podIP: "127.0.0.1", message: "no room" };

test("a finalizer and a label that came after the pod was read stay when its status is written (SW4)", () =>
  within(async (api, _pod, writer) => {
    const metadata = { finalizers: ["streamjob.dev/hold"], labels: { late: "yes" } };
    await api.patch("Pod", keyOf("p"), { metadata });
    writer.set({ ...waiting, phase: "Running" });
    await writer.flush();
    const written = await api.get("Pod", keyOf("p"));
    assert.equal(written?.status?.phase, "Running");
    assert.deepEqual([written?.metadata.finalizers, written?.metadata.labels], [metadata.finalizers, metadata.labels]);
  }));

test("what a status no longer has goes", () =>
  within(async (api, _pod, writer) => {
    writer.set(waiting);
    await writer.flush();
    const { message: _gone, ...rest } = waiting;
    writer.set(rest);
    await writer.flush();
    assert.equal("message" in ((await api.get("Pod", keyOf("p")))?.status ?? {}), false);
  }));

test("a successor of the same name is left alone, and no more is tried (SW3)", () =>
  within(async (api, _pod, writer) => {
    await api.delete("Pod", keyOf("p"), { gracePeriodSeconds: 0 });
    const next = await api.create("Pod", buildPod());
    writer.set(waiting);
    await writer.flush();
    writer.set({ ...waiting, phase: "Running" });
    await writer.flush();
    assert.deepEqual((await api.get("Pod", keyOf("p")))?.status, next.status);
  }));
