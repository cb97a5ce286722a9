/**
 * Owns: one JobManager process as others see it: it puts the parts together, and takes connections of TaskManagers, requests, and
 * questions about the job.
 * Not here: the course of the job (job-master.ts, whose invariants JM1 to JM5 count here), connections themselves
 * (task-manager-links.ts), whether a savepoint may be taken (trigger-desk.ts).
 * Called by: main (starts it), incarnation.ts, rest (through JobControl).
 */
import { type JobId, jobId, type Log, StreamError } from "../../base/index.ts";
import { disposeSavepoint, type FencedBy } from "../checkpoint/index.ts";
import type { StreamGraph } from "../graph/index.ts";
import { loadStreamGraph } from "../program/index.ts";
import { type FromJobManager, listenRpc, type RpcServer } from "../rpc/index.ts";
import { storeUriOf } from "../storage/index.ts";
import { assertSavepointPlace } from "./checkpoints/savepoint-places.ts";
import { type DeskFacts, TriggerDesk } from "./checkpoints/trigger-desk.ts";
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
import { isTerminal } from "./execution/lifecycle.ts";
import { TaskManagerLinks } from "./execution/task-manager-links.ts";
import { createJobFacts, type JobFacts } from "./job-facts.ts";
import type { Ending, JobManagerOptions } from "./job-manager-options.ts";
import { JobMaster } from "./job-master.ts";
import { buildJobView } from "./job-view.ts";
import type { JobResult } from "./leading/job-result.ts";
import type { ProgressView } from "./leading/own-progress.ts";
import { WarmUp } from "./leading/warm-up.ts";
import { Turns } from "./turns.ts";

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

const HEARTBEAT_MS = 500;
/** So many may be lost, and the peer with them only then. */
const BEATS_IN_TIMEOUT = 5;

export class JobManager implements JobControl {
  readonly jobId: JobId;
  readonly processId: string;
  readonly #options: JobManagerOptions;
  readonly #streamGraph: StreamGraph;
  readonly #facts: JobFacts;
  readonly #turns: Turns;
  readonly #links: TaskManagerLinks;
  /** null: nobody waits here for an activation. */
  readonly #warmUp: WarmUp | null;
  readonly #master: JobMaster;
  readonly #desk: TriggerDesk;
  #server: RpcServer | null = null;
  #onShutDown: () => void = () => undefined;

  /** Use startJobManager. */
  constructor(options: JobManagerOptions, streamGraph: StreamGraph) {
    const { clock, random } = options;
    const { configuration } = streamGraph;
    this.#options = options;
    this.#streamGraph = streamGraph;
    this.jobId = jobId(options.job.jobId ?? random.hex(16));
    this.processId = random.hex(16);
    // An incarnation's log outlives its processes, whatever keeps the state while it runs.
    const isInMemory = configuration.stateBackend === "memory" && options.standby === undefined;
    const logger = options.log.child({ jobId: this.jobId });
    this.#facts = createJobFacts(configuration, options);
    this.#turns = new Turns(clock, () => this.#master.settle());
    this.#links = this.#createLinks(logger);
    this.#warmUp = options.standby === undefined ? null : new WarmUp((id) => this.#master.prepare(id));
    this.#master = new JobMaster({
      options,
      jobId: this.jobId,
      processId: this.processId,
      storeUri: isInMemory ? `memory://job-${this.jobId}` : storeUriOf(options.storeUri),
      streamGraph,
      facts: this.#facts,
      turns: this.#turns,
      links: this.#links,
      warmUp: this.#warmUp,
      logger,
      onOver: (ending, farewell) => this.#shutDown(ending, farewell),
    });
    this.#desk = new TriggerDesk({
      jobId: this.jobId,
      random,
      triggers: this.#facts.triggers,
      savepointDirectory: configuration.savepointDirectory,
      savepointPrefixes: options.savepointPrefixes ?? null,
      facts: () => this.#deskFacts(),
    });
  }

  get rpcPort(): number {
    return this.#server?.port ?? this.#options.rpcPort;
  }

  accept(connection: Parameters<TaskManagerLinks["accept"]>[0]): void {
    this.#links.accept(connection);
  }

  begin(server: RpcServer): void {
    this.#server = server;
    this.#master.begin();
  }

  /**
   * This process is about to end: resolves when the next one would process nothing again, because a checkpoint holds all that tasks have
   * emitted, or because nothing runs. It may never resolve: whoever waits has a limit, and closes in any case.
   */
  leave(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#turns.isClosed) return resolve();
      this.#onShutDown = resolve;
      this.#turns.run(() => this.#master.leave(resolve));
    });
  }

  /** Leaves the job as it is, for another JobManager to go on with: stops without cancelling or deleting anything. */
  async close(): Promise<void> {
    this.#turns.close();
    this.#master.run?.abandon();
    this.#links.close(null);
    await this.#server?.close();
  }

  job(): JobView {
    const { jobId, processId } = this;
    const { epoch, graph, execution, ending } = this.#master;
    const { lifecycle, failures } = this.#facts;
    return buildJobView({
      jobId,
      processId,
      epoch,
      configuration: this.#streamGraph.configuration,
      graph,
      execution,
      lifecycle,
      endedMs: ending.endedMs,
      restarts: failures.restarts,
      failure: failures.last,
    });
  }

  checkpoints(): CheckpointsView {
    return this.#facts.statistics.view();
  }

  exceptions(): readonly ExceptionEntry[] {
    return this.#facts.failures.view();
  }

  taskManagers(): readonly TaskManagerView[] {
    return this.#facts.slots.view();
  }

  /** Of checkpoints, over all JobManagers of this job. */
  progress(): ProgressView {
    return this.#facts.progress.view();
  }

  /** How the job ended; null until it is in the store. */
  result(): JobResult | null {
    return this.#master.ending.result;
  }

  /** TaskManagers that are registered, that have loaded the job, and why one could not. Of an incarnation. */
  warmUp(): Pick<WarmUp, "registered" | "ready" | "error"> | null {
    return this.#warmUp;
  }

  /** Somebody has found out that another one leads (JM3). */
  fenced(by: FencedBy): void {
    this.#turns.run(() => this.#master.fenced(by));
  }

  /** Who has taken over. */
  fencedBy(): FencedBy | null {
    return this.#master.fencedBy;
  }

  trigger(triggerId: string): TriggerState | null {
    return this.#facts.triggers.get(triggerId);
  }

  triggerSavepoint(request: SavepointRequest): TriggerAnswer {
    return this.#desk.savepoint(request);
  }

  triggerCheckpoint(triggerId: string | null): TriggerAnswer {
    return this.#desk.checkpoint(triggerId);
  }

  async disposeSavepoint(location: string): Promise<void> {
    const { lifecycle, statistics, progress } = this.#facts;
    assertSavepointPlace(location.trim(), this.#options.savepointPrefixes ?? null);
    const uri = storeUriOf(location.trim()).replace(/\/_metadata$/, "");
    if (uri === this.#master.run?.savepointInUse && !isTerminal(lifecycle.status)) {
      throw new StreamError(
        "JOB_STATE_CONFLICT",
        `${location} is the newest state of this running job, which would restart from it; delete it after the next checkpoint`,
      );
    }
    await disposeSavepoint(location);
    statistics.discarded((view) => view.externalPath === uri);
    progress.disposed(uri);
  }

  cancel({ discard }: { readonly discard: boolean } = { discard: false }): "accepted" | "alreadyTerminal" {
    return this.#master.cancel(discard) ? "accepted" : "alreadyTerminal";
  }

  #createLinks(logger: Log): TaskManagerLinks {
    const { heartbeatTimeoutMs } = this.#streamGraph.configuration;
    return new TaskManagerLinks({
      jobId: this.jobId,
      turns: this.#turns,
      clock: this.#options.clock,
      logger,
      slots: this.#facts.slots,
      heartbeatIntervalMs: Math.min(HEARTBEAT_MS, Math.floor(heartbeatTimeoutMs / BEATS_IN_TIMEOUT)),
      heartbeatTimeoutMs,
      onAdmitted: (id, slots) => this.#warmUp?.admitted(id, slots),
      onMessage: (from, message) => this.#master.receive(from, message),
      onLost: (id, why) => this.#master.taskManagerLost(id, why),
    });
  }

  #deskFacts(): DeskFacts {
    const { run, execution } = this.#master;
    return {
      status: this.#facts.lifecycle.status,
      isFinishing: execution.isFinishing(),
      isStopping: run?.isStopping ?? false,
      request: run === null ? null : (request) => this.#turns.run(() => run.request(request)),
    };
  }

  #shutDown(ending: Ending, farewell: FromJobManager | null): void {
    this.#turns.close();
    this.#master.run?.abandon();
    this.#links.close(farewell);
    this.#onShutDown();
    const closed = this.#server?.close() ?? Promise.resolve();
    void closed.then(() => this.#options.onTerminal(ending));
  }
}
