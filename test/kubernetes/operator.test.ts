/**
 * The operator's controller against a real API server and a real controller manager, as the service account of the chart and with its Roles
 * for two listed namespaces. There is no kubelet, so no pod ever runs: what is tested is which objects it makes, what it may do, and that it
 * rests when there is nothing to do.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { MANAGED_BY_LABEL, MANAGER, type StreamJob } from "../../crds/index.ts";
import { type Controller, startController } from "../../operator/controller/index.ts";
import { openJobAuthority } from "../../operator/certificates/index.ts";
import { certificatePolicy } from "../../operator/engine/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../../operator/engine-native/index.ts";
import { isApiError, type Kind, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, controllerManagerPart, helm4Binary, testBinary, testPart } from "../environment/index.ts";
import { type AuditedRequest, isWrite, requestsOf } from "./audit-log.ts";
import { grantAccess, mayList, type OperatorAccess } from "./operator-access.ts";
import { until } from "./until.ts";

const server = await testPart(apiServerPart);
const manager = await testPart(controllerManagerPart);
const helm = await testBinary(helm4Binary);
const skip = [server, manager, helm].find((one) => one.skip !== false)?.skip ?? false;

const ours = { [MANAGED_BY_LABEL]: MANAGER };
const children = ["ConfigMap", "Service", "StatefulSet", "ControllerRevision"] as const satisfies readonly Kind[];

const job = (namespace: string): StreamJob => ({
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  metadata: { name: "wc", namespace },
  spec: {
    job: { module: "/opt/streamjob/job/job.ts" },
    parallelism: 2,
    checkpoints: { interval: "1s" },
    // No pod runs here, so none deletes anything.
    deletion: { keepState: false, cleanUpTimeout: "2s" },
  },
});

/** Looks that were carried out to their end. */
async function looksDone({ registry }: Controller): Promise<number> {
  const metric = await registry.getSingleMetric("streamjob_operator_reconcile_seconds")?.get();
  const counts = (metric?.values ?? []) as readonly { metricName?: string; labels: object; value: number }[];
  return counts
    .filter(
      ({ metricName, labels }) => metricName?.endsWith("_count") === true && Object.values(labels).includes("done"),
    )
    .reduce((sum, { value }) => sum + value, 0);
}

describe("the operator at a real API server", { skip }, () => {
  let admin: ClusterAdmin;
  let api: KubernetesApi & { close(): void };
  let operatorApi: typeof api;
  let controller: Controller;
  let access: OperatorAccess;
  /** Two namespaces of jobs; the release is in a third. */
  let namespace: string;
  let otherNamespace: string;
  const jobManagers = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: (host, port) => `http://${host}:${port}`,
  });

  let refusedBefore = 0;
  const asked = (): Promise<AuditedRequest[]> => requestsOf(access.user, server.gives().auditLogPath);
  const refused = async (): Promise<AuditedRequest[]> =>
    (await asked()).filter(({ code }) => code === 401 || code === 403);

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("jobs");
    otherNamespace = await admin.makeNamespace("jobs");
    const ownNamespace = await admin.makeNamespace("operator");
    const watchNamespaces = [namespace, otherNamespace];
    access = await grantAccess(helm.path(), admin, { namespace: ownNamespace, watchNamespaces });
    api = admin.api();
    operatorApi = admin.api(access.token);
    for (const each of watchNamespaces) await until("the role counts", () => mayList(operatorApi, each));
    const rootKey = { namespace: ownNamespace, name: "streamjob-operator-root" };
    await until("the role of its own namespace counts", () =>
      operatorApi.get("Secret", rootKey).then(
        () => true,
        (error: unknown) => {
          if (isApiError(error, "Forbidden")) return false;
          throw error;
        },
      ),
    );
    refusedBefore = (await refused()).length;
    const authority = await openJobAuthority(operatorApi, rootKey, systemRandom);
    controller = await startController({
      api: operatorApi,
      jobManagers,
      settings: { storageRoot: "file:///state", defaultImage: "example.invalid/streamjob:1", engine: nativeEngine },
      certificates: { authority, policy: certificatePolicy },
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      namespaces: watchNamespaces,
      identity: `test-${systemRandom.hex(4)}`,
      election: { lease: { namespace: ownNamespace, name: "streamjob-operator" } },
      endpoints: null,
    });
    await until("the operator leads and knows all that there is", async () => {
      const { isGood } = controller.readiness();
      return controller.isLeading && isGood;
    });
  });

  after(async () => {
    await controller.stop();
    jobManagers.close();
    operatorApi.close();
    api.close();
    admin.close();
  });

  it("makes what an incarnation needs, and says in the status what it waits for", async () => {
    await api.create("StreamJob", job(namespace));
    for (const kind of [...children, "Pod"] as const) {
      await until(
        `there is a ${kind}`,
        async () => (await api.list(kind, { namespace, labels: ours })).items.length > 0,
      );
    }
    const key = { namespace, name: "wc" };
    await until("the status is of this generation", async () => {
      const stored = await api.get("StreamJob", key);
      return stored?.status?.observedGeneration === stored?.metadata.generation;
    });
    const stored = await api.get("StreamJob", key);
    assert.equal(stored?.status?.conditions?.find(({ type }) => type === "Ready")?.status, "False");
  });

  it("SEC-7, SEC-16: certifies the processes of an incarnation in a Secret that goes with it, and reads no Secret but its own", async () => {
    const name = "wc-1-tls";
    await until("there is the Secret", async () => (await api.get("Secret", { namespace, name })) !== null);
    const secret = await api.get("Secret", { namespace, name });
    const files = ["ca.crt", "jobmanager.crt", "jobmanager.key", "taskmanager.crt", "taskmanager.key"];
    assert.deepEqual(Object.keys(secret?.data ?? {}).toSorted(), files);
    assert.equal(secret?.metadata.ownerReferences?.[0]?.kind, "ConfigMap");
    const others = (await asked()).filter(({ resource, verb }) => resource === "secrets" && verb !== "patch");
    const verbs = [...new Set(others.map(({ verb, name: which }) => `${verb} ${which}`))].toSorted();
    assert.deepEqual(verbs, ["create streamjob-operator-root", "get streamjob-operator-root"]);
  });

  it("writes nothing while nothing changes", async () => {
    const key = { namespace, name: "wc" };
    const look = async (): Promise<void> => {
      const before = await looksDone(controller);
      await api.patch("StreamJob", key, { metadata: { labels: { "example.org/look": systemRandom.hex(4) } } });
      await until("a look", async () => (await looksDone(controller)) > before);
    };
    const writes = async (): Promise<number> =>
      (await asked()).filter((request) => isWrite(request) && request.resource !== "leases").length;
    // What the controller manager does at first may be worth a word in the status; that has an end.
    await until("five looks without a write", async () => {
      const before = await writes();
      for (let count = 0; count < 5; count++) await look();
      return (await writes()) === before;
    });
  });

  it("takes everything away with the StreamJob, the pod that was to delete its state too", async () => {
    const secretKey = { namespace, name: "wc-1-tls" };
    await api.delete("StreamJob", { namespace, name: "wc" });
    const isCleanUp = ({ verb, resource, name }: AuditedRequest): boolean =>
      resource === "pods" && verb === "patch" && name.startsWith("wc-storage-");
    await until("a pod to delete its state", async () => (await asked()).some(isCleanUp));
    await until("the StreamJob is gone", async () => (await api.get("StreamJob", { namespace, name: "wc" })) === null);
    await until("no certificate is left", async () => (await api.get("Secret", secretKey)) === null);
    for (const kind of [...children, "Pod"] as const) {
      await until(
        `no ${kind} is left`,
        async () => (await api.list(kind, { namespace, labels: ours })).items.length === 0,
      );
    }
  });

  it("reconciles StreamJobs of every listed namespace, and of no other", async () => {
    const elsewhere = await admin.makeNamespace("elsewhere");
    for (const each of [elsewhere, otherNamespace]) await api.create("StreamJob", job(each));
    await until("the StreamJob is seen to", async () => {
      const stored = await api.get("StreamJob", { namespace: otherNamespace, name: "wc" });
      return stored?.status?.phase === "Deploying";
    });
    const untouched = await api.get("StreamJob", { namespace: elsewhere, name: "wc" });
    assert.deepEqual(untouched?.metadata.finalizers ?? [], []);
    await api.delete("StreamJob", { namespace: otherNamespace, name: "wc" });
  });

  it("asked for nothing that the chart does not grant", async () => {
    assert.deepEqual((await refused()).slice(refusedBefore), []);
  });
});
