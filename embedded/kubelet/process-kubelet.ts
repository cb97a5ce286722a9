/**
 * Owns: the node of the embedded cluster: every pod in the API server runs as a process of this machine.
 * Does not own: one pod's life (pod-worker.ts), which pods there are to be (workloads/).
 * Called by: the control plane of `streamjob run`, tests.
 *
 * KU1 Processes of an earlier control plane on the same folder are gone before the first pod is started (child-ledger.ts).
 * KU2 A pod's process starts only after that of an earlier pod of the same name is gone, unless that pod was lost (`abandon`).
 * KU3 A pod's host ports stay while the pod or its StatefulSet lives, and a while longer: whoever looks for it in between still asks
 *     at the right door.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert, type Clock, type Log, makePrivateFolder, type Random, type Timer } from "../../base/index.ts";
import {
  type Kind,
  type KubernetesApi,
  type LogOptions,
  type ObjectKey,
  type Pod,
} from "../../operator/kubernetes/api/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import { ChildLedger } from "./child-ledger.ts";
import { LOG_BYTES_MAX } from "./container-log.ts";
import { HostPorts } from "./host-ports.ts";
import { podLogs } from "./pod-logs.ts";
import { PodWorker, type WorkerContext } from "./pod-worker.ts";
import type { ImageTable } from "./programs.ts";
import { defaultRestartBackoff, type RestartBackoffOptions } from "./restart-backoff.ts";
import { behindService, parseHost } from "./service-addresses.ts";
import type { AddressReference } from "./text-rewriting.ts";

export type ProcessKubeletOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The kubelet's own, kept between starts; used by one kubelet at a time. */
  readonly folder: string;
  readonly images: ImageTable;
  readonly backoff?: RestartBackoffOptions;
  /** Of a container's log before it is rolled. Default 4 MiB. */
  readonly logBytesMax?: number;
  /** Told of everything that containers write, as it comes. */
  readonly onOutput?: (pod: ObjectKey, stream: "stdout" | "stderr", piece: Buffer) => void;
};

/** KU3 */
const PORT_LINGER_MS = 30_000;

export class ProcessKubelet {
  readonly #options: ProcessKubeletOptions;
  readonly #ports: HostPorts;
  readonly #ledger: ChildLedger;
  readonly #caches: Caches;
  readonly #workers = new Map<string, PodWorker>();
  /** Their processes end with this kubelet. */
  readonly #lost = new Set<PodWorker>();
  readonly #readLogs = podLogs((pod) => this.#podFolder(pod));
  #sweepTimer: Timer | null = null;
  #state: "new" | "running" | "stopped" = "new";

  constructor(options: ProcessKubeletOptions) {
    this.#options = options;
    this.#ports = new HostPorts(options.random);
    this.#ledger = new ChildLedger(join(options.folder, "children"));
    this.#caches = {
      pods: this.#cache("Pod"),
      configMaps: this.#cache("ConfigMap"),
      secrets: this.#cache("Secret"),
      statefulSets: this.#cache("StatefulSet"),
      services: this.#cache("Service"),
    };
  }

  /** Ends what an earlier one left (KU1), then follows the API server. Resolves when the pods that are there have been taken up. */
  async start(): Promise<void> {
    assert(this.#state === "new", "a kubelet is started once");
    this.#state = "running";
    const { clock, log } = this.#options;
    await this.#ledger.reap(clock, log);
    const { pods, configMaps, secrets, statefulSets, services } = this.#caches;
    pods.subscribe((change) =>
      change.kind === "deleted" ? this.#podGone(change.object) : this.#podSeen(change.object),
    );
    configMaps.subscribe(({ kind, object }) => {
      if (kind !== "deleted") this.#sourceChanged("ConfigMap", object.metadata);
    });
    secrets.subscribe(({ kind, object }) => {
      if (kind !== "deleted") this.#sourceChanged("Secret", object.metadata);
    });
    statefulSets.subscribe(({ kind }) => {
      if (kind === "deleted") this.#scheduleSweep();
    });
    const first = [services, statefulSets, configMaps, secrets] as const;
    for (const cache of first) cache.start();
    await Promise.all(first.map((cache) => cache.whenSynced()));
    pods.start();
    await pods.whenSynced();
    await this.#removeOldFolders();
  }

  /** Ends every process (SIGTERM, after `graceMs` SIGKILL), lost ones too. The objects stay, for the next kubelet. */
  async stop(graceMs = 5000): Promise<void> {
    this.#state = "stopped";
    this.#sweepTimer?.cancel();
    await Promise.all(Object.values(this.#caches).map((cache) => cache.stop()));
    await Promise.all([...this.#workers.values(), ...this.#lost].map((worker) => worker.shutDown(graceMs)));
  }

  /**
   * Loses a pod, as a node that nobody can reach does: its process lives on, and nothing that happens to its object reaches it, nor
   * the other way round. A new pod of its name gets other ports. Gives the process; null: it has none. For tests of what must hold then.
   */
  abandon(pod: ObjectKey): number | null {
    const worker = this.#workers.get(nameOf(pod));
    if (worker === undefined) return null;
    const pid = worker.abandon();
    this.#lost.add(worker);
    this.#ports.release(pod, true);
    return pid;
  }

  /** Of a pod's living process; null: it has none now. */
  pidOf(pod: ObjectKey): number | null {
    return this.#workers.get(nameOf(pod))?.pid ?? null;
  }

  /** For the API server's `logs`. */
  logs(pod: Pod, options: LogOptions = {}): Promise<string> {
    return this.#readLogs(pod, options);
  }

  /**
   * Where on this machine a pod's or Service's port is: `127.0.0.1:<port>`; null: nothing is behind that name now.
   * `host`: `<pod>.<service>` or `<service>`, in `namespace`, or with its own `.<namespace>.svc`.
   */
  async addressOf(namespace: string, host: string, port: number): Promise<string | null> {
    const parsed = parseHost(host, namespace);
    if (parsed === null) return null;
    const target =
      parsed.kind === "pod"
        ? { pod: parsed.key, containerPort: port }
        : behindService(this.#addressSources(), parsed.key, port);
    if (target === null) return null;
    const hostPort = await this.#ports.knownPortOf(target.pod, target.containerPort);
    return hostPort === null ? null : `127.0.0.1:${hostPort}`;
  }

  #sourceChanged(kind: "ConfigMap" | "Secret", { namespace, name }: ObjectKey): void {
    for (const worker of this.#workers.values()) {
      if (worker.key.namespace === namespace) worker.sourceChanged(kind, name);
    }
  }

  #podSeen(pod: Pod): void {
    const name = nameOf(pod.metadata);
    const worker = this.#workers.get(name);
    if (worker !== undefined && worker.uid === pod.metadata.uid) return worker.update(pod);
    if (this.#state !== "running") return;
    worker?.objectGone();
    this.#workers.set(name, new PodWorker(pod, this.#contextOf(pod), worker?.whenOver ?? Promise.resolve()));
  }

  #podGone(pod: Pod): void {
    const name = nameOf(pod.metadata);
    const worker = this.#workers.get(name);
    if (worker === undefined || worker.uid !== pod.metadata.uid) return;
    worker.objectGone();
    this.#scheduleSweep();
    // It stays in the list until its process is gone, so that a successor of its name waits (KU2).
    worker.whenOver
      .then(() => {
        if (this.#workers.get(name) === worker) this.#workers.delete(name);
      })
      .catch((error: unknown) =>
        this.#options.log.error({ err: error, pod: name }, "the files of a pod that is gone cannot be removed"),
      );
  }

  #contextOf(pod: Pod): WorkerContext {
    const {
      api,
      clock,
      log,
      folder,
      images,
      backoff = defaultRestartBackoff,
      logBytesMax = LOG_BYTES_MAX,
    } = this.#options;
    const { namespace, name } = pod.metadata;
    const key = { namespace, name };
    return {
      api,
      clock,
      log,
      images,
      backoff,
      logBytesMax,
      ledger: this.#ledger,
      podFolder: this.#podFolder(pod),
      claimsFolder: join(folder, "claims"),
      readConfigMap: (configMap) => api.get("ConfigMap", { namespace, name: configMap }),
      readSecret: (secret) => api.get("Secret", { namespace, name: secret }),
      resolve: (reference) => this.#resolve(key, reference),
      onOutput: (stream, piece) => this.#options.onOutput?.(key, stream, piece),
    };
  }

  async #resolve(self: ObjectKey, reference: AddressReference): Promise<number | null> {
    const { port } = reference;
    if (reference.kind === "own") return this.#ports.portOf(self, port);
    if (reference.kind === "pod") return this.#ports.portOf(reference, port);
    const behind = behindService(this.#addressSources(), reference, port);
    return behind === null ? null : this.#ports.portOf(behind.pod, behind.containerPort);
  }

  #addressSources() {
    const { services, pods } = this.#caches;
    return {
      service: (key: ObjectKey) => services.get(key),
      pods: (namespace: string) => pods.list(({ metadata }) => metadata.namespace === namespace),
    };
  }

  #podFolder(pod: Pod): string {
    const { namespace, name, uid } = pod.metadata;
    return join(this.#podsFolder, `${namespace}_${name}_${uid}`);
  }

  get #podsFolder(): string {
    return join(this.#options.folder, "pods");
  }

  /** Of pods that went while no kubelet ran. */
  async #removeOldFolders(): Promise<void> {
    await makePrivateFolder(this.#podsFolder);
    const names = await readdir(this.#podsFolder);
    const wanted = new Set(this.#caches.pods.list().map((pod) => this.#podFolder(pod)));
    const old = names.map((name) => join(this.#podsFolder, name)).filter((path) => !wanted.has(path));
    await Promise.all(old.map((path) => rm(path, { recursive: true, force: true })));
  }

  /** KU3 */
  #scheduleSweep(): void {
    if (this.#state !== "running") return;
    this.#sweepTimer ??= this.#options.clock.after(PORT_LINGER_MS, () => {
      this.#sweepTimer = null;
      for (const pod of this.#ports.pods()) {
        const set = { namespace: pod.namespace, name: pod.name.replace(/-\d+$/, "") };
        const isWanted = this.#workers.has(nameOf(pod)) || this.#caches.statefulSets.get(set) !== null;
        if (!isWanted) this.#ports.release(pod);
      }
    });
  }

  #cache<K extends Kind>(kind: K): WatchCache<K> {
    const { api, clock, random, log } = this.#options;
    return new WatchCache(api, kind, { clock, random, log });
  }
}

type Caches = {
  readonly pods: WatchCache<"Pod">;
  readonly configMaps: WatchCache<"ConfigMap">;
  readonly secrets: WatchCache<"Secret">;
  readonly statefulSets: WatchCache<"StatefulSet">;
  readonly services: WatchCache<"Service">;
};

const nameOf = (key: ObjectKey): string => `${key.namespace}/${key.name}`;
