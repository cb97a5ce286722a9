/**
 * Owns: one job's life: it puts the parts together, turns what happens into status, and carries out what a failure leads to.
 * Not here: each part's own work: startup.ts, scheduler.ts, checkpoint-coordinator.ts, task-manager-links.ts.
 * Called by: cli (starts it), rest (through JobControl).
 *
 * JM1 One process, one job, one epoch. Everything happens in turns (turns.ts); after each one `settle` does what has become due.
 * JM2 What a failure leads to is decided in failure-decision.ts (by job-failures.ts, which remembers), and carried out here.
 * JM3 Fenced: this process closes its connections and stops; it cancels, commits and deletes nothing.
 * JM4 The end of the job is written into its store (`result`) before its checkpoints are deleted, so that a process started again
 *     for the same job does not run it twice.
 * JM5 With `standby` (an incarnation) a start that is refused deploys nothing and fails nothing: the process goes on to say why; and
 *     TaskManagers are never told to shut down, whoever started them decides that.
 */
import {
  type ErrorInfo,
  type JobId,
  jobId,
  type Log,
  StreamError,
  type TaskManagerId,
  toErrorInfo,
} from "../../base/index.ts";
import { loadStreamGraph } from "../program/index.ts";
import { type CheckpointLog, chainOf, disposeSavepoint, type FencedBy, type Manifest } from "../checkpoint/index.ts";
import { buildJobGraph, effectiveRestartStrategy, type JobGraph, type StreamGraph } from "../graph/index.ts";
import {
  type FromJobManager,
  type InlineFile,
  type JobSource,
  listenRpc,
  type RpcServer,
  type ToJobManager,
} from "../rpc/index.ts";
import { storeUriOf } from "../storage/index.ts";
import { CheckpointStatistics } from "./checkpoints/checkpoint-statistics.ts";
import type {
  CheckpointsView,
  ExceptionEntry,
  JobControl,
  JobView,
  SavepointRequest,
  TaskManagerView,
  TriggerAnswer,
  TriggerState,
} from "./control.ts";
import { Execution, type Task, taskName } from "./execution/execution.ts";
import { JobFailures } from "./execution/job-failures.ts";
import { JobEnding } from "./leading/job-ending.ts";
import type { JobResult } from "./leading/job-result.ts";
import { buildJobView } from "./job-view.ts";
import { isTerminal, Lifecycle, type TerminalStatus } from "./execution/lifecycle.ts";
import type { Ending, JobManagerOptions } from "./job-manager-options.ts";
import { OwnProgress, type ProgressView } from "./leading/own-progress.ts";
import { NewestRestorePoint } from "./leading/newest-restore-point.ts";
import { createRun, type Run } from "./execution/run.ts";
import type { RegionFailure } from "./execution/scheduler.ts";
import { SlotPool } from "./execution/slot-pool.ts";
import { prepareStart, type StartOutcome, type StartPlan } from "./leading/startup.ts";
import { TaskManagerLinks } from "./execution/task-manager-links.ts";
import { TriggerDesk } from "./checkpoints/trigger-desk.ts";
import { TriggerRegistry } from "./checkpoints/trigger-registry.ts";
import { type Outcome, Turns } from "./turns.ts";
import { WarmUp } from "./leading/warm-up.ts";

/** Loads the job, listens, and starts. Errors: JOB_MODULE_INVALID, JOB_GRAPH_INVALID, OPTION_*, PORT_IN_USE; later ones are in the job's status. */
export async function startJobManager(options: JobManagerOptions): Promise<JobManager> {
  const streamGraph = await loadStreamGraph(options.job);
  const manager = new JobManager(options, streamGraph);
  const server = await listenRpc<FromJobManager, object>({
    host: options.rpcHost,
    port: options.rpcPort,
    onConnection: (connection) => manager.accept(connection),
  });
  manager.begin(server);
  return manager;
}

export class JobManager implements JobControl {
  readonly jobId: JobId;
  readonly processId: string;
  readonly #options: JobManagerOptions;
  readonly #logger: Log;
  readonly #turns: Turns;
  readonly #lifecycle: Lifecycle;
  readonly #failures: JobFailures;
  readonly #statistics = new CheckpointStatistics();
  readonly #progress = new OwnProgress();
  readonly #triggers: TriggerRegistry;
  readonly #desk: TriggerDesk;
  /** null: nobody waits here for an activation. */
  readonly #warmUp: WarmUp | null;
  readonly #slots = new SlotPool();
  readonly #links: TaskManagerLinks;
  readonly #ending: JobEnding;
  readonly #streamGraph: StreamGraph;
  readonly #storeUri: string;
  #graph: JobGraph;
  #execution: Execution;
  #server: RpcServer | null = null;
  #log: CheckpointLog | null = null;
  #run: Run | null = null;
  #point: NewestRestorePoint | null = null;
  /** URI of the savepoint that is the newest restore point, while it is one. */
  #savepointInUse: string | null = null;
  #fencedBy: FencedBy | null = null;
  #predecessors: readonly JobId[] = [];
  /** Cancelled with all that it has. */
  #isDiscarded = false;
  /** Cancelled before anything could be deployed. */
  #isAbandoned = false;

  /** Use startJobManager. */
  constructor(options: JobManagerOptions, streamGraph: StreamGraph) {
    const { clock, random } = options;
    this.#options = options;
    this.#streamGraph = streamGraph;
    this.jobId = jobId(options.job.jobId ?? random.hex(16));
    this.processId = random.hex(16);
    // An incarnation's log outlives its processes, whatever keeps the state while it runs.
    const isInMemory = streamGraph.configuration.stateBackend === "memory" && options.standby === undefined;
    this.#storeUri = isInMemory ? `memory://job-${this.jobId}` : storeUriOf(options.storeUri);
    this.#logger = options.log.child({ jobId: this.jobId });
    this.#graph = buildJobGraph(streamGraph);
    this.#execution = new Execution(this.#graph);
    this.#lifecycle = new Lifecycle(clock.nowMs());
    this.#failures = new JobFailures(effectiveRestartStrategy(streamGraph.configuration), options);
    this.#triggers = new TriggerRegistry(random);
    this.#desk = new TriggerDesk({
      jobId: this.jobId,
      random,
      triggers: this.#triggers,
      savepointDirectory: streamGraph.configuration.savepointDirectory,
      facts: () => this.#deskFacts(),
    });
    this.#turns = new Turns(clock, () => this.#settle());
    this.#ending = new JobEnding({
      jobId: this.jobId,
      isIncarnation: options.standby !== undefined,
      retention: streamGraph.configuration.checkpoints.retention,
      turns: this.#turns,
      clock,
      logger: this.#logger,
    });
    this.#links = new TaskManagerLinks({
      jobId: this.jobId,
      turns: this.#turns,
      clock,
      logger: this.#logger,
      slots: this.#slots,
      heartbeatIntervalMs: options.heartbeatIntervalMs ?? 500,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 2500,
      onAdmitted: (id, slots) => this.#warmUp?.admitted(id, slots),
      onMessage: (from, message) => this.#receive(from, message),
      onLost: (id, why) => this.#taskManagerLost(id, why),
    });
    this.#warmUp = options.standby === undefined ? null : new WarmUp((id) => this.#prepare(id));
  }

  get rpcPort(): number {
    return this.#server?.port ?? this.#options.rpcPort;
  }

  accept(connection: Parameters<TaskManagerLinks["accept"]>[0]): void {
    this.#links.accept(connection);
  }

  begin(server: RpcServer): void {
    this.#server = server;
    const { clock, random, restore } = this.#options;
    const { jobId, processId } = this;
    this.#turns.effect(
      () =>
        prepareStart({
          jobId,
          processId,
          storeUri: this.#storeUri,
          streamGraph: this.#streamGraph,
          restore,
          standby: this.#options.standby ?? null,
          clock,
          random,
          logger: this.#logger,
          isAbandoned: () => this.#turns.isClosed || this.#lifecycle.status === "CANCELLING",
          onLeading: (log) => this.#turns.run(() => this.#lead(log)),
        }),
      (outcome) => this.#prepared(outcome),
    );
  }

  /** Leaves the job as it is, for another JobManager to go on with: stops without cancelling or deleting anything. */
  async close(): Promise<void> {
    this.#turns.close();
    this.#links.close(null);
    await this.#server?.close();
  }

  job(): JobView {
    const { jobId, processId } = this;
    return buildJobView({
      jobId,
      processId,
      epoch: this.#log?.epoch ?? 0,
      configuration: this.#streamGraph.configuration,
      graph: this.#graph,
      execution: this.#execution,
      lifecycle: this.#lifecycle,
      endedMs: this.#ending.endedMs,
      restarts: this.#failures.restarts,
      failure: this.#failures.last,
    });
  }

  checkpoints(): CheckpointsView {
    return this.#statistics.view();
  }

  exceptions(): readonly ExceptionEntry[] {
    return this.#failures.view();
  }

  taskManagers(): readonly TaskManagerView[] {
    return this.#slots.view();
  }

  /** Of checkpoints, over all JobManagers of this job. */
  progress(): ProgressView {
    return this.#progress.view();
  }

  /** How the job ended; null until it is in the store. */
  result(): JobResult | null {
    return this.#ending.result;
  }

  /** TaskManagers that are registered, that have loaded the job, and why one could not. Of an incarnation. */
  warmUp(): Pick<WarmUp, "registered" | "ready" | "error"> | null {
    return this.#warmUp;
  }

  /** Somebody has found out that another one leads (JM3). */
  fenced(by: FencedBy): void {
    this.#turns.run(() => this.#fenced(by));
  }

  /** Who has taken over. */
  fencedBy(): FencedBy | null {
    return this.#fencedBy;
  }

  trigger(triggerId: string): TriggerState | null {
    return this.#triggers.get(triggerId);
  }

  triggerSavepoint(request: SavepointRequest): TriggerAnswer {
    return this.#desk.savepoint(request);
  }

  triggerCheckpoint(triggerId: string | null): TriggerAnswer {
    return this.#desk.checkpoint(triggerId);
  }

  async disposeSavepoint(location: string): Promise<void> {
    const uri = storeUriOf(location.trim()).replace(/\/_metadata$/, "");
    if (uri === this.#savepointInUse && !isTerminal(this.#lifecycle.status)) {
      throw new StreamError(
        "JOB_STATE_CONFLICT",
        `${location} is the newest state of this running job, which would restart from it; delete it after the next checkpoint`,
      );
    }
    await disposeSavepoint(location);
    this.#statistics.discarded((view) => view.externalPath === uri);
    this.#progress.disposed(uri);
  }

  cancel({ discard }: { readonly discard: boolean } = { discard: false }): "accepted" | "alreadyTerminal" {
    this.#isDiscarded ||= discard;
    if (isTerminal(this.#lifecycle.status) || this.#turns.isClosed) return "alreadyTerminal";
    this.#turns.run(() => {
      if (this.#lifecycle.status === "CANCELLING" || isTerminal(this.#lifecycle.status)) return;
      this.#logger.info({}, "the job is cancelled");
      this.#enter("CANCELLING");
      this.#run?.coordinator.close("the job was cancelled");
      this.#run?.scheduler.stop(this.#execution.regions, null);
    });
    return "accepted";
  }

  #deskFacts(): ReturnType<ConstructorParameters<typeof TriggerDesk>[0]["facts"]> {
    const coordinator = this.#run?.coordinator;
    return {
      status: this.#lifecycle.status,
      isFinishing: this.#isFinishing(),
      isStopping: coordinator?.isStopping ?? false,
      request: coordinator === undefined ? null : (request) => this.#turns.run(() => coordinator.request(request)),
    };
  }

  #lead(log: CheckpointLog): void {
    this.#log = log;
    for (const manifest of chainOf(log.contents).toReversed()) this.#progress.completed(manifest, log.store.uri);
    this.#logger.info(
      { epoch: log.epoch, processId: this.processId, store: log.store.uri },
      "this JobManager leads the job",
    );
    this.#links.lead(log.epoch);
  }

  #prepared(outcome: Outcome<StartOutcome>): void {
    if (outcome.kind === "failed") {
      const error = toErrorInfo(outcome.error);
      this.#failures.note(error);
      if (this.#lifecycle.status === "CANCELLING") this.#isAbandoned = true;
      else if (this.#options.standby !== undefined) this.#options.standby.onRefused(outcome.error);
      else this.#failJob(error);
      return;
    }
    const start = outcome.value;
    if (start.kind === "fenced") this.#fenced(start.by);
    else if (start.kind === "over") this.#wasOver(start.result);
    else if (start.kind === "abandoned") this.#isAbandoned = true;
    else this.#startRun(start.plan);
  }

  #startRun(plan: StartPlan): void {
    const log = this.#log;
    if (log === null) return;
    this.#graph = plan.graph;
    this.#point = new NewestRestorePoint(plan.point);
    this.#predecessors = plan.predecessors;
    this.#execution = new Execution(plan.graph);
    if (plan.restored !== null) this.#noteRestored(plan.restored);
    this.#run = createRun({
      options: this.#options,
      configuration: this.#streamGraph.configuration,
      log,
      plan,
      source: this.#source(),
      execution: this.#execution,
      slots: this.#slots,
      links: this.#links,
      turns: this.#turns,
      logger: this.#logger,
      statistics: this.#statistics,
      triggers: this.#triggers,
      onFailure: (failure) => this.#regionsFailed(failure),
      onCompleted: (manifest, inlineFiles) => this.#completed(manifest, inlineFiles),
      onOvertaken: (uri, completedMs) => this.#progress.overtaken(uri, completedMs),
      onDrainFailed: (reason) => this.#drainFailed(reason),
      onFenced: (by) => this.#fenced(by),
    });
    this.#options.standby?.onActive(plan.leftOut);
    if (this.#lifecycle.status !== "INITIALIZING") return;
    this.#enter("CREATED");
    this.#run.scheduler.begin();
  }

  #noteRestored({ checkpointId, location, isSavepoint, seq }: NonNullable<StartPlan["restored"]>): void {
    const restoredMs = this.#options.clock.nowMs();
    this.#statistics.restored({ id: checkpointId, restoredMs, isSavepoint, externalPath: location });
    if (isSavepoint && seq !== null) this.#savepointInUse = location;
    // Its trigger's outcome is known for sure, though another process took it: it is the newest entry of the log.
    const { newest } = this.#progress;
    if (seq !== null && newest?.seq === seq && newest.triggerId !== undefined)
      this.#triggers.complete(newest.triggerId, location, checkpointId);
    this.#logger.info(
      { checkpointId, location },
      `the job goes on from ${isSavepoint ? "savepoint" : "checkpoint"} ${checkpointId}`,
    );
  }

  #receive(from: TaskManagerId, message: ToJobManager): void {
    const epoch = this.#log?.epoch ?? 0;
    if (message.kind === "fenced") {
      if (message.epoch > epoch) this.#fenced({ epoch: message.epoch, processId: null });
      return;
    }
    if (message.kind === "heartbeat") {
      for (const metrics of message.metrics) {
        const task = this.#execution.find(metrics.task);
        if (task?.location?.taskManagerId !== from) continue;
        task.metrics = metrics;
        task.rates.add(metrics, this.#options.clock.monotonicMs());
      }
      return;
    }
    if (message.kind === "register" || message.epoch !== epoch) return;
    if (message.kind === "prepared") return this.#warmUp?.prepared(from, message.slot, message.error);
    if (this.#run === null) return;
    const { scheduler, coordinator } = this.#run;
    if (message.kind === "taskState") {
      const failure = scheduler.taskState(from, message.task, message.state);
      if (failure !== null) this.#taskFailed(failure.task, failure.error);
      return;
    }
    if (this.#execution.find(message.task)?.location?.taskManagerId !== from) return;
    if (message.kind === "checkpointAck") coordinator.acknowledged(message);
    else if (message.kind === "checkpointDeclined") coordinator.declined(message);
    else coordinator.committed(message);
  }

  #taskFailed(task: Task, error: ErrorInfo): void {
    this.#regionsFailed({ regions: [task.region], error, task });
  }

  #taskManagerLost(id: TaskManagerId, why: string): void {
    this.#logger.warn({ taskManagerId: id }, `the TaskManager ${id} is lost: ${why}`);
    const tasks = this.#run?.scheduler.taskManagerLost(id) ?? [];
    this.#warmUp?.lost(id);
    this.#slots.remove(id);
    const task = tasks.find((lost) => lost.state === "FAILED") ?? tasks[0];
    if (task === undefined) return;
    const error = new StreamError(
      "TASK_MANAGER_LOST",
      `the TaskManager ${id} is lost: ${why}; ${tasks.length} tasks ran there`,
    );
    this.#regionsFailed({ regions: [...new Set(tasks.map((lost) => lost.region))], error: toErrorInfo(error), task });
  }

  #regionsFailed({ regions, error, task }: RegionFailure): void {
    if (this.#run === null) return;
    const { coordinator, scheduler, lead } = this.#run;
    const decision = this.#failures.decide(error, task, {
      status: this.#lifecycle.status,
      areStopping: regions.every((region) => region.phase === "stopping"),
      hasStopped: coordinator.hasStopped,
      isFinishing: this.#streamGraph.configuration.checkpoints.intervalMs !== null && this.#isFinishing(),
      isDraining: coordinator.isDraining,
    });
    if (decision.kind === "ignore" || decision.kind === "echo") return;
    coordinator.tasksFailed(`a task failed: ${error.message}`);
    if (decision.kind === "fail") {
      this.#logger.error({ code: error.code }, `the job fails, as ${decision.reason}: ${error.message}`);
      return this.#failJob(error);
    }
    const stopped = decision.scope === "job" ? this.#execution.regions : regions;
    const delayMs = Math.round(decision.atMs - this.#options.clock.monotonicMs());
    this.#logger.warn(
      { code: error.code, task: task === null ? null : taskName(task), delayMs, reason: decision.reason },
      `${stopped.length} regions restart in ${delayMs} ms: ${error.message}`,
    );
    this.#enter("RESTARTING");
    lead.ask();
    scheduler.stop(stopped, decision.atMs);
  }

  /** Some task was told to finish. */
  #isFinishing(): boolean {
    return this.#execution.tasks.some((task) => task.isFinishing);
  }

  #failJob(error: ErrorInfo): void {
    this.#failures.last = error;
    this.#enter("FAILING");
    this.#run?.coordinator.close(`the job failed: ${error.message}`);
    this.#run?.scheduler.stop(this.#execution.regions, null);
  }

  #fenced(by: FencedBy): void {
    if (this.#turns.isClosed) return;
    this.#fencedBy = by;
    this.#logger.error(
      { code: "FENCED", byEpoch: by.epoch, byProcessId: by.processId, successor: by.successor ?? null },
      "a newer JobManager leads this job: this one stops, and cancels, commits and deletes nothing",
    );
    this.#shutDown("fenced", null);
  }

  #completed(manifest: Manifest, inlineFiles: readonly InlineFile[]): void {
    if (this.#log === null || this.#point === null) return;
    this.#point.advance(manifest, this.#log.store.uri, inlineFiles);
    this.#savepointInUse = manifest.storeUri;
    this.#progress.completed(manifest, this.#log.store.uri);
  }

  #settle(): void {
    const run = this.#run;
    const { status } = this.#lifecycle;
    if (isTerminal(status)) return;
    if (run === null) {
      // Nothing is deployed. A cancelled start comes to its own end first, so that checkpoints of earlier processes are dealt with.
      if (status === "FAILING") this.#end("FAILED");
      else if (status === "CANCELLING" && this.#isAbandoned) this.#end("CANCELED");
      return;
    }
    const { scheduler, coordinator, lead } = run;
    const point = coordinator.mayRestore && lead.isSure ? this.#point : null;
    scheduler.advance(point === null ? null : () => point.current());
    if (status === "FAILING" || status === "CANCELLING") {
      if (this.#execution.isOver()) this.#end(status === "FAILING" ? "FAILED" : "CANCELED");
      return;
    }
    if (this.#execution.allRunning()) this.#enter("RUNNING");
    coordinator.advance();
    if (this.#execution.allAtEnd(coordinator.hasStopped) && coordinator.mayFinish) scheduler.finish();
    if (this.#execution.allFinished()) this.#end("FINISHED");
  }

  /** `earlier`: the end that a process before this one has brought the job to. */
  #end(status: TerminalStatus, earlier: JobResult | null = null): void {
    if (this.#ending.hasBegun) return;
    this.#ending.begin(earlier);
    this.#run?.coordinator.close(`the job is ${status}`);
    this.#enter(status);
    this.#logger.info({ status }, `the job is ${status}`);
    const log = this.#log;
    const farewell =
      this.#warmUp === null ? ({ kind: "shutdown", epoch: log?.epoch ?? 0, jobId: this.jobId } as const) : null;
    if (log === null) return this.#shutDown(status, farewell);
    const { newest } = this.#progress;
    const end = { status, earlier, newest, failure: this.#failures.last, isDiscarded: this.#isDiscarded };
    this.#ending.conclude(log, end, (outcome) => {
      if (outcome === "fenced" && log.fencedBy !== null) return this.#fenced(log.fencedBy);
      if (outcome === "discarded") this.#statistics.discarded((view) => view.kind === "checkpoint");
      this.#shutDown(status, farewell);
    });
  }

  /** A process before this one has brought the job to its end. */
  #wasOver(result: JobResult): void {
    const { status, savepoint, triggerId, failure } = result;
    this.#logger.info({ status }, `the job was ${status} already; nothing is run`);
    if (savepoint !== null && triggerId !== null) this.#triggers.complete(triggerId, savepoint, 0);
    this.#failures.last = failure;
    if (this.#lifecycle.status === "CANCELLING") return this.#end("CANCELED", result);
    this.#enter("CREATED");
    this.#enter(status === "CANCELED" ? "CANCELLING" : status === "FAILED" ? "FAILING" : "RUNNING");
    this.#end(status, result);
  }

  #shutDown(ending: Ending, farewell: FromJobManager | null): void {
    this.#turns.close();
    this.#links.close(farewell);
    const closed = this.#server?.close() ?? Promise.resolve();
    void closed.then(() => this.#options.onTerminal(ending));
  }

  #enter(status: Parameters<Lifecycle["enter"]>[0]): void {
    if (status === this.#lifecycle.status) return;
    this.#lifecycle.enter(status, this.#options.clock.nowMs());
    this.#logger.info({ status }, `the job is now ${status}`);
  }

  /** What TaskManagers load and build. */
  #source(): JobSource {
    const { module, options, args } = this.#options.job;
    return {
      jobId: this.jobId,
      predecessors: this.#predecessors,
      program: { kind: "module", path: module },
      options,
      args,
      maxParallelism: this.#graph.vertices.map((vertex) => vertex.maxParallelism),
      fingerprint: this.#graph.fingerprint,
    };
  }

  #prepare(id: TaskManagerId): void {
    if (this.#log !== null) this.#links.send(id, { kind: "prepare", epoch: this.#log.epoch, job: this.#source() });
  }

  /**
   * Not a failure of the job: it goes on from its last checkpoint at once, whatever the strategy. When a task's failure is what made the
   * drain fail, its region's restart has its time already, and the others join it: they have ended their data, and would wait for ever.
   */
  #drainFailed(reason: string): void {
    const { status } = this.#lifecycle;
    if (this.#run === null || (status !== "RUNNING" && status !== "RESTARTING")) return;
    this.#logger.warn(
      {},
      `the drain failed after timers had fired, so the job goes on from its last checkpoint: ${reason}`,
    );
    this.#run.coordinator.tasksFailed("the job restarts after a failed drain");
    this.#enter("RESTARTING");
    const planned = this.#execution.regions.map((region) => region.restartAtMs ?? 0);
    this.#run.scheduler.stop(this.#execution.regions, Math.max(this.#options.clock.monotonicMs(), ...planned));
  }
}
