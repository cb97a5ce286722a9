/**
 * Owns: a real cluster with two nodes for a promise's test: its API server, its kubelets, pods of the product's image.
 * Does not own: the cluster (test/environment), which test files share: each has a namespace of its own there.
 *
 * KRC1 Its nodes are on this machine: the workspace and the jobs of these tests are mounted at their own paths, so a store is a folder
 *     that the test reads, and a pod's process has a pid here.
 * KRC2 Nothing stays: when the test is over its jobs and pods are gone, and what was broken is mended.
 */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createLog, systemClock, systemRandom } from "../../base/index.ts";
import { type PodTemplate, streamJobDefinition, streamJobSnapshotDefinition } from "../../crds/index.ts";
import { type Controller, type ControllerOptions, startController } from "../../operator/controller/index.ts";
import { openJobAuthority, operatorIdentities } from "../../operator/certificates/index.ts";
import { certificatePolicy } from "../../operator/engine/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../../operator/engine-native/index.ts";
import { isApiError, type Kind, type KubernetesApi, type ObjectKey } from "../../operator/kubernetes/api/index.ts";
import {
  connectKubernetes,
  HttpKubernetesApi,
  type KubernetesConnection,
} from "../../operator/kubernetes/client/index.ts";
import { kubeconfigText, operatorVariables } from "../../main/control-plane/index.ts";
import type { AddressOf } from "../../embedded/api-server/index.ts";
import { repositoryRoot } from "../../tools/find-node.mjs";
import { imageArchive } from "../../tools/image.ts";
import { type Cluster, testCluster } from "../environment/index.ts";
import type { Workspace } from "../integration/workspace.ts";
import { until } from "../kubernetes/until.ts";
import { callsOf } from "./api-calls.ts";
import { ApiGateway } from "./api-gateway.ts";
import type { ArmedImages } from "./armed-images.ts";
import { JobManagerTunnel } from "./jobmanager-tunnel.ts";
import { putRulesBack, takeRulesAway } from "./kubernetes-rules.ts";
import type { ObjectsOnly } from "./objects-only.ts";
import { pidOfPod } from "./pod-processes.ts";
import { NAMESPACE, type OperatorEnvironment, type RigCluster, type RigClusterOptions } from "./rig-cluster.ts";

const clock = systemClock;
const ROOT_SECRET = "streamjob-operator-root";
const PATIENCE_MS = 180_000;
const OTHER_IMAGE = "localhost/streamjob:next";
/** Kinds that an operator makes, and those that follow. */
const CHILDREN = [
  "StatefulSet",
  "Pod",
  "Service",
  "ConfigMap",
  "ControllerRevision",
] as const satisfies readonly Kind[];

type Shared = { readonly cluster: Cluster; readonly image: string };
let shared: Promise<Shared> | null = null;

/** Once for a process: the cluster, our kinds and image in it, and a namespace. */
function share(): Promise<Shared> {
  shared ??= (async () => {
    const cluster = (await testCluster({ needs: "failures" })).gives();
    const { path, reference } = await imageArchive((line) => void process.stderr.write(`${line}\n`));
    await cluster.loadImage(path, reference);
    await cluster.nameImage(reference, OTHER_IMAGE);
    await cluster.apply(streamJobDefinition(), streamJobSnapshotDefinition());
    await cluster.whenStreamJobsAreServed();
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    return { cluster, image: reference };
  })();
  return shared;
}

/** The cluster of these tests, for what is done to its servers and nodes. */
export const sharedCluster = async (): Promise<Cluster> => (await share()).cluster;

/** For objects-only.ts. Lists and watches are of the namespace of these tests: its kubelet has no other pods. */
export async function openObjects(): Promise<ObjectsOnly> {
  const { cluster } = await share();
  const connection = await connectAs(cluster, "streamjob-cli");
  const opened: HttpKubernetesApi[] = [];
  const as = (fieldManager: string): KubernetesApi => {
    const { baseUrl, credentials } = connection;
    const api = new HttpKubernetesApi({ baseUrl, clock, credentials, fieldManager });
    opened.push(api);
    return {
      ...callsOf(api),
      list: (kind, listing) => api.list(kind, { namespace: NAMESPACE, ...listing }),
      watch: (kind, watching, onEvent) => api.watch(kind, { namespace: NAMESPACE, ...watching }, onEvent),
    };
  };
  const close = async (): Promise<void> => {
    const { api } = connection;
    for (const { metadata } of (await api.list("StreamJob", { namespace: NAMESPACE })).items) {
      const key = { namespace: NAMESPACE, name: metadata.name };
      await api.patch("StreamJob", key, { metadata: { finalizers: null } });
      await api.delete("StreamJob", key);
    }
    const arePodsGone = async (): Promise<boolean> =>
      (await api.list("Pod", { namespace: NAMESPACE })).items.length === 0;
    await until("the pods of the test to go", arePodsGone, PATIENCE_MS);
    for (const each of opened) each.close();
    connection.close();
  };
  return { as, close };
}

const connectAs = (cluster: Cluster, fieldManager: string): Promise<KubernetesConnection> =>
  connectKubernetes({ clock, kubeconfig: cluster.access.kubeconfig, fieldManager, namespace: NAMESPACE });

export async function openKubernetesRigCluster(
  workspace: Workspace,
  images: ArmedImages,
  options: RigClusterOptions,
): Promise<RigCluster> {
  const { cluster, image } = await share();
  openToPods(workspace);
  images.onStartNone((startsNone) => {
    const path = join(armory(workspace), "start-none");
    if (startsNone) writeFileSync(path, "");
    else rmSync(path);
  });
  images.onArm((role, failpoints) => writeFileSync(join(armory(workspace), role), failpoints));
  const connection = await connectAs(cluster, "streamjob-cli");
  const rootKey = { namespace: NAMESPACE, name: ROOT_SECRET };
  const authority = await openJobAuthority(connection.api, rootKey, systemRandom);
  const certificates = { authority, policy: options.certificatePolicy ?? certificatePolicy };
  const tunnel = new JobManagerTunnel(
    connection.api,
    operatorIdentities(authority, certificates.policy, clock),
    (namespace, host, port) => podAddress(connection.api, namespace, host, port),
  );
  const found = tunnel.through;
  const addressOf = options.operatorAddressOf?.(found) ?? found;
  const gateway = await ApiGateway.open({ ...connection, addressOf });
  const ways = { connection, gateway, tunnel, addressOf, found };
  const rig = new KubernetesRigCluster({ workspace, images, cluster, image, ...ways, certificates, options });
  await rig.open();
  return rig;
}

type Parts = {
  readonly workspace: Workspace;
  readonly images: ArmedImages;
  readonly cluster: Cluster;
  readonly image: string;
  readonly connection: KubernetesConnection;
  readonly gateway: ApiGateway;
  /** For operators, with what the test has put in between. */
  readonly addressOf: AddressOf;
  readonly found: AddressOf;
  readonly tunnel: JobManagerTunnel;
  readonly certificates: NonNullable<ControllerOptions["certificates"]>;
  readonly options: RigClusterOptions;
};

class KubernetesRigCluster implements RigCluster {
  readonly storageRoot: string;
  readonly storeFolder: string;
  readonly defaultImage: string;
  readonly otherImage = OTHER_IMAGE;
  readonly logs: readonly string[];
  controller: Controller | null = null;
  readonly #parts: Parts;
  readonly #closers: (() => void)[] = [];
  readonly #published: { close(): Promise<void> }[] = [];
  #lostNode: "node-a" | "node-b" | null = null;

  constructor(parts: Parts) {
    const { workspace, image } = parts;
    this.#parts = parts;
    this.storeFolder = workspace.path("checkpoints");
    this.storageRoot = pathToFileURL(this.storeFolder).href;
    this.defaultImage = image;
    this.logs = [workspace.path("operator.log")];
  }

  get api(): KubernetesApi {
    return this.#parts.connection.api;
  }

  get apiUrl(): string {
    return this.#parts.gateway.url;
  }

  async open(): Promise<void> {
    const { cluster, options, workspace } = this.#parts;
    if (options.withRules === false) await takeRulesAway(cluster, NAMESPACE, workspace.path("against-a-rule.json"));
    if (options.withOperator !== false) this.controller = await this.startOperator();
  }

  /** KRC1 */
  podTemplate(component: "jobmanager" | "taskmanager"): PodTemplate {
    const { workspace, images } = this.#parts;
    const preload = fileURLToPath(new URL("./jobs/armed.mjs", import.meta.url));
    return {
      spec: {
        // The first process of a container cannot end or stop itself by a signal: one that is to do so at a failpoint is not the first.
        ...(images.isArmed ? { shareProcessNamespace: true } : {}),
        // All on one node where there is room: it can be lost, and the other one is there for what comes after.
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                preference: {
                  matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node-a"] }],
                },
              },
            ],
          },
        },
        containers: [
          {
            name: component,
            env: [
              { name: "NODE_OPTIONS", value: `--import=${pathToFileURL(preload).href}` },
              { name: "STREAMJOB_TEST_ARMORY", value: join(armory(workspace), component) },
            ],
            volumeMounts: [
              { name: "repository", mountPath: repositoryRoot, readOnly: true },
              { name: "workspace", mountPath: workspace.folder },
            ],
          },
        ],
        volumes: [
          { name: "repository", hostPath: { path: repositoryRoot } },
          { name: "workspace", hostPath: { path: workspace.folder } },
        ],
      },
    };
  }

  async startOperator(more: Partial<ControllerOptions> = {}): Promise<Controller> {
    const { options, addressOf, workspace, certificates } = this.#parts;
    const api = callsOf(this.apiAs("streamjob-operator"));
    const jobManagers = createHttpJobManagerApi({
      clock,
      addressOf: async (host, port) => {
        const address = await addressOf(NAMESPACE, host, port);
        return address === null ? null : `http://${address}`;
      },
    });
    const controller = await startController({
      api: options.operatorApi?.(api) ?? api,
      certificates,
      jobManagers: options.operatorJobManagers?.(jobManagers) ?? jobManagers,
      settings: { storageRoot: this.storageRoot, defaultImage: this.defaultImage, engine: nativeEngine },
      clock,
      random: systemRandom,
      log: createLog({ process: "operator" }, { file: workspace.path("operator.log") }),
      identity: `promise-${systemRandom.hex(4)}`,
      namespaces: [NAMESPACE],
      election: null,
      endpoints: null,
      ...options.operator,
      ...more,
    });
    this.#closers.push(() => jobManagers.close());
    return controller;
  }

  operatorEnvironment(path: string, apiUrl?: string): OperatorEnvironment {
    writeFileSync(path, kubeconfigText({ url: apiUrl ?? this.apiUrl, token: "put in by the gateway" }));
    const { storageRoot, defaultImage } = this;
    const rootSecret = { namespace: NAMESPACE, name: ROOT_SECRET };
    return {
      variables: { [operatorVariables.kubeconfig]: path },
      settings: { storageRoot, defaultImage, addresses: "api", election: null, namespaces: [NAMESPACE], rootSecret },
    };
  }

  async pidOf(key: ObjectKey): Promise<number | null> {
    const pod = await this.api.get("Pod", key);
    return pod === null ? null : pidOfPod(pod.metadata.uid ?? "");
  }

  /** One node at a time: what comes after has to have a place. Of pods on both, it is that of the first of them. */
  async abandon(pods: readonly ObjectKey[]): Promise<readonly (number | null)[]> {
    const { cluster } = this.#parts;
    await this.recover();
    const found = await Promise.all(pods.map((key) => this.api.get("Pod", key)));
    const node = found.find((pod) => pod?.spec.nodeName !== undefined)?.spec.nodeName;
    if (node === undefined) return pods.map(() => null);
    this.#lostNode = node as "node-a" | "node-b";
    await cluster.failures.freeze(`kubelet-${this.#lostNode}`);
    await cluster.kubectl("cordon", node);
    return found.map((pod) => (pod?.spec.nodeName === node ? pidOfPod(pod.metadata.uid ?? "") : null));
  }

  async stuck(): Promise<readonly string[]> {
    const node = this.#lostNode;
    if (node === null) return [];
    const { items } = await this.api.list("Pod", { namespace: NAMESPACE });
    return items
      .filter(({ spec }) => spec.nodeName === node)
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined || pidOfPod(metadata.uid ?? "") === null)
      .map(({ metadata }) => metadata.name);
  }

  async recover(): Promise<void> {
    const node = this.#lostNode;
    if (node === null) return;
    const { cluster } = this.#parts;
    await cluster.failures.thaw(`kubelet-${node}`);
    await cluster.kubectl("uncordon", node);
    await cluster.kubectl("wait", "--for=condition=Ready", "--timeout=120s", `node/${node}`);
    this.#lostNode = null;
  }

  addressOf(host: string, port: number): Promise<string | null> {
    return this.#parts.found(NAMESPACE, host, port);
  }

  async publish(port: number): Promise<string> {
    const relay = await this.#parts.cluster.publish(port);
    this.#published.push(relay);
    return `${relay.address}:${relay.port}`;
  }

  apiAs(fieldManager: string): KubernetesApi {
    const { baseUrl, credentials } = this.#parts.connection;
    const api = new HttpKubernetesApi({ baseUrl, clock, credentials, fieldManager });
    this.#closers.push(() => api.close());
    return api;
  }

  collected(): Promise<void> {
    const isCollected = async (): Promise<boolean> => {
      const lists = await Promise.all(
        [...CHILDREN, "StreamJob" as const].map(
          async (kind) => (await this.api.list(kind, { namespace: NAMESPACE })).items,
        ),
      );
      const objects = lists.flat();
      const uids = new Set(objects.map(({ metadata }) => metadata.uid));
      return objects.every(({ metadata: { ownerReferences = [] } }) => {
        return ownerReferences.length === 0 || ownerReferences.some(({ uid }) => uids.has(uid));
      });
    };
    return until("what nobody owns any more to be collected", isCollected, PATIENCE_MS);
  }

  /** The server's cache begins anew, and the store has forgotten what was before. */
  async compactHistory(): Promise<void> {
    const { failures } = this.#parts.cluster;
    const { url } = failures.part("etcd").gives as { readonly url: string };
    const ask = async (path: string, body: object): Promise<{ readonly header?: { readonly revision: string } }> => {
      const response = await fetch(`${url}/v3/kv/${path}`, { method: "POST", body: JSON.stringify(body) });
      return (await response.json()) as { readonly header?: { readonly revision: string } };
    };
    const { header } = await ask("range", { key: "AA==" });
    await ask("compaction", { revision: header?.revision, physical: true });
    await failures.restart("kube-apiserver");
  }

  /** KRC2 */
  async close(): Promise<void> {
    const { cluster, connection, gateway, options, tunnel, workspace } = this.#parts;
    await this.controller?.stop();
    await cluster.failures.mend();
    await cluster.kubectl("uncordon", "node-a", "node-b");
    await this.#empty();
    for (const relay of this.#published) await relay.close();
    if (options.withRules === false) await putRulesBack(cluster, NAMESPACE, workspace.path("against-a-rule.json"));
    for (const close of this.#closers) close();
    await gateway.close();
    await tunnel.close();
    connection.close();
  }

  async #empty(): Promise<void> {
    const { cluster } = this.#parts;
    // First what would make pods again.
    await cluster.kubectl("delete", "statefulsets,poddisruptionbudgets", "--all", "-n", NAMESPACE, "--wait=false");
    await Promise.all((["StreamJob", "StreamJobSnapshot", "Pod"] as const).map((kind) => this.#delete(kind)));
    const rest = "services,controllerrevisions,leases,secrets";
    await cluster.kubectl("delete", rest, "--all", "-n", NAMESPACE, "--wait=false");
    await cluster.kubectl("delete", "configmaps", "-l", "streamjob.dev/job", "-n", NAMESPACE, "--wait=false");
    const isEmpty = async (): Promise<boolean> =>
      (await this.api.list("Pod", { namespace: NAMESPACE })).items.length === 0;
    await until("the pods of the test to go", isEmpty, PATIENCE_MS);
  }

  /** All of a kind; pods as soon as their processes are gone, which have a second for it. */
  async #delete(kind: "StreamJob" | "StreamJobSnapshot" | "Pod"): Promise<void> {
    const { api } = this;
    const { items } = await api.list(kind, { namespace: NAMESPACE });
    const ended = items.map(async ({ metadata: { name, finalizers } }) => {
      const key = { namespace: NAMESPACE, name };
      try {
        await api.delete(kind, key, kind === "Pod" ? { gracePeriodSeconds: 1 } : {});
        if (finalizers !== undefined) await api.patch(kind, key, { metadata: { finalizers: null } });
      } catch (error) {
        if (!isApiError(error, "NotFound")) throw error; // it has gone meanwhile
      }
    });
    await Promise.all(ended);
  }
}

const armory = (workspace: Workspace): string => workspace.path("armory");

/** Pods run as a user of their own. */
function openToPods(workspace: Workspace): void {
  for (const folder of [workspace.folder, workspace.path("output"), workspace.path("checkpoints"), armory(workspace)]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
  }
}

/** `host:port` of the pod that the first label of a host names. */
async function podAddress(api: KubernetesApi, namespace: string, host: string, port: number): Promise<string | null> {
  const labels = host.split(".");
  // As DNS has it: a name of this cluster says its namespace itself.
  const pod = await api.get("Pod", { namespace: labels[2] ?? namespace, name: labels[0] ?? "" });
  const ip = pod?.status?.podIP;
  return ip === undefined || ip === "" ? null : `${ip}:${port}`;
}
