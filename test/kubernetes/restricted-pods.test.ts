/**
 * Pods of jobs in a namespace that enforces the Pod Security Standard `restricted`: the API server takes them, and warns of nothing. There
 * is no kubelet: what is tested is admission, of the sets by their makers and of the pods by the controller manager.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sleep, systemClock } from "../../base/index.ts";
import { MANAGED_BY_LABEL, MANAGER, type StreamJob, type StreamJobSpec, withDefaults } from "../../crds/index.ts";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, controllerManagerPart, testPart } from "../environment/index.ts";
import { annotationsOf } from "./audit-log.ts";

const server = await testPart(apiServerPart);
const manager = await testPart(controllerManagerPart);
const skip = server.skip === false ? manager.skip : server.skip;
const DEADLINE_MS = 120_000;
const module = { module: "/opt/streamjob/job/job.ts" };
const claims = { volumes: [{ name: "state", persistentVolumeClaim: { claimName: "state" } }] };

/** By the job's name. */
const jobs = {
  plain: { job: module },
  configmap: { job: { configMap: { name: "code", key: "job.ts" } } },
  large: { job: { ...module, args: Array.from({ length: 60 }, () => "x".repeat(1000)) } },
  claim: { job: module, jobManager: { podTemplate: { spec: claims } }, taskManager: { podTemplate: { spec: claims } } },
} as const satisfies Readonly<Record<string, StreamJobSpec>>;

const ofHost: StreamJobSpec = { job: module, taskManager: { podTemplate: { spec: { hostNetwork: true } } } };

describe("pods of jobs in a restricted namespace", { skip }, () => {
  let admin: ClusterAdmin;
  let api: KubernetesApi & { close(): void };
  let namespace: string;

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("restricted");
    const modes = ["enforce", "warn", "audit"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]);
    await admin.ask("PATCH", `/api/v1/namespaces/${namespace}?fieldManager=test`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: Object.fromEntries(modes) },
    });
    api = admin.api();
  });
  after(() => {
    api.close();
    admin.close();
  });

  async function makeSets(name: string, spec: StreamJobSpec): Promise<void> {
    const made = await api.create("StreamJob", {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name, namespace },
      spec,
    } satisfies StreamJob);
    const children = nativeEngine.children({
      job: made,
      number: 1,
      spec: withDefaults(spec),
      jobId: "ab".repeat(16),
      storeUri: "/state",
      savepointDirectory: "/state/savepoints",
      configMapName: "wc-1-c0ffee00",
      defaultImage: "example.invalid/streamjob:1",
    });
    await api.create("StatefulSet", children.jobManagerSet);
    await api.create("StatefulSet", children.taskManagerSet);
  }

  const podNames = async (): Promise<string[]> =>
    (await api.list("Pod", { namespace, labels: { [MANAGED_BY_LABEL]: MANAGER } })).items
      .map(({ metadata }) => metadata.name)
      .toSorted();

  /** What admission wrote about our objects, in its own words. */
  const violations = async (job: string): Promise<string[]> =>
    (await annotationsOf(namespace, server.gives().auditLogPath))
      .filter(({ name, key }) => name.startsWith(`${job}-1-`) && key.endsWith("audit-violations"))
      .map(({ resource, value }) => `${resource}: ${value}`);

  it("are all made, without a warning", async () => {
    for (const [name, spec] of Object.entries(jobs)) await makeSets(name, spec);
    const wanted = Object.keys(jobs).flatMap((name) => [`${name}-1-jobmanager-0`, `${name}-1-taskmanager-0`]);
    await until("every pod is there", async () => (await podNames()).length === wanted.length);
    assert.deepEqual(await podNames(), wanted.toSorted());
    for (const name of Object.keys(jobs)) assert.deepEqual(await violations(name), []);
  });

  it("are not made when a template asks for more, and the API server says what", async () => {
    await makeSets("greedy", ofHost);
    await until("the JobManager is there", async () => (await podNames()).includes("greedy-1-jobmanager-0"));
    const events = async (): Promise<string> =>
      JSON.stringify(await admin.ask("GET", `/api/v1/namespaces/${namespace}/events`));
    await until("the TaskManager is refused", async () =>
      /greedy-1-taskmanager-0.*host namespaces/.test(await events()),
    );
    assert.ok(!(await podNames()).includes("greedy-1-taskmanager-0"));
    assert.match((await violations("greedy")).join("\n"), /statefulsets: .*host namespaces/);
  });
});

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() < endMs, `not within ${DEADLINE_MS} ms: ${what}`);
    await sleep(systemClock, 100);
  }
}
