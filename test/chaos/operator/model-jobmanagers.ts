/**
 * Owns: JobManagers without processes, one for each JobManager pod that the API server shows, and their stores: what they do to state is
 * what the simulated ones of operator/reconcile do, and what must never happen is noted as there.
 *
 * MJM1 A pod that is gone has no JobManager; its store stays. Which store it has, and what its job does, is in its ConfigMap alone.
 * MJM2 The newest state of all is what the sink shows: a start from anything else would show records twice, or lose some.
 * MJM3 A StreamJob goes when nothing of it runs any more: what is there afterwards was let go too early.
 */
import { type Clock, silentLog, systemRandom } from "../../../base/index.ts";
import { COMPONENT_LABEL, type RestorePoint, type StreamJob } from "../../../crds/index.ts";
import type { PodConfig, StorageTaskMessage } from "../../../contract/index.ts";
import {
  type Answer,
  incarnationOf,
  type JobManagerApi,
  type JobManagerTarget,
} from "../../../operator/engine/index.ts";
import type { KubernetesApi, Pod } from "../../../operator/kubernetes/api/index.ts";
import { WatchCache } from "../../../operator/kubernetes/machinery/index.ts";
import {
  type Behaviour,
  misfitOf,
  resolve,
  SimulatedJobManager,
  SimulatedStore,
  type State,
} from "../../../operator/reconcile/simulated-jobmanager.test-support.ts";
import { collect } from "../../../operator/reconcile/simulated-collection.test-support.ts";
import { type Head, SimulatedOracle } from "../../../operator/reconcile/simulated-oracle.test-support.ts";
import { statusOf } from "../../../operator/reconcile/status/stored-status.ts";

const SAVEPOINT_MS = 200;
/** Model time between two looks at what has become of everybody. */
const TICK_MS = 50;

export type ModelOptions = { readonly api: KubernetesApi; readonly namespace: string; readonly clock: Clock };

export class ModelJobManagers {
  readonly #options: ModelOptions;
  readonly #caches;
  readonly #managers = new Map<string, SimulatedJobManager>();
  readonly #stores = new Map<string, SimulatedStore>();
  readonly #states = new Map<string, State>();
  readonly #startedMs: number;
  readonly #oracle: SimulatedOracle;
  readonly #operations = new Map<string, string>();
  readonly #disposed: string[] = [];
  readonly #erased = new Set<string>();
  readonly #checks: Promise<void>[] = [];
  #head: Head | null = null;
  #looks = 0;
  #timer: { cancel(): void };

  constructor(options: ModelOptions) {
    const { api, namespace, clock } = options;
    this.#options = options;
    this.#startedMs = clock.nowMs();
    this.#oracle = new SimulatedOracle(() => clock.nowMs() - this.#startedMs);
    const parts = { clock, random: systemRandom, log: silentLog, namespace };
    this.#caches = {
      jobs: new WatchCache(api, "StreamJob", parts),
      configs: new WatchCache(api, "ConfigMap", parts),
      pods: new WatchCache(api, "Pod", parts),
    };
    this.#caches.jobs.subscribe(({ kind, object }) => {
      if (kind === "deleted") this.#checks.push(this.#checkGone());
      else this.#learn(object);
    });
    this.#caches.configs.subscribe(() => {
      for (const pod of this.#caches.pods.list()) this.#seen(pod);
    });
    this.#caches.pods.subscribe(({ kind, object }) => (kind === "deleted" ? this.#gone(object) : this.#seen(object)));
    this.#timer = this.#tickAgain();
  }

  async start(): Promise<void> {
    // Configurations first: a pod comes after its own.
    for (const cache of [this.#caches.jobs, this.#caches.configs, this.#caches.pods]) {
      cache.start();
      await cache.whenSynced();
    }
  }

  async stop(): Promise<void> {
    this.#timer.cancel();
    await Promise.all(this.#checks);
    for (const cache of Object.values(this.#caches)) await cache.stop();
  }

  /** In words; empty: nothing that must not happen has happened. */
  async finalViolations(): Promise<readonly string[]> {
    await Promise.all(this.#checks);
    return this.violations;
  }

  /** So far. */
  get violations(): readonly string[] {
    const perOperation = new Map<string, number>();
    const untold: string[] = [];
    for (const { triggerId } of this.#oracle.stopped) {
      const operation = this.#operations.get(triggerId);
      if (operation === undefined) untold.push(`a savepoint that no status ever told of: trigger ${triggerId}`);
      else perOperation.set(operation, (perOperation.get(operation) ?? 0) + 1);
    }
    const repeated = [...perOperation].filter(([, count]) => count > 1);
    return [
      ...this.#oracle.violations,
      ...untold,
      ...repeated.map(([operation, count]) => `${count} savepoints of operation ${operation}`),
    ];
  }

  /** Savepoints with which a job stopped. */
  get savepoints(): number {
    return this.#oracle.stopped.length;
  }

  /** Each place once. */
  get disposed(): number {
    return new Set(this.#disposed).size;
  }

  /** How often an operator has asked an incarnation how it is. */
  get looks(): number {
    return this.#looks;
  }

  /** What an operator speaks to. */
  get port(): JobManagerApi {
    const to = async <T>(
      target: JobManagerTarget,
      what: (manager: SimulatedJobManager) => Answer<T>,
    ): Promise<Answer<T>> => {
      const manager = this.#manager(target);
      if (manager === null) return { kind: "unreachable", message: "no pod of it runs" };
      manager.tick();
      return what(manager);
    };
    return {
      incarnation: (target) => {
        this.#looks++;
        return to(target, (manager) => answer(manager.message()));
      },
      preflight: (target, from) => to(target, (manager) => answer(this.#preflight(manager, from))),
      activate: (target, activation) =>
        to(target, (manager) => {
          this.#oracle.seeId(activation.activationId, JSON.stringify([manager.incarnation, activation]));
          if (manager.activate(activation) === "accepted") return answer(undefined);
          return { kind: "refused", status: 409, message: "it was activated otherwise, or cannot be now" };
        }),
      stop: (target, trigger) => to(target, (manager) => this.#trigger(manager, "stop", trigger)),
      savepoint: (target, trigger) => to(target, (manager) => this.#trigger(manager, "savepoint", trigger)),
      checkpoint: (target) => to(target, () => answer(undefined)),
      trigger: (target, id) =>
        to(target, (manager) => {
          const view = manager.triggers.get(id)?.view;
          return answer(view === undefined || view.kind === "unknown" || view.kind === "unreachable" ? null : view);
        }),
      cancel: (target) =>
        to(target, (manager) => {
          manager.cancel();
          return answer(undefined);
        }),
      disposeSavepoint: (target, { location }) =>
        to(target, () => {
          this.#disposed.push(location);
          return answer(undefined);
        }),
      disposal: (target) => to(target, () => answer({ kind: "completed", location: "" })),
      collect: (target, { storeUri }) =>
        to(target, (manager) => {
          collect(manager, this.#store(storeUri), this.#oracle);
          return answer(undefined);
        }),
      collection: (target) => to(target, () => answer({ kind: "completed", location: "" })),
      exceptions: (target) => to(target, () => answer([])),
    };
  }

  #trigger(
    manager: SimulatedJobManager,
    kind: "stop" | "savepoint",
    { triggerId, target }: { triggerId: string; target: string },
  ): Answer<void> {
    this.#oracle.seeId(triggerId, JSON.stringify([kind, manager.incarnation, target]));
    manager.trigger(triggerId, { kind, target, endsMs: this.#options.clock.nowMs() + SAVEPOINT_MS });
    return answer(undefined);
  }

  #preflight(manager: SimulatedJobManager, from: RestorePoint) {
    const world = {
      store: (uri: string) => this.#store(uri),
      stateAt: (path: string) => this.#states.get(path) ?? null,
    };
    const resolved = resolve(world, from);
    if (resolved.kind === "refused") return { kind: "incompatible" as const, reasons: [resolved.why] };
    const misfit = misfitOf(manager.behaviour, resolved.state, from);
    if (misfit !== null) return { kind: "incompatible" as const, reasons: [misfit] };
    return { kind: "compatible" as const, from: resolved.state?.path ?? null };
  }

  #store(uri: string): SimulatedStore {
    const store = this.#stores.get(uri) ?? new SimulatedStore(uri);
    this.#stores.set(uri, store);
    return store;
  }

  /** An answer of another job's JobManager is none (JA2). */
  #manager({ job, incarnation, jobId }: JobManagerTarget): SimulatedJobManager | null {
    const manager = this.#managers.get(`${job}-${incarnation}`);
    return manager === undefined || manager.jobId !== jobId ? null : manager;
  }

  /** By which operation a stop was asked for is in the status before it is (P-3). */
  #learn(job: StreamJob): void {
    const { operation } = statusOf(job);
    if (operation !== undefined) this.#operations.set(operation.triggerId, operation.operationId);
  }

  #seen(pod: Pod): void {
    const component = pod.metadata.labels?.[COMPONENT_LABEL];
    const { phase } = pod.status ?? {};
    if (component === "storage" && phase === "Succeeded" && !this.#erased.has(pod.metadata.uid ?? "")) this.#erase(pod);
    const incarnation = incarnationOf(pod);
    if (component !== "jobmanager" || incarnation === null || phase !== "Running") return;
    const name = pod.metadata.name.replace(/-jobmanager-0$/, "");
    if (this.#managers.has(name)) return;
    const text = this.#caches.configs.get({ namespace: this.#options.namespace, name })?.data?.["config.json"];
    // As a pod that cannot mount it: it waits.
    if (text === undefined) return;
    const { jobId, storeUri, args } = JSON.parse(text) as PodConfig;
    const behaviour = (args[0] ?? "good") as Behaviour;
    this.#managers.set(
      name,
      new SimulatedJobManager(this.#surroundings(), { incarnation, jobId, behaviour, storeUri }),
    );
  }

  #gone(pod: Pod): void {
    if (pod.metadata.labels?.[COMPONENT_LABEL] !== "jobmanager") return;
    this.#managers.delete(pod.metadata.name.replace(/-jobmanager-0$/, ""));
  }

  /** MJM3. Past the watches, which say in no order who went first. */
  async #checkGone(): Promise<void> {
    const { api, namespace } = this.#options;
    for (const { metadata } of (await api.list("Pod", { namespace })).items) {
      if (metadata.labels?.[COMPONENT_LABEL] === undefined) continue;
      this.#oracle.wrong(`the StreamJob went while there was pod ${metadata.name}`);
    }
  }

  /** What a clean-up pod does. */
  #erase(pod: Pod): void {
    this.#erased.add(pod.metadata.uid ?? "");
    const variable = pod.spec.containers[0]?.env?.find(({ name }) => name === "STREAMJOB_STORAGE_TASK");
    const { task } = JSON.parse(variable?.value ?? "") as StorageTaskMessage;
    if (task.kind === "dispose") return void this.#disposed.push(task.location);
    if (task.kind !== "erase") return;
    for (const uri of task.folders.flatMap((folder) => task.jobIds.map((id) => `${folder}/${id}`))) {
      const live = [...this.#managers.values()].find(({ store, isLive }) => isLive && store.uri === uri);
      if (live !== undefined)
        this.#oracle.wrong(`the state of incarnation ${live.incarnation}, which runs, is deleted`);
      this.#store(uri).erase(this.#managers.size === 0);
    }
  }

  #surroundings(): ConstructorParameters<typeof SimulatedJobManager>[0] {
    const { clock } = this.#options;
    const ready = (incarnation: number): number =>
      this.#caches.pods
        .list()
        .filter(
          (pod) =>
            incarnationOf(pod) === incarnation &&
            pod.metadata.labels?.[COMPONENT_LABEL] === "taskmanager" &&
            pod.status?.phase === "Running",
        ).length;
    return {
      get nowMs() {
        return clock.nowMs();
      },
      store: (uri) => this.#store(uri),
      stateAt: (path) => this.#states.get(path) ?? null,
      onState: (store, state) => {
        this.#states.set(state.path, state);
        this.#head = { state, store };
      },
      onStart: ({ incarnation }, from, state) => {
        const [job] = this.#caches.jobs.list();
        if (job === undefined) return this.#oracle.wrong(`incarnation ${incarnation} starts and its StreamJob is gone`);
        this.#oracle.seeStart({ incarnation, value: state?.value ?? 0, from }, this.#head, statusOf(job));
      },
      onStopped: (triggerId) => this.#oracle.seeStop(triggerId, "by hand"),
      savepointFails: () => false,
      taskManagersReady: ready,
    };
  }

  #tickAgain(): { cancel(): void } {
    return this.#options.clock.after(TICK_MS, () => {
      for (const manager of this.#managers.values()) manager.tick();
      this.#oracle.seeManagers(this.#managers.values());
      this.#timer = this.#tickAgain();
    });
  }
}

function answer<T>(value: T): Answer<T> {
  return { kind: "answer", value };
}
