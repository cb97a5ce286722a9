/**
 * StreamJobs from Git by Flux: its source-controller and kustomize-controller, as processes beside a real API server, with the manifests of
 * examples/gitops/flux. There is no kubelet: jobs are suspended, or stalled, which needs no pods.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, stringify } from "yaml";
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
import { type GitServer, startGitServer } from "./git-server.ts";

const server = await testPart(apiServerPart);
const manager = await testPart(controllerManagerPart);
const source = await testPart(sourceControllerPart);
const kustomize = await testPart(kustomizeControllerPart);
const skip = [server, manager, source, kustomize].find((one) => one.skip !== false)?.skip ?? false;
const example = fileURLToPath(new URL("../../examples/gitops/flux/streamjobs.yaml", import.meta.url));

type FluxObject = {
  readonly apiVersion: string;
  readonly kind: "GitRepository" | "Kustomization";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: object;
  readonly status?: {
    readonly lastHandledReconcileAt?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
};

const plurals = { GitRepository: "gitrepositories", Kustomization: "kustomizations" } as const;
const pathOf = ({ apiVersion, kind, metadata }: FluxObject): string =>
  `/apis/${apiVersion}/namespaces/${metadata.namespace}/${plurals[kind]}/${metadata.name}`;

describe("StreamJobs from Git, by Flux", { skip }, () => {
  let admin: ClusterAdmin;
  let api: KubernetesApi & { close(): void };
  let controller: Controller;
  let git: GitServer;
  let namespace: string;
  let repository: FluxObject;
  let kustomization: FluxObject;
  const jobManagers = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: (host, port) => `http://${host}:${port}`,
  });

  /** The example, for this repository and namespace. */
  function fluxObjects(): FluxObject[] {
    return parseAllDocuments(readFileSync(example, "utf8")).map((document) => {
      const { metadata, spec, ...rest } = document.toJS() as FluxObject;
      const here = rest.kind === "GitRepository" ? { url: git.url } : { targetNamespace: namespace };
      return { ...rest, metadata: { ...metadata, namespace }, spec: { ...spec, ...here } };
    });
  }

  const manifest = (spec: Partial<StreamJobSpec>): string =>
    stringify({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "words" },
      spec: { job: { module: "/opt/streamjob/job/job.ts" }, ...spec },
    });

  /** As `flux reconcile --with-source`: returns when both have looked. */
  async function reconcile(): Promise<void> {
    for (const object of [repository, kustomization]) {
      const token = systemRandom.hex(8);
      const metadata = { ...object.metadata, annotations: { "reconcile.fluxcd.io/requestedAt": token } };
      await admin.ask("PATCH", `${pathOf(object)}?fieldManager=flux-cli&force=true`, { ...object, metadata });
      await until(`the ${object.kind} has been looked at`, async () => {
        const { status } = (await admin.ask("GET", pathOf(object))) as FluxObject;
        return status?.lastHandledReconcileAt === token;
      });
    }
  }

  const jobNow = (): Promise<StreamJob | null> => api.get("StreamJob", { namespace, name: "words" });

  /** Waits until Flux says so of Ready, and gives its message. */
  async function untilReadyIs(status: "True" | "False", reason: string): Promise<string> {
    let message = "";
    await until(`Ready is ${status}, ${reason}`, async () => {
      const { status: now } = (await admin.ask("GET", pathOf(kustomization))) as FluxObject;
      const ready = now?.conditions?.find(({ type }) => type === "Ready");
      message = ready?.message ?? "";
      return ready?.status === status && ready.reason === reason;
    });
    return message;
  }

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
    [repository, kustomization] = fluxObjects() as [FluxObject, FluxObject];
  });

  after(async () => {
    // Flux would look for them for ever.
    for (const object of [kustomization, repository]) await admin.ask("DELETE", pathOf(object), undefined, [404]);
    await until("Flux has let go", async () => {
      const left = (await admin.ask("GET", pathOf(kustomization), undefined, [404])) as { readonly kind: string };
      return left.kind === "Status";
    });
    await controller.stop();
    jobManagers.close();
    api.close();
    admin.close();
    await git.close();
  });

  it("a Kustomization that waits is Ready when the StreamJob is", async () => {
    await git.commit({ "jobs/words.yaml": manifest({ state: "suspended" }) });
    await reconcile();
    await untilReadyIs("True", "ReconciliationSucceeded");
    assert.equal((await jobNow())?.status?.phase, "Suspended");
  });

  it("what was applied is left as it is: no drift, and nobody but Flux writes the spec", async () => {
    const before = await jobNow();
    await reconcile();
    await untilReadyIs("True", "ReconciliationSucceeded");
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
    await reconcile();
    assert.match(await untilReadyIs("False", "HealthCheckFailed"), /StreamJob\/.*words status: 'Failed'/);
    await git.commit({ "jobs/words.yaml": manifest({ state: "suspended" }) });
    await reconcile();
    await untilReadyIs("True", "ReconciliationSucceeded");
  });

  it("a StreamJob that left Git is deleted, and goes", async () => {
    await git.commit({ "jobs/kustomization.yaml": stringify({ kind: "Kustomization", resources: [] }) });
    await reconcile();
    await until("the StreamJob is gone", async () => (await jobNow()) === null);
  });
});
