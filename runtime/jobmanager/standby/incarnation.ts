/**
 * Owns: one incarnation's JobManager as its operator sees it: from loading over standby to active, ended or refused; the activation.
 * Not here: the job (job-manager.ts, job-master.ts), what an activation leads to (startup.ts, latest-state.ts), HTTP (rest).
 * Called by: cli's pod program.
 *
 * IC1 Every incarnation starts as standby: it leads its own log, its TaskManagers register and load the job, nothing of the job runs.
 * IC2 The activation is durable before it is answered. A process started again finds it and goes on by itself; one without waits.
 * IC3 Nothing that goes wrong before the job is deployed ends the process: it goes on to say what (`refused`). After the end of the job
 *     it goes on to say how it ended, and so does one started again, from the store.
 * IC4 Taken over by another incarnation it says so for as long as it lives, and whenever it is started again. Fenced by another
 *     process of the same incarnation it ends (`onFenced`): that one has its place.
 */
import { loadStreamGraph } from "../../program/index.ts";
import { type ErrorInfo, type JobId, jobId, StreamError, toErrorInfo } from "../../../base/index.ts";
import { type CheckpointLog, collectStore } from "../../checkpoint/index.ts";
import type {
  ActivationRequest,
  IncarnationFailure,
  IncarnationMessage,
  IncarnationPhase,
  PreflightAnswer,
  RestoreMessage,
  StoredActivation,
} from "../../../contract/index.ts";
import type { StreamGraph } from "../../graph/index.ts";
import type { PeerSecurity } from "../../../security/index.ts";
import { type FromJobManager, listenRpc, type RpcConnection, type RpcServer } from "../../rpc/index.ts";
import { openStore, storeUriOf } from "../../storage/index.ts";
import { createActivation } from "../leading/activation-object.ts";
import type {
  CheckpointsView,
  ExceptionEntry,
  JobControl,
  JobView,
  SavepointRequest,
  TaskManagerView,
  TriggerAnswer,
  TriggerState,
} from "../control.ts";
import type { ActivationOutcome, IncarnationControl } from "./incarnation-control.ts";
import { JobManager } from "../job-manager.ts";
import type { Ending, JobManagerOptions, JobManagerStandby } from "../job-manager-options.ts";
import { settlesOnDeletion } from "../leading/left-transactions.ts";
import { checkRestore } from "./preflight.ts";
import { PreflightAnswers } from "./preflight-answers.ts";

export type IncarnationOptions = Omit<JobManagerOptions, "job" | "restore" | "standby" | "onTerminal"> & {
  readonly job: JobManagerOptions["job"] & { readonly jobId: string };
  /** Who TaskManagers have to be. Default null: whoever connects is taken. */
  readonly security?: PeerSecurity | null;
  /** Another process of this very incarnation leads: this one is to end. */
  readonly onFenced: () => void;
};

type Connection = RpcConnection<FromJobManager, object>;

/** Listens for TaskManagers, and loads the job and takes the lead on its own time. Errors: PORT_IN_USE, OPTION_INVALID (the store's URI). */
export async function startIncarnation(options: IncarnationOptions): Promise<Incarnation> {
  const incarnation = new Incarnation(options);
  await incarnation.open();
  return incarnation;
}

export class Incarnation implements JobControl, IncarnationControl, JobManagerStandby {
  readonly jobId: JobId;
  readonly #options: IncarnationOptions;
  readonly #storeUri: string;
  readonly #preflights: PreflightAnswers;
  #server: RpcServer | null = null;
  /** TaskManagers that came while the job was being loaded. */
  #early: Connection[] = [];
  #streamGraph: StreamGraph | null = null;
  #manager: JobManager | null = null;
  #refusal: ErrorInfo | null = null;
  #trouble: ErrorInfo | null = null;
  /** Set while it waits. */
  #gate: { readonly log: CheckpointLog; readonly open: (activation: StoredActivation) => void } | null = null;
  #activation: StoredActivation | null = null;
  #activating: Promise<StoredActivation> | null = null;
  #isActive = false;
  /** Uids of operators whose state was left behind. */
  #leftOut: readonly string[] = [];
  #ending: Ending | null = null;
  #isClosed = false;

  /** Use startIncarnation. */
  constructor(options: IncarnationOptions) {
    this.#options = options;
    this.jobId = jobId(options.job.jobId);
    this.#storeUri = storeUriOf(options.storeUri);
    this.#preflights = new PreflightAnswers(options.clock);
  }

  get rpcPort(): number {
    return this.#server?.port ?? this.#options.rpcPort;
  }

  async open(): Promise<void> {
    const { rpcHost: host, rpcPort: port } = this.#options;
    this.#server = await listenRpc<FromJobManager, object>({
      host,
      port,
      security: this.#options.security ?? null,
      onConnection: (connection) => {
        if (this.#manager === null) this.#early.push(connection);
        else this.#manager.accept(connection);
      },
    });
    void this.#load(this.#server);
  }

  /** As of JobManager: this process is about to end. */
  async leave(): Promise<void> {
    await this.#manager?.leave();
  }

  /** Leaves the job as it is, for another process to go on with. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#manager === null) await this.#server?.close();
    else await this.#manager.close();
  }

  incarnation(): Omit<IncarnationMessage, "version"> {
    const manager = this.#manager;
    const isOver = this.#ending !== null;
    const warmUp = isOver ? null : (manager?.warmUp() ?? null);
    const progress = manager?.progress();
    const result = manager?.result() ?? null;
    return {
      jobId: this.jobId,
      phase: this.#phase(),
      error: this.#failure(),
      epoch: manager?.job().epoch ?? 0,
      taskManagers: warmUp?.registered ?? 0,
      taskManagersReady: warmUp?.ready ?? 0,
      activation: this.#activationView(),
      leftOut: this.#leftOut,
      settlesOnDeletion: this.#streamGraph !== null && settlesOnDeletion(this.#streamGraph),
      job: this.#jobView(),
      lastCheckpoint: progress?.lastCheckpoint ?? null,
      checkpointTrouble: isOver ? null : (manager?.checkpoints().trouble ?? null),
      completedCheckpoints: progress?.completedCheckpoints ?? 0,
      firstCheckpointMs: progress?.firstCheckpointMs ?? null,
      lastSavepoint: progress?.lastSavepoint ?? null,
      result: result === null ? null : { status: result.status, savepoint: result.savepoint },
    };
  }

  async preflight(from: RestoreMessage): Promise<PreflightAnswer> {
    const { clock, log: logger } = this.#options;
    if (this.#streamGraph === null) throw this.#notLoaded();
    const facts = { streamGraph: this.#streamGraph, ownUri: this.#storeUri, slots: this.#slots() };
    return this.#preflights.ask(from, () => checkRestore(from, { ...facts, clock, logger }));
  }

  async activate(request: ActivationRequest): Promise<ActivationOutcome> {
    const gate = this.#gate;
    if (this.#activation === null && gate === null) {
      const reason = this.#failure()?.message ?? "the job is still being loaded";
      return { kind: "refused", reason: `this incarnation is ${this.#phase()} and cannot be activated: ${reason}` };
    }
    if (this.#activation === null && gate !== null) {
      this.#activating ??= this.#write(gate.log, request);
      try {
        this.#accept(await this.#activating);
      } finally {
        this.#activating = null;
      }
    }
    const { activationId } = this.#activation ?? request;
    return activationId === request.activationId ? { kind: "accepted" } : { kind: "taken", activationId };
  }

  async collect(storeUri: string): Promise<void> {
    const uri = storeUriOf(storeUri);
    const conflict = (why: string): StreamError =>
      new StreamError("JOB_STATE_CONFLICT", `the state in ${uri} cannot be deleted: ${why}`);
    if (uri === this.#storeUri) throw conflict("it is this incarnation's own");
    const hasState = this.#isActive && (this.#manager?.progress().completedCheckpoints ?? 0) > 0;
    if (!hasState) throw conflict("this incarnation has no checkpoint of its own yet, and would restart from there");
    const { objects, bytes } = await collectStore(await openStore(uri), this.#options.clock);
    this.#options.log.info({ storeUri: uri, objects, bytes }, "the state of an earlier incarnation was deleted");
  }

  job(): JobView {
    return this.#loaded().job();
  }

  checkpoints(): CheckpointsView {
    return this.#loaded().checkpoints();
  }

  exceptions(): readonly ExceptionEntry[] {
    return this.#loaded().exceptions();
  }

  taskManagers(): readonly TaskManagerView[] {
    return this.#loaded().taskManagers();
  }

  triggerSavepoint(request: SavepointRequest): TriggerAnswer {
    return this.#loaded().triggerSavepoint(request);
  }

  triggerCheckpoint(triggerId: string | null): TriggerAnswer {
    return this.#loaded().triggerCheckpoint(triggerId);
  }

  trigger(triggerId: string): TriggerState | null {
    return this.#loaded().trigger(triggerId);
  }

  disposeSavepoint(location: string): Promise<void> {
    return this.#loaded().disposeSavepoint(location);
  }

  cancel(how?: { readonly discard: boolean }): "accepted" | "alreadyTerminal" {
    const phase = this.#phase();
    if (phase === "active" || phase === "activating" || phase === "ended") return this.#loaded().cancel(how);
    throw new StreamError(
      "JOB_STATE_CONFLICT",
      `this incarnation is ${phase}: nothing of the job runs that could be cancelled`,
    );
  }

  /** Standby: called by the starting JobManager. */
  activation(log: CheckpointLog): Promise<StoredActivation> {
    return new Promise((resolve) => {
      this.#gate = { log, open: resolve };
      this.#options.log.info({}, "this incarnation is ready and waits for its activation");
    });
  }

  onActivation(activation: StoredActivation | null): void {
    this.#activation ??= activation;
    this.#gate = null;
  }

  onTrouble(error: unknown): void {
    this.#trouble = toErrorInfo(error);
  }

  onActive(leftOut: readonly string[]): void {
    this.#isActive = true;
    this.#leftOut = leftOut;
    this.#trouble = null;
  }

  onRefused(error: unknown): void {
    this.#refusal = toErrorInfo(error);
    this.#gate = null;
    this.#options.log.error({ err: error }, "this incarnation cannot run its job; staying up to report why");
  }

  async #load(server: RpcServer): Promise<void> {
    const { onFenced: _, ...options } = this.#options;
    try {
      const streamGraph = await loadStreamGraph(options.job);
      if (this.#isClosed) return;
      this.#streamGraph = streamGraph;
      const onTerminal = (ending: Ending): void => this.#ended(ending);
      const manager = new JobManager({ ...options, restore: null, standby: this, onTerminal }, streamGraph);
      this.#manager = manager;
      for (const connection of this.#early) manager.accept(connection);
      manager.begin(server);
    } catch (error) {
      this.onRefused(error);
      void server.close();
    }
    this.#early = [];
  }

  async #write(log: CheckpointLog, request: ActivationRequest): Promise<StoredActivation> {
    const { clock } = this.#options;
    const { jobId } = this;
    try {
      // A zombie's activation would be found by nobody who waits.
      await log.confirmLead();
    } catch (error) {
      if (log.fencedBy !== null) this.#manager?.fenced(log.fencedBy);
      throw error;
    }
    return createActivation(log.store, { version: 1, jobId, ...request, acceptedMs: clock.nowMs() });
  }

  #accept(activation: StoredActivation): void {
    const gate = this.#gate;
    if (gate === null) return;
    this.onActivation(activation);
    const { activationId, from } = activation;
    this.#options.log.info({ activationId, from }, "this incarnation is activated");
    gate.open(activation);
  }

  #ended(ending: Ending): void {
    this.#gate = null;
    this.#ending = ending;
    if (ending === "fenced" && this.#manager?.fencedBy()?.successor === undefined) this.#options.onFenced();
  }

  #phase(): IncarnationPhase {
    if (this.#ending !== null) return "ended";
    if (this.#refusal !== null) return "refused";
    if (this.#isActive) return "active";
    if (this.#activation !== null) return "activating";
    return this.#gate === null ? "loading" : "standby";
  }

  #failure(): IncarnationFailure | null {
    if (this.#ending === "fenced") {
      const by = this.#manager?.fencedBy();
      const who = by?.successor === undefined ? `epoch ${by?.epoch ?? "?"}` : `incarnation ${by.successor}`;
      return { code: "FENCED", message: `${who} has taken over from this incarnation`, destiny: "terminal" };
    }
    const info = this.#refusal ?? this.#trouble ?? (this.#isActive ? null : (this.#manager?.warmUp()?.error ?? null));
    return info === null ? null : failureOf(info);
  }

  #activationView(): IncarnationMessage["activation"] {
    if (this.#activation === null) return null;
    const { activationId, from, predecessors, acceptedMs } = this.#activation;
    return { activationId, from, predecessors, acceptedMs };
  }

  /** Of all TaskManagers; null while not all are there. */
  #slots(): number | null {
    const all = this.#manager?.taskManagers() ?? [];
    if (all.length < (this.#options.expectedTaskManagers ?? 1)) return null;
    return all.reduce((sum, { slots }) => sum + slots, 0);
  }

  #jobView(): IncarnationMessage["job"] {
    const manager = this.#manager;
    const isShown = this.#isActive || this.#ending !== null;
    if (manager === null || !isShown || this.#ending === "fenced") return null;
    const { status, restarts, startedMs, endedMs, failure } = manager.job();
    return { status, restarts, startedMs, endedMs, failure: failure === null ? null : failureOf(failure) };
  }

  #loaded(): JobManager {
    if (this.#manager === null) throw this.#notLoaded();
    return this.#manager;
  }

  #notLoaded(): StreamError {
    const why =
      this.#refusal === null ? "is still being loaded; try again" : `cannot be loaded: ${this.#refusal.message}`;
    return new StreamError("JOB_STATE_CONFLICT", `the job ${why}`);
  }
}

function failureOf({ code, message, destiny }: ErrorInfo): IncarnationFailure {
  return { code: code ?? null, message, destiny };
}
