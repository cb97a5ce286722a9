/**
 * Owns: for tests: stores of incarnations and JobManagers as processes, as far as an operator sees them; deterministic.
 * Not here: pods and objects (simulated-world.test-support.ts).
 *
 * SIJ1 A store survives its processes: activation, states, result. A process that starts again goes on from its store.
 * SIJ2 A fenced store takes no state any more. What is restored is decided after fencing, by the store's objects alone.
 * SIJ3 Each state has a value that rises with every millisecond of running, so an older start is seen as a smaller value.
 */
import type { RestorePoint } from "../../crds/index.ts";
import type { Activation, IncarnationView } from "../engine/index.ts";
import type { TriggerView } from "./facts/observed.ts";

export type State = {
  readonly id: number;
  readonly value: number;
  readonly path: string;
  readonly timeMs: number;
  /** Of the operator that it is of. */
  readonly uid: string;
};
type Result = NonNullable<IncarnationView["result"]>;

export class SimulatedStore {
  readonly uri: string;
  activation: Activation | null = null;
  readonly states: State[] = [];
  result: Result | null = null;
  isFenced = false;
  /** Its state is deleted. */
  isCollected = false;
  /** Nothing of it is left; `false`: while pods of its job were there. */
  erased: boolean | null = null;

  constructor(uri: string) {
    this.uri = uri;
  }

  erase(isAlone: boolean): void {
    this.states.length = 0;
    this.erased = isAlone;
  }
}

/** What the code of a job does, by its first argument. */
export type Behaviour =
  | "good"
  /** The module does not load. */
  | "refuse"
  | "incompatible"
  /** Its store does not answer it. */
  | "unable-to-look"
  /** Its operator has another uid. */
  | "renamed"
  /** The restore is impossible. */
  | "refuse-activation"
  /** FAILED before its first checkpoint. */
  | "fail-early"
  /** FAILED 10 s after it began, with checkpoints before. */
  | "fail-late"
  /** Restarts each 20 s. */
  | "restart"
  | "finish"
  /** Its sinks leave transactions in other systems. */
  | "transactional"
  /** A stop that fails ends it as if it had done all its work, and its checkpoints are gone, as JobManagers did once. */
  | "end-with-failed-stop";

export type Trigger = {
  readonly kind: "stop" | "savepoint";
  readonly target: string;
  readonly endsMs: number;
  view: TriggerView;
};

/** What a JobManager needs of the world that it lives in. */
export type Surroundings = {
  readonly nowMs: number;
  store(uri: string): SimulatedStore;
  stateAt(path: string): State | null;
  onState(store: SimulatedStore, state: State): void;
  onStart(manager: SimulatedJobManager, from: RestorePoint, state: State | null): void;
  onStopped(triggerId: string): void;
  savepointFails(): boolean;
  taskManagersReady(incarnation: number): number;
};

export type Resolved =
  | { readonly kind: "state"; readonly state: State | null }
  | { readonly kind: "refused"; readonly why: string };

const LOAD_MS = 300;
const ACTIVATE_MS = 150;
const DEPLOY_MS = 200;
const CHECKPOINT_MS = 1000;
const RESTART_MS = 300;

export class SimulatedJobManager {
  readonly incarnation: number;
  readonly jobId: string;
  readonly behaviour: Behaviour;
  readonly store: SimulatedStore;
  readonly triggers = new Map<string, Trigger>();
  phase: IncarnationView["phase"] = "loading";
  jobStatus: NonNullable<IncarnationView["job"]>["status"] = "CREATED";
  restarts = 0;
  unreachableUntilMs = 0;
  checkpointTrouble: NonNullable<IncarnationView["checkpointTrouble"]> | null = null;
  error: string | null = null;
  leftOut: readonly string[] = [];
  readonly #world: Surroundings;
  #phaseSinceMs: number;
  #startedMs = 0;
  #runningSinceMs = 0;
  #baseValue = 0;
  #lastTryMs = 0;

  constructor(world: Surroundings, of: { incarnation: number; jobId: string; behaviour: Behaviour; storeUri: string }) {
    this.#world = world;
    this.incarnation = of.incarnation;
    this.jobId = of.jobId;
    this.behaviour = of.behaviour;
    this.store = world.store(of.storeUri);
    this.#phaseSinceMs = world.nowMs;
  }

  get #hereMs(): number {
    return this.#world.nowMs - this.#phaseSinceMs;
  }

  get value(): number {
    return this.jobStatus === "RUNNING"
      ? this.#baseValue + (this.#world.nowMs - this.#runningSinceMs)
      : this.#baseValue;
  }

  /** It may process and commit. */
  get isLive(): boolean {
    return this.phase === "active" && !this.store.isFenced && this.store.result === null;
  }

  get isReachable(): boolean {
    return this.#world.nowMs >= this.unreachableUntilMs;
  }

  storeAt(uri: string): SimulatedStore {
    return this.#world.store(uri);
  }

  tick(): void {
    if (this.phase === "active" && this.store.isFenced) this.#enter("ended");
    if (this.phase === "loading" && this.#hereMs >= LOAD_MS) this.#loaded();
    if (this.phase === "activating" && this.#hereMs >= ACTIVATE_MS) this.#start();
    if (this.phase !== "active") return;
    const restartMs = this.jobStatus === "RESTARTING" ? RESTART_MS : DEPLOY_MS;
    if (this.jobStatus !== "RUNNING" && this.#world.nowMs - this.#runningSinceMs >= restartMs) {
      this.jobStatus = "RUNNING";
      this.#runningSinceMs = this.#world.nowMs;
      this.#lastTryMs = this.#world.nowMs;
    }
    if (this.jobStatus === "RUNNING") this.#run();
  }

  #loaded(): void {
    if (this.behaviour === "refuse") return this.#refuse("the module does not load");
    if (this.store.result !== null || this.store.isFenced) return this.#enter("ended");
    this.#enter(this.store.activation === null ? "standby" : "activating");
  }

  #refuse(why: string): void {
    this.error = why;
    this.#enter("refused");
  }

  #enter(phase: IncarnationView["phase"]): void {
    this.phase = phase;
    this.#phaseSinceMs = this.#world.nowMs;
  }

  #start(): void {
    const { activation } = this.store;
    if (activation === null) return;
    if (this.behaviour === "refuse-activation") return this.#refuse("its state cannot be restored");
    this.#fence(activation.predecessors);
    const own = this.store.states.at(-1);
    const resolved: Resolved =
      own === undefined ? resolve(this.#world, activation.from) : { kind: "state", state: own };
    if (resolved.kind === "refused") return this.#refuse(resolved.why);
    const misfit = misfitOf(this.behaviour, resolved.state, own === undefined ? activation.from : { kind: "none" });
    if (misfit !== null) return this.#refuse(misfit);
    this.leftOut = resolved.state === null || resolved.state.uid === uidOf(this.behaviour) ? [] : [resolved.state.uid];
    this.#world.onStart(this, activation.from, resolved.state);
    this.#baseValue = resolved.state?.value ?? 0;
    this.#startedMs = this.#world.nowMs;
    this.#runningSinceMs = this.#world.nowMs;
    this.jobStatus = "CREATED";
    this.#enter("active");
  }

  /** Those of whom it takes over, too: that one may have died before it did so (LA3). */
  #fence(uris: readonly string[]): void {
    for (const store of uris.map((uri) => this.#world.store(uri)).filter((each) => each !== this.store)) {
      if (store.isFenced) continue;
      store.isFenced = true;
      this.#fence(store.activation?.predecessors ?? []);
    }
  }

  #run(): void {
    const { nowMs } = this.#world;
    const ranMs = nowMs - this.#startedMs;
    if (this.behaviour === "fail-early" && ranMs > 700) return this.#end({ status: "FAILED", savepoint: null });
    if (this.behaviour === "fail-late" && ranMs > 10_000) return this.#end({ status: "FAILED", savepoint: null });
    // A stop that is under way has its savepoint first.
    const isStopping = [...this.triggers.values()].some(
      ({ kind, view }) => kind === "stop" && view.kind === "inProgress",
    );
    if (this.behaviour === "finish" && ranMs > 8000 && !isStopping)
      return this.#end({ status: "FINISHED", savepoint: null });
    if (this.behaviour === "restart" && nowMs - this.#runningSinceMs > 20_000) return this.restartJob();
    for (const [id, trigger] of this.triggers) {
      if (trigger.view.kind === "inProgress" && nowMs >= trigger.endsMs) this.#finishTrigger(id, trigger);
      if (this.phase !== "active") return;
    }
    if (nowMs - this.#lastTryMs < CHECKPOINT_MS) return;
    this.#lastTryMs = nowMs;
    this.#keep(`${this.store.uri}/chk-${this.store.states.length + 1}`);
  }

  #keep(path: string): State {
    const uid = uidOf(this.behaviour);
    const state = { id: this.store.states.length + 1, value: this.value, path, timeMs: this.#world.nowMs, uid };
    this.store.states.push(state);
    this.#world.onState(this.store, state);
    return state;
  }

  #finishTrigger(id: string, trigger: Trigger): void {
    if (this.#world.savepointFails()) {
      trigger.view = { kind: "failed", message: "the store is full" };
      if (this.behaviour !== "end-with-failed-stop" || trigger.kind !== "stop") return;
      this.store.states.length = 0;
      return this.#end({ status: "FINISHED", savepoint: null });
    }
    const { path } = this.#keep(trigger.target);
    trigger.view = { kind: "completed", location: path };
    if (trigger.kind !== "stop") return;
    this.#world.onStopped(id);
    this.#end({ status: "FINISHED", savepoint: path });
  }

  #end(result: Result): void {
    this.#baseValue = this.value;
    this.store.result = result;
    this.jobStatus = result.status;
    this.#enter("ended");
  }

  /** A TaskManager died, or the job threw: from the last checkpoint. Savepoints under way are lost. */
  restartJob(): void {
    if (!this.isLive || this.jobStatus !== "RUNNING") return;
    for (const trigger of this.triggers.values()) {
      if (trigger.view.kind === "inProgress") trigger.view = { kind: "failed", message: "the job restarted" };
    }
    this.restarts++;
    this.#baseValue = this.store.states.at(-1)?.value ?? this.#baseValue;
    this.jobStatus = "RESTARTING";
    this.#runningSinceMs = this.#world.nowMs;
  }

  activate(request: Activation): "accepted" | "conflict" {
    const { activation } = this.store;
    if (activation !== null) return activation.activationId === request.activationId ? "accepted" : "conflict";
    if (this.phase !== "standby") return "conflict";
    this.store.activation = request;
    this.#enter("activating");
    return "accepted";
  }

  /** Null: it is known already, or refused. */
  trigger(id: string, trigger: Omit<Trigger, "view">): void {
    if (this.triggers.has(id) || !this.isLive || this.jobStatus !== "RUNNING") return;
    this.triggers.set(id, { ...trigger, view: { kind: "inProgress" } });
  }

  cancel(): void {
    if (this.isLive) this.#end({ status: "CANCELED", savepoint: null });
  }

  message(): IncarnationView {
    const { store } = this;
    const last = store.states.at(-1);
    const isFenced = this.phase === "ended" && store.isFenced && store.result === null;
    const failure =
      this.jobStatus === "FAILED" ? { code: null, message: "it threw", destiny: "terminal" as const } : null;
    const error = isFenced ? "fenced" : this.error;
    return {
      jobId: this.jobId,
      phase: this.phase,
      error: error === null ? null : { code: null, message: error, destiny: "terminal" },
      epoch: 1,
      taskManagers: this.#world.taskManagersReady(this.incarnation),
      taskManagersReady: this.#world.taskManagersReady(this.incarnation),
      leftOut: this.leftOut,
      settlesOnDeletion: this.behaviour === "transactional",
      activation: store.activation === null ? null : { ...store.activation, acceptedMs: 0 },
      job:
        this.phase === "active" || this.phase === "ended"
          ? { status: this.jobStatus, restarts: this.restarts, startedMs: this.#startedMs, endedMs: null, failure }
          : null,
      lastCheckpoint:
        last === undefined ? null : { id: last.id, timeMs: last.timeMs, path: last.path, sizeBytes: last.value },
      checkpointTrouble: this.checkpointTrouble,
      completedCheckpoints: store.states.length,
      firstCheckpointMs: store.states[0]?.timeMs ?? null,
      lastSavepoint: null,
      result: store.result,
    };
  }
}

const uidOf = (behaviour: Behaviour): string => (behaviour === "renamed" ? "total" : "count");

/** Why the job does not take the state; null: it does, or may leave it behind. */
export function misfitOf(behaviour: Behaviour, state: State | null, from: RestorePoint): string | null {
  const isAllowed = from.kind !== "none" && from.allowNonRestoredState;
  if (state === null || isAllowed || state.uid === uidOf(behaviour)) return null;
  const field = from.kind === "path" ? "restore" : "upgrade";
  return `no operator has uid "${state.uid}": set ${field}.allowNonRestoredState: true`;
}

/** As the contract says it; called after fencing. */
export function resolve(world: Pick<Surroundings, "store" | "stateAt">, from: RestorePoint): Resolved {
  if (from.kind === "none") return { kind: "state", state: null };
  if (from.kind === "path") {
    const state = world.stateAt(from.path);
    return state === null ? { kind: "refused", why: `there is no ${from.path}` } : { kind: "state", state };
  }
  const store = world.store(from.storeUri);
  if (store.isCollected) return { kind: "refused", why: `the state in ${from.storeUri} was deleted` };
  const newest = store.states.at(-1);
  if (store.result?.status === "FINISHED" && store.result.savepoint === null) {
    return { kind: "refused", why: "the job FINISHED" };
  }
  if (from.savepoint !== null && newest?.path !== from.savepoint) {
    return { kind: "refused", why: `${from.savepoint} is not the newest state, ${newest?.path} is` };
  }
  if (newest !== undefined) return { kind: "state", state: newest };
  if (store.activation === null) return { kind: "refused", why: `${from.storeUri} holds nothing` };
  return resolve(world, store.activation.from);
}
