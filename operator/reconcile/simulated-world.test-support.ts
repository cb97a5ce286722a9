/**
 * Owns: for tests: a small deterministic world around one StreamJob: its objects, pods, JobManagers, stores. One seed, one history.
 * Not here: JobManagers and stores (simulated-jobmanager.test-support.ts), snapshots
 * (simulated-snapshots.test-support.ts), what must never happen (simulated-oracle.test-support.ts).
 *
 * SIW1 What is found wrong is in `violations`, in words, with the time.
 * SIW2 `apply` does as operator/apply: the status first, bound to the version that was looked at, then the actions, in order; it can
 *     be stopped after any of them.
 */
import {
  CLEANUP_FINALIZER,
  COMPONENT_LABEL,
  formatTime,
  INCARNATION_LABEL,
  parseTime,
  type RestorePoint,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobSpec,
  type StreamJobStatus,
  validateStreamJob,
} from "../../crds/index.ts";
import type {
  ConfigMap,
  ControllerRevision,
  Pod,
  PodDisruptionBudget,
  Service,
  StatefulSet,
} from "../kubernetes/api/index.ts";
import { incarnationOf } from "../engine/index.ts";
import { nativeEngine } from "../engine-native/index.ts";
import type { JobManagerView, Observed, ObservedIncarnation, TriggerView } from "./facts/observed.ts";
import type { Action, Child, Plan } from "./actions/plan.ts";
import { reconcile } from "./reconcile.ts";
import { preflightRestore } from "./operation/restore-choice.ts";
import type { NamedPlace } from "./facts/named-places.ts";
import type { ReconcileSettings } from "./facts/settings.ts";
import {
  type Behaviour,
  misfitOf,
  resolve,
  SimulatedJobManager,
  SimulatedStore,
  type State,
  type Surroundings,
} from "./simulated-jobmanager.test-support.ts";
import { objectMade } from "./simulated-certificates.test-support.ts";
import { type Head, SimulatedOracle, type Start, type Stop } from "./simulated-oracle.test-support.ts";
import { SimulatedRefusals } from "./simulated-refusals.test-support.ts";
import { collect, collectionView } from "./simulated-collection.test-support.ts";
import { SimulatedSnapshots } from "./simulated-snapshots.test-support.ts";
import { SimulatedStoragePods } from "./simulated-storage-pods.test-support.ts";
import { statusOf } from "./status/stored-status.ts";
import { calm, type OperatorFault, type WorldOptions } from "./world-options.test-support.ts";

type PodText = { readonly args: readonly [Behaviour]; readonly jobId: string; readonly storeUri: string };

export const settings: ReconcileSettings = {
  storageRoot: "/state",
  defaultImage: "streamjob:test",
  engine: nativeEngine,
};
export const START_MS = parseTime("2031-01-01T00:00:00.000Z");

type PodRecord = { pod: Pod; readonly set: string; readonly readyMs: number; endsMs: number | null; restarts: number };

/** A spec whose job does `behaviour`. `version` makes it another one. */
export function specOf(behaviour: Behaviour, version = 1, more: Partial<StreamJobSpec> = {}): StreamJobSpec {
  return { job: { module: "/job.ts", args: [behaviour, String(version)] }, ...more };
}

export class SimulatedWorld implements Surroundings {
  nowMs = START_MS;
  job: StreamJob | null;
  settings = settings;
  readonly #oracle = new SimulatedOracle(() => this.nowMs - START_MS);
  readonly #options: WorldOptions;
  readonly #children = new Map<string, Child>();
  readonly #revisions = new Map<string, ControllerRevision>();
  readonly #pods = new Map<string, PodRecord>();
  readonly #managers = new Map<number, SimulatedJobManager>();
  readonly #stores = new Map<string, SimulatedStore>();
  readonly snapshots = new SimulatedSnapshots(this);
  readonly #states = new Map<string, State>();
  readonly storesInUse = new Set<string>();
  readonly storeNamers: NamedPlace[] = [];
  readonly storagePods = new SimulatedStoragePods(this);
  head: Head | null = null;
  statusWrites = 0;
  readonly refusals = new SimulatedRefusals();
  readonly #verdicts = new Map<number, Observed["validated"]>();
  #failingSavepoints: number;
  #random: number;
  #version = 1;

  constructor(spec: StreamJobSpec, options: Partial<WorldOptions> = {}, uid = "4a6f0c52-0000-4000-8000-000000000001") {
    this.#options = { ...calm, ...options };
    this.#random = this.#options.seed;
    this.#failingSavepoints = this.#options.failingSavepoints;
    this.job = {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: {
        name: "wc",
        namespace: "default",
        uid,
        generation: 1,
        resourceVersion: "1",
        creationTimestamp: formatTime(START_MS),
      },
      spec,
    };
  }

  /** Mulberry32. */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  get status(): StreamJobStatus {
    if (this.job === null) throw new Error("the StreamJob is gone");
    return statusOf(this.job);
  }

  manager(incarnation: number | undefined): SimulatedJobManager | null {
    return this.#managers.get(incarnation ?? 0) ?? null;
  }

  get active(): SimulatedJobManager | null {
    return this.job === null ? null : this.manager(this.status.active?.incarnation);
  }

  get violations(): readonly string[] {
    return this.#oracle.violations;
  }

  get stopped(): readonly Stop[] {
    return this.#oracle.stopped;
  }

  get starts(): readonly Start[] {
    return this.#oracle.starts;
  }

  get podNames(): readonly string[] {
    return [...this.#pods.keys()];
  }

  childNames(): readonly string[] {
    return [...this.#children.keys()];
  }

  // What users do.

  patch(change: (spec: StreamJobSpec) => StreamJobSpec): void {
    const spec = this.job === null ? null : change(this.job.spec);
    if (this.job === null || spec === null || JSON.stringify(spec) === JSON.stringify(this.job.spec)) return;
    this.#write({ spec, metadata: { ...this.job.metadata, generation: (this.job.metadata.generation ?? 0) + 1 } });
  }

  annotate(annotations: Readonly<Record<string, string>>): void {
    if (this.job === null) return;
    const { metadata } = this.job;
    this.#write({ metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } });
  }

  delete(): void {
    if (this.job === null || this.job.metadata.deletionTimestamp !== undefined) return;
    const { metadata } = this.job;
    if ((metadata.finalizers ?? []).length === 0) return this.#gone();
    const generation = (metadata.generation ?? 0) + 1;
    this.#write({ metadata: { ...metadata, generation, deletionTimestamp: formatTime(this.nowMs) } });
  }

  createSnapshot(name: string, more: Partial<StreamJobSnapshot["spec"]> = {}): void {
    this.snapshots.put({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJobSnapshot",
      metadata: { name, namespace: "default" },
      spec: { jobRef: { name: "wc" }, ...more },
    });
  }

  /** Takes an object away, such as `Service/wc-1`. */
  remove(key: string): void {
    this.#children.delete(key);
  }

  /** A state that was made elsewhere. */
  plantState(path: string, value: number, uid = "count"): void {
    this.#states.set(path, { id: 1, value, path, timeMs: this.nowMs, uid });
  }

  killJobManager(): void {
    const { active } = this;
    if (active === null) return;
    const record = this.#pods.get(`wc-${active.incarnation}-jobmanager-0`);
    if (record === undefined || record.endsMs !== null) return;
    record.restarts++;
    this.#startManager(record.pod);
  }

  /** Lets the world go on, in small steps. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + 50);
      this.#tickPods();
      for (const manager of this.#managers.values()) manager.tick();
      this.#oracle.seeManagers(this.#managers.values());
    }
  }

  #tickPods(): void {
    for (const child of this.#children.values()) {
      if (child.kind !== "StatefulSet") continue;
      for (let index = 0; index < (child.spec.replicas ?? 1); index++) this.#ensurePod(child, index);
    }
    for (const [name, record] of this.#pods) {
      const isOrphan =
        this.#children.get(`StatefulSet/${record.set}`)?.metadata.uid !== record.pod.metadata.ownerReferences?.[0]?.uid;
      if (isOrphan && record.endsMs === null) {
        record.endsMs = this.nowMs + this.#options.podEndMs * (0.5 + this.random());
        const metadata = { ...record.pod.metadata, deletionTimestamp: formatTime(this.nowMs) };
        record.pod = { ...record.pod, metadata };
      }
      if (record.endsMs !== null && this.nowMs >= record.endsMs) {
        this.#pods.delete(name);
        if (name.endsWith("jobmanager-0")) this.#managers.delete(incarnationOf(record.pod) ?? 0);
        continue;
      }
      const isReady = this.nowMs >= record.readyMs;
      if (isReady && name.endsWith("jobmanager-0") && !this.#managers.has(incarnationOf(record.pod) ?? 0)) {
        this.#startManager(record.pod);
      }
    }
  }

  #ensurePod(set: StatefulSet, index: number): void {
    const name = `${set.metadata.name}-${index}`;
    if (this.#pods.has(name)) return;
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        namespace: "default",
        uid: `pod-${this.#version++}`,
        labels: set.spec.template.metadata?.labels ?? {},
        ownerReferences: [
          {
            apiVersion: "apps/v1",
            kind: "StatefulSet",
            name: set.metadata.name,
            uid: set.metadata.uid ?? "",
            controller: true,
          },
        ],
      },
      spec: set.spec.template.spec,
    };
    if (this.refusals.refuse({ kind: "tryPod", pod }) !== null) return;
    const present = [...this.#pods.values()].map((record) => record.pod);
    this.#oracle.seeNewPod(set, present, this.job === null ? undefined : this.status.operation);
    const readyMs = this.nowMs + this.#options.podStartMs * (0.5 + this.random());
    this.#pods.set(name, { pod, set: set.metadata.name, readyMs, endsMs: null, restarts: 0 });
  }

  #startManager(pod: Pod): void {
    const incarnation = incarnationOf(pod) ?? 0;
    const configMap = this.#configMap(incarnation);
    if (configMap === null) return;
    const { args, jobId, storeUri } = JSON.parse(configMap.data?.["config.json"] ?? "") as PodText;
    const [behaviour] = args;
    this.#managers.set(incarnation, new SimulatedJobManager(this, { incarnation, jobId, behaviour, storeUri }));
  }

  store(uri: string): SimulatedStore {
    const store = this.#stores.get(uri) ?? new SimulatedStore(uri);
    this.#stores.set(uri, store);
    return store;
  }

  stateAt(path: string): State | null {
    return this.#states.get(path) ?? null;
  }

  onState(store: SimulatedStore, state: State): void {
    this.#states.set(state.path, state);
    this.head = { state, store };
  }

  onStart({ incarnation, store }: SimulatedJobManager, from: RestorePoint, state: State | null): void {
    this.#oracle.seeRun(store, this.status.operation?.revision ?? "?");
    this.#oracle.seeStart({ incarnation, value: state?.value ?? 0, from }, this.head, this.status);
  }

  onStopped(triggerId: string): void {
    this.#oracle.seeStop(triggerId, this.job === null ? "" : (this.status.operation?.operationId ?? "by hand"));
  }

  savepointFails(): boolean {
    return this.#failingSavepoints-- > 0;
  }

  taskManagersReady(incarnation: number): number {
    let ready = 0;
    for (const [name, { readyMs }] of this.#pods) {
      if (name.startsWith(`wc-${incarnation}-taskmanager-`) && this.nowMs >= readyMs) ready++;
    }
    return ready;
  }

  // What the operator sees.

  earlierPods: Observed["earlierPods"] = new Map();

  observe(): Observed {
    const { job } = this;
    if (job === null) throw new Error("the StreamJob is gone");
    const status = statusOf(job);
    const { operation, active, savepoint } = status;
    const numbers = new Set<number>();
    for (const child of this.#children.values()) numbers.add(incarnationOf(child) ?? 0);
    for (const { pod } of this.#pods.values()) numbers.add(incarnationOf(pod) ?? 0);
    numbers.delete(0);
    const asked = new Set([active?.incarnation, operation?.from, operation?.to]);
    const incarnations = [...numbers].map((number) => this.#incarnation(number, asked.has(number)));
    const from = preflightRestore(status, this.#verdict(job));
    const preflighter = operation?.step === "Preflight" ? this.manager(operation.to ?? 0) : null;
    return {
      job,
      validated: this.#verdict(job),
      revisions: this.#shuffled([...this.#revisions.values()]).map((revision) => ({
        name: revision.metadata.name,
        hash: revision.metadata.name.slice(3),
        number: revision.revision,
        ...(revision.data as { generation: number; spec: StreamJobSpec }),
      })),
      incarnations: this.#shuffled(incarnations),
      earlierPods: this.earlierPods,
      snapshots: this.#shuffled(this.snapshots.all),
      restoreSnapshot: { kind: "none" },
      foreignReferences: new Set(),
      storesInUse: this.storesInUse,
      storeNamers: this.storeNamers,
      storagePods: this.#shuffled(this.storagePods.all),
      collection: status.collecting === undefined ? null : collectionView(this.active, status.collecting.storeUri),
      restService: (this.#children.get("Service/wc-rest") as Service | undefined) ?? null,
      disruptionBudgets: this.#shuffled(
        [...this.#children.values()].filter(
          (child): child is PodDisruptionBudget => child.kind === "PodDisruptionBudget",
        ),
      ),
      stopTrigger:
        operation?.step === "Stopping" && operation.savepoint?.path === null
          ? this.#triggerView(operation.from, operation.triggerId)
          : null,
      savepointTrigger:
        savepoint === undefined ? null : this.#triggerView(active?.incarnation ?? null, savepoint.triggerId),
      preflight: preflighter?.phase === "standby" && from !== null ? this.#preflight(preflighter, from) : null,
      disposals: this.active === null ? {} : this.snapshots.disposals,
      refusals: this.refusals.all,
      exceptions: [],
      newestException: null,
    };
  }

  /** Once per generation, as operator/observe does. */
  #verdict(job: StreamJob): Observed["validated"] {
    const generation = job.metadata.generation ?? 0;
    const found = this.#verdicts.get(generation) ?? validateStreamJob(job);
    this.#verdicts.set(generation, found);
    return found;
  }

  #incarnation(number: number, isAsked: boolean): ObservedIncarnation {
    const pods = [...this.#pods.values()].filter(({ pod }) => incarnationOf(pod) === number);
    return {
      number,
      configMap: this.#configMap(number),
      service: (this.#children.get(`Service/wc-${number}`) as Service | undefined) ?? null,
      jobManagerSet: (this.#children.get(`StatefulSet/wc-${number}-jobmanager`) as StatefulSet | undefined) ?? null,
      taskManagerSet: (this.#children.get(`StatefulSet/wc-${number}-taskmanager`) as StatefulSet | undefined) ?? null,
      pods: this.#shuffled(pods).map(({ pod, restarts }) => ({
        ...pod,
        status: { containerStatuses: [{ name: "main", ready: true, restartCount: restarts }] },
      })),
      jobManager: this.#view(number, isAsked, pods),
    };
  }

  #configMap(number: number): ConfigMap | null {
    for (const child of this.#children.values())
      if (child.kind === "ConfigMap" && incarnationOf(child) === number) return child;
    return null;
  }

  #view(number: number, isAsked: boolean, pods: readonly PodRecord[]): JobManagerView {
    if (!pods.some(({ pod }) => pod.metadata.labels?.[COMPONENT_LABEL] === "jobmanager")) return { kind: "absent" };
    const manager = this.manager(number);
    if (!isAsked || manager === null || !manager.isReachable) return this.#silence();
    return { kind: "answering", incarnation: manager.message() };
  }

  /** As the network has it: another text each time. */
  #silence(): { readonly kind: "unreachable"; readonly message: string } {
    return { kind: "unreachable", message: `${this.random() < 0.5 ? "refused" : "reset"} after ${this.random()} s` };
  }

  #triggerView(incarnation: number | null, triggerId: string): TriggerView {
    const manager = this.manager(incarnation ?? 0);
    if (manager === null || !manager.isReachable) return this.#silence();
    return manager.triggers.get(triggerId)?.view ?? { kind: "unknown" };
  }

  #preflight(manager: SimulatedJobManager, from: RestorePoint): Observed["preflight"] {
    if (manager.behaviour === "incompatible") return { kind: "incompatible", reasons: ["another type"] };
    if (manager.behaviour === "unable-to-look") return { kind: "unanswered", reason: "the store does not answer" };
    const resolved = resolve(this, from);
    if (resolved.kind === "refused") return { kind: "incompatible", reasons: [resolved.why] };
    const misfit = misfitOf(manager.behaviour, resolved.state, from);
    if (misfit !== null) return { kind: "incompatible", reasons: [misfit] };
    return { kind: "compatible", from: resolved.state?.path ?? null };
  }

  #shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, place: this.random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }

  /** `crashAfter`: so many actions are done; -1: not even the status is written. */
  apply(observed: Observed, plan: Plan, { crashAfter = Number.POSITIVE_INFINITY } = {}): "done" | "stopped" {
    if (this.job === null || observed.job.metadata.resourceVersion !== this.job.metadata.resourceVersion)
      return "stopped";
    if (crashAfter < 0) return "stopped";
    if (plan.status !== null) {
      // As an API server keeps it: without nulls.
      const status = JSON.parse(JSON.stringify(plan.status), (_key, value: unknown) => value ?? undefined);
      this.#write({ status });
      this.statusWrites++;
    }
    return this.refusals.carryOut(plan.actions, crashAfter, (action) => this.#act(action));
  }

  /** Whether it succeeded. */
  #act(action: Action): boolean {
    const { job } = this;
    if (job === null) return false;
    const { metadata } = job;
    switch (action.kind) {
      case "addFinalizer":
        this.#write({ metadata: { ...metadata, finalizers: [CLEANUP_FINALIZER] } });
        return true;
      case "removeFinalizer":
        this.#gone();
        return true;
      case "removeAnnotation": {
        const { [action.annotation]: _, ...annotations } = metadata.annotations ?? {};
        this.#write({ metadata: { ...metadata, annotations } });
        return true;
      }
      case "createRevision":
        this.#revisions.set(action.revision.metadata.name, action.revision);
        return true;
      case "deleteRevision":
        return this.#revisions.delete(action.name);
      case "applyChild":
        return this.#applyChild(action.object);
      case "tryPod":
        return true;
      case "issueCertificates":
        return this.#applyChild(objectMade(action, this.#uidOf));
      case "deleteChild":
        if (action.objectKind === "Pod") return this.storagePods.delete(action.name, action.uid);
        return this.#deleteChild(`${action.objectKind}/${action.name}`, action.uid);
      case "activate": {
        const manager = this.manager(action.incarnation);
        this.#oracle.seeId(action.activation.activationId, JSON.stringify(action));
        return manager?.isReachable === true && manager.activate(action.activation) === "accepted";
      }
      case "triggerStop":
      case "triggerSavepoint":
        return this.#trigger(action);
      case "collectStore":
        return collect(this.manager(action.incarnation), this.store(action.storeUri), this.#oracle);
      case "cancelJob":
        this.manager(action.incarnation)?.cancel();
        return true;
      case "triggerCheckpoint":
      case "disposeSavepoint":
        return this.manager(action.incarnation)?.isReachable === true;
      default:
        return this.snapshots.act(action);
    }
  }

  #uidOf = (key: string): string | undefined => this.#children.get(key)?.metadata.uid;

  #applyChild(object: Child): boolean {
    if (object.kind === "Pod") return this.storagePods.apply(object);
    const key = `${object.kind}/${object.metadata.name}`;
    // The API server counts in whole seconds.
    const { creationTimestamp = formatTime(Math.floor(this.nowMs / 1000) * 1000) } =
      this.#children.get(key)?.metadata ?? {};
    const uid = this.#uidOf(key) ?? `uid-${this.#version++}`;
    this.#children.set(key, { ...object, metadata: { ...object.metadata, uid, creationTimestamp } } as Child);
    return true;
  }

  #deleteChild(key: string, uid: string): boolean {
    const child = this.#children.get(key);
    if (child === undefined || child.metadata.uid !== uid) return true;
    const manager = child.kind === "StatefulSet" ? this.manager(incarnationOf(child) ?? 0) : null;
    if (manager !== null) this.#oracle.seeRemoval(manager, this.status);
    return this.#children.delete(key);
  }

  #trigger(action: Extract<Action, { kind: "triggerStop" | "triggerSavepoint" }>): boolean {
    const manager = this.manager(action.incarnation);
    this.#oracle.seeId(action.triggerId, JSON.stringify(action));
    if (manager === null || !manager.isReachable) return false;
    const open = [...manager.triggers].filter(
      ([id, { view }]) => id !== action.triggerId && view.kind === "inProgress",
    );
    if (open.length > 0 && manager.isLive) this.#oracle.wrong(`${action.kind} while ${open[0]?.[1].kind} is in flight`);
    const endsMs = this.nowMs + this.#options.savepointMs * (0.5 + this.random());
    manager.trigger(action.triggerId, {
      kind: action.kind === "triggerStop" ? "stop" : "savepoint",
      target: action.target,
      endsMs,
    });
    return true;
  }

  nextVersion(): number {
    return ++this.#version;
  }

  #write(change: Partial<StreamJob>): void {
    if (this.job === null) return;
    const merged = { ...this.job, ...change };
    this.job = { ...merged, metadata: { ...merged.metadata, resourceVersion: String(++this.#version) } };
  }

  #gone(): void {
    this.job = null;
    for (const [key, child] of this.#children) {
      if (child.kind === "StatefulSet")
        this.#oracle.wrong(`the StreamJob went before ${key} of ${child.metadata.labels?.[INCARNATION_LABEL]}`);
    }
    this.#children.clear();
    this.storagePods.clear();
  }

  /** One look and what follows; the plan. */
  look(faults: { readonly crashAfter?: number } = {}): Plan {
    const observed = this.observe();
    const plan = reconcile(observed, this.settings, this.nowMs);
    this.apply(observed, plan, faults);
    return plan;
  }

  /** Looks again and again, each as soon as the plan before it asked, until `isOver` or for `ms`. */
  run(ms: number, isOver: (plan: Plan) => boolean = () => false, faults?: (look: number) => OperatorFault): void {
    const endMs = this.nowMs + ms;
    for (let look = 0; this.nowMs < endMs && this.job !== null; look++) {
      const fault = faults?.(look) ?? {};
      const plan = this.look(fault);
      if (isOver(plan)) return;
      const pauseMs = Math.max(plan.wakeAfterMs ?? ms, 100, fault.awayMs ?? 0);
      this.advance(Math.min(pauseMs, endMs - this.nowMs));
    }
  }

  /** Until nothing is in progress and nothing is planned, twice in a row and `calmMs` apart; false: not within `ms`. */
  settle(ms = 15 * 60_000): boolean {
    let quiet = 0;
    this.run(ms, (plan) => {
      const { operation, active, savepoint } = this.job === null ? ({} as Partial<StreamJobStatus>) : this.status;
      const isYoung = active !== undefined && active.ended === null && active.stableAt === null;
      const isQuiet = plan.status === null && plan.actions.length === 0 && !operation && !savepoint && !isYoung;
      quiet = isQuiet ? quiet + 1 : 0;
      return quiet >= 3;
    });
    return this.job === null || quiet >= 3;
  }
}
