/**
 * StreamJobs from Git by Flux: its source-controller and kustomize-controller, as processes beside a real API server, with the manifests of
 * examples/gitops/flux. There is no kubelet: jobs are suspended, or stalled, which needs no pods.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { stringify } from "yaml";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { MANAGER, type StreamJob, type StreamJobSpec } from "../../crds/index.ts";
import { type Controller, startController } from "../../operator/controller/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../../operator/engine-native/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import {
  apiServerPart,
  controllerManagerPart,
  kustomizeControllerPart,
  sourceControllerPart,
  testPart,
} from "../environment/index.ts";
import { until } from "../kubernetes/until.ts";
import { FluxRepository } from "./flux-repository.ts";
import { type GitServer, startGitServer } from "./git-server.ts";

const server = await testPart(apiServerPart);
const manager = await testPart(controllerManagerPart);
const source = await testPart(sourceControllerPart);
const kustomize = await testPart(kustomizeControllerPart);
const skip = [server, manager, source, kustomize].find((one) => one.skip !== false)?.skip ?? false;

describe("StreamJobs from Git, by Flux", { skip }, () => {
  let admin: ClusterAdmin;
  let api: KubernetesApi & { close(): void };
  let controller: Controller;
  let git: GitServer;
  let namespace: string;
  let flux: FluxRepository;
  const jobManagers = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: (host, port) => `http://${host}:${port}`,
  });

  const manifest = (spec: Partial<StreamJobSpec>): string =>
    stringify({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "words" },
      spec: { job: { module: "/opt/streamjob/job/job.ts" }, ...spec },
    });

  const jobNow = (): Promise<StreamJob | null> => api.get("StreamJob", { namespace, name: "words" });

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("gitops");
    api = admin.api();
    git = await startGitServer();
    controller = await startController({
      api,
      jobManagers,
      settings: { storageRoot: "file:///state", defaultImage: "example.invalid/streamjob:1", engine: nativeEngine },
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      namespaces: [namespace],
      identity: `test-${systemRandom.hex(4)}`,
      election: { lease: { namespace, name: "streamjob-operator" } },
      endpoints: null,
    });
    flux = new FluxRepository(admin, { url: git.url, namespace });
  });

  after(async () => {
    await flux.remove();
    await controller.stop();
    jobManagers.close();
    api.close();
    admin.close();
    await git.close();
  });

  it("a Kustomization that waits is Ready when the StreamJob is", async () => {
    await git.commit({ "jobs/words.yaml": manifest({ state: "suspended" }) });
    await flux.reconcile();
    await flux.untilReadyIs("True", "ReconciliationSucceeded");
    assert.equal((await jobNow())?.status?.phase, "Suspended");
  });

  it("what was applied is left as it is: no drift, and nobody but Flux writes the spec", async () => {
    const before = await jobNow();
    await flux.reconcile();
    await flux.untilReadyIs("True", "ReconciliationSucceeded");
    const job = await jobNow();
    assert.ok(job !== null && before !== null);
    assert.equal(job.metadata.generation, before.metadata.generation);
    const { managedFields = [] } = job.metadata as {
      readonly managedFields?: readonly { readonly manager: string; readonly fieldsV1?: object }[];
    };
    const writers = managedFields.filter(({ fieldsV1 = {} }) => "f:spec" in fieldsV1).map(({ manager: who }) => who);
    assert.deepEqual(writers, ["kustomize-controller"]);
    assert.ok(!writers.includes(MANAGER));
  });

  it("it fails when the StreamJob is Stalled, and recovers with the next commit", async () => {
    await git.commit({ "jobs/words.yaml": manifest({ restore: { snapshot: "nothing" } }) });
    await flux.reconcile();
    assert.match(await flux.untilReadyIs("False", "HealthCheckFailed"), /StreamJob\/.*words status: 'Failed'/);
    await git.commit({ "jobs/words.yaml": manifest({ state: "suspended" }) });
    await flux.reconcile();
    await flux.untilReadyIs("True", "ReconciliationSucceeded");
  });

  it("a StreamJob that left Git is deleted, and goes", async () => {
    await git.commit({ "jobs/kustomization.yaml": stringify({ kind: "Kustomization", resources: [] }) });
    await flux.reconcile();
    await until("the StreamJob is gone", async () => (await jobNow()) === null);
  });
});
