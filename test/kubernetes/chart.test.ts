/**
 * The chart at a real API server, with Helm 3 and Helm 4: installed, upgraded, uninstalled and installed again beside a live job; and what
 * `--wait` says of StreamJobs in a chart of somebody's own. There is no kubelet: the operator runs in this process, as the service account
 * and with the settings that the release has, and jobs have pods that never start.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stringify } from "yaml";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import type { StreamJob, StreamJobSpec } from "../../crds/index.ts";
import { type Controller, startController } from "../../operator/controller/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../../operator/engine-native/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import {
  apiServerPart,
  controllerManagerPart,
  helm3Binary,
  helm4Binary,
  testBinary,
  testPart,
} from "../environment/index.ts";
import { chartFolder, type HelmAnswer, runHelm } from "../helm/chart.ts";
import { mayList, tokenOf } from "./operator-access.ts";
import { until } from "./until.ts";

// The definitions come and go here, and with them every StreamJob.
const server = await testPart(apiServerPart, { isOwn: true });
const manager = await testPart(controllerManagerPart, { isOwn: true });
const helm3 = await testBinary(helm3Binary);
const helm4 = await testBinary(helm4Binary);
const skip = [server, manager, helm3, helm4].find((one) => one.skip !== false)?.skip ?? false;

const RELEASE = "streams";
const NAME = "streams-streamjob-operator";
const FINALIZER = "streamjob.dev/cleanup";
const DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/streamjobs.streamjob.dev";
const PATIENCE = "2m";

type Settings = {
  readonly storageRoot: string;
  readonly defaultImage: string;
  readonly namespaces: readonly string[];
  readonly election: { readonly lease: { readonly namespace: string; readonly name: string } };
};

describe("the chart at a real API server", { skip }, () => {
  let admin: ClusterAdmin;
  let api: KubernetesApi & { close(): void };
  let own: string;
  let jobs: string;
  let folder: string;
  let operator: { readonly controller: Controller; end(): Promise<void> } | null = null;
  const jobManagers = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: (host, port) => `http://${host}:${port}`,
  });

  const helm = (binary: string, args: readonly string[], values?: object): Promise<HelmAnswer> =>
    runHelm(binary, [...args, "--namespace", own, "--kubeconfig", server.gives().kubeconfigs.admin], values);

  async function mustHelm(binary: string, args: readonly string[], values?: object): Promise<string> {
    const { code, stdout, stderr } = await helm(binary, args, values);
    assert.equal(code, 0, `helm ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  const values = (more: object = {}): object => ({ storageRoot: "file:///state", watchNamespaces: [jobs], ...more });

  /** As the pods of the release would be. */
  async function startOperator(): Promise<void> {
    const path = `/api/v1/namespaces/${own}/configmaps/${NAME}`;
    const { data } = (await admin.ask("GET", path)) as { readonly data: Readonly<Record<string, string>> };
    const { storageRoot, defaultImage, namespaces, election } = JSON.parse(data["settings.json"] ?? "") as Settings;
    const operatorApi = admin.api(await tokenOf(admin, own, NAME));
    await until("the role counts", () => mayList(operatorApi, jobs));
    const controller = await startController({
      api: operatorApi,
      jobManagers,
      settings: { storageRoot, defaultImage, engine: nativeEngine },
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      namespaces,
      identity: `test-${systemRandom.hex(4)}`,
      election,
      endpoints: null,
    });
    operator = {
      controller,
      end: async () => {
        await controller.stop();
        operatorApi.close();
      },
    };
    await controller.whenSynced();
  }

  async function endOperator(): Promise<void> {
    await operator?.end();
    operator = null;
  }

  const job = (name: string, more: Partial<StreamJobSpec> = {}): StreamJob => ({
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name, namespace: jobs },
    spec: { job: { module: "/opt/streamjob/job/job.ts" }, ...more },
  });

  /** What the live job has: it must not change when the operator does. */
  async function standing(): Promise<readonly string[]> {
    const [sets, pods] = await Promise.all([
      api.list("StatefulSet", { namespace: jobs }),
      api.list("Pod", { namespace: jobs }),
    ]);
    return [...sets.items, ...pods.items].map(({ metadata }) => `${metadata.name} ${metadata.uid}`).toSorted();
  }

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    own = await admin.makeNamespace("ops");
    jobs = await admin.makeNamespace("jobs");
    // SEC-1
    const enforced = { "pod-security.kubernetes.io/enforce": "restricted" };
    await admin.ask("PATCH", `/api/v1/namespaces/${own}?fieldManager=test`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: own, labels: enforced },
    });
    api = admin.api();
    folder = await mkdtemp(join(tmpdir(), "streamjob-charts-"));
  });

  after(async () => {
    await endOperator();
    jobManagers.close();
    api.close();
    admin.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is installed, and says what to do next", async () => {
    const said = await mustHelm(helm4.path(), ["install", RELEASE, chartFolder], values());
    assert.match(said, /kubectl apply --namespace jobs-[^]*kubectl wait[^]*helm uninstall/);
    await startOperator();
    await api.create("StreamJob", job("live"));
    await until("the job has its pods", async () => (await standing()).length === 4);
  });

  it("has two pods, which a namespace takes that enforces the Pod Security standard restricted", async () => {
    const podsOfRelease = async () =>
      (await api.list("Pod", { namespace: own, labels: { "app.kubernetes.io/instance": RELEASE } })).items;
    await until("both pods are there", async () => (await podsOfRelease()).length === 2);
  });

  for (const binary of [helm3, helm4]) {
    it(`is upgraded beside a live job, which keeps its pods: ${binary.name}`, async () => {
      const before = await standing();
      await mustHelm(binary.path(), ["upgrade", RELEASE, chartFolder, "--reset-values"], values({ logLevel: "debug" }));
      await endOperator();
      await startOperator();
      await api.patch("StreamJob", { namespace: jobs, name: "live" }, { metadata: { labels: { by: binary.name } } });
      await until("the status is of this operator", () => operator?.controller.readiness().isGood === true);
      assert.deepEqual(await standing(), before);
    });

    it(`is uninstalled beside a live job, which stays, and is taken over by the next release: ${binary.name}`, async () => {
      const before = await standing();
      await endOperator();
      await mustHelm(binary.path(), ["uninstall", RELEASE, "--wait", "--timeout", PATIENCE]);
      const left = await api.get("StreamJob", { namespace: jobs, name: "live" });
      assert.equal(left?.metadata.deletionTimestamp, undefined);
      assert.deepEqual(await standing(), before);
      await mustHelm(binary.path(), ["install", RELEASE, chartFolder], values());
      await startOperator();
      assert.deepEqual(await standing(), before);
    });
  }

  it("has a finalizer on the job that the operator takes away again", async () => {
    const key = { namespace: jobs, name: "live" };
    assert.deepEqual((await api.get("StreamJob", key))?.metadata.finalizers, [FINALIZER]);
    await api.delete("StreamJob", key);
    await until("the job is gone", async () => (await api.get("StreamJob", key)) === null);
  });

  /** A chart as a team has it, with one StreamJob. */
  async function chartOf(name: string, spec: Partial<StreamJobSpec>): Promise<string> {
    const path = join(folder, name);
    await mkdir(join(path, "templates"), { recursive: true });
    await writeFile(join(path, "Chart.yaml"), stringify({ apiVersion: "v2", name, version: "1.0.0" }));
    await writeFile(join(path, "templates", "job.yaml"), stringify(job(name, spec)));
    return path;
  }

  const installWaiting = async (binary: string, name: string, spec: Partial<StreamJobSpec>): Promise<HelmAnswer> =>
    helm(binary, ["install", name, await chartOf(name, spec), "--wait", "--timeout", PATIENCE]);

  const phaseOf = async (name: string) => (await api.get("StreamJob", { namespace: jobs, name }))?.status?.phase;

  it("Helm 4 --wait returns when a StreamJob is Ready, and not before", async () => {
    const key = { namespace: jobs, name: "awaited" };
    const waiting = installWaiting(helm4.path(), key.name, {}).then(async (answer) => ({
      ...answer,
      phase: await phaseOf(key.name),
    }));
    // Its pods never start, so this lasts until it is asked for less.
    await until("the operator has begun", async () => (await phaseOf(key.name)) === "Deploying");
    await api.patch("StreamJob", key, { spec: { state: "suspended" } });
    const { code, stderr, phase } = await waiting;
    assert.equal(code, 0, stderr);
    assert.equal(phase, "Suspended");
  });

  it("Helm 4 --wait fails when a StreamJob is Stalled, with the operator's words", async () => {
    const { code, stderr } = await installWaiting(helm4.path(), "stalled", { restore: { snapshot: "nothing" } });
    assert.notEqual(code, 0);
    assert.match(stderr, /stalled not ready\. status: Failed, message: .*nothing/);
  });

  it("Helm 3 --wait does not wait for StreamJobs", async () => {
    const { code, stderr } = await installWaiting(helm3.path(), "unawaited", {});
    assert.equal(code, 0, stderr);
    assert.notEqual(await phaseOf("unawaited"), "Running");
  });

  it("takes the definitions away when it is told to, after the last job, and nothing hangs", async () => {
    for (const { metadata } of (await api.list("StreamJob", { namespace: jobs })).items)
      await api.delete("StreamJob", { namespace: jobs, name: metadata.name });
    await until("no job is left", async () => (await api.list("StreamJob", { namespace: jobs })).items.length === 0);
    await mustHelm(helm4.path(), ["upgrade", RELEASE, chartFolder], values({ crds: { keep: false } }));
    await endOperator();
    // The check before it is a pod: test/cluster/chart.test.ts.
    await mustHelm(helm4.path(), ["uninstall", RELEASE, "--no-hooks", "--wait", "--timeout", PATIENCE]);
    const { kind } = (await admin.ask("GET", DEFINITION, undefined, [404])) as { readonly kind: string };
    assert.equal(kind, "Status");
  });
});
