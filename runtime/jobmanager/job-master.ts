/**
 * Owns: the course of one job: it takes the lead, finds what to go on from, runs, and comes to its end, once; and what follows from an
 * event for the job as a whole.
 * Not here: the deployed job (execution/job-run.ts), finding what to go on from (leading/startup.ts), the end in the store
 * (leading/job-ending.ts), connections and requests (job-manager.ts).
 * Called by job-manager.ts, in turns.
 *
 * JM1 One process, one job, one epoch. Everything happens in turns (turns.ts); after each one `settle` does what has become due.
 * JM2 What a failure leads to is decided in failure-decision.ts (by job-failures.ts, which remembers), and carried out by failover.ts.
 * JM3 Fenced: this process closes its connections and stops; it cancels, commits and deletes nothing.
 * JM4 The end of the job is written into its store (`result`) before its checkpoints are deleted, so that a process started again
 *     for the same job does not run it twice.
 * JM5 With `standby` (an incarnation) a start that is refused deploys nothing and fails nothing: the process goes on to say why; and
 *     TaskManagers are never told to shut down but when they ask for it (MES8): whoever started them decides that.
 * JM6 Who leads, the store says and nobody else: a message that claims a newer epoch has the store asked. One that claims it falsely costs its
 *     sender the connection, and nobody else anything (SEC-25).
 */
import { type ErrorInfo, type JobId, type Log, type TaskManagerId, toErrorInfo } from "../../base/index.ts";
import { type CheckpointLog, chainOf, type FencedBy } from "../checkpoint/index.ts";
import { buildJobGraph, type JobGraph, type StreamGraph } from "../graph/index.ts";
import type { FromJobManager, JobSource, ToJobManager } from "../rpc/index.ts";
import { Execution } from "./execution/execution.ts";
import { JobRun } from "./execution/job-run.ts";
import { jobSourceOf, stateTargetOf } from "./execution/job-source.ts";
import { isTerminal, type LiveStatus, type TerminalStatus, wayTo } from "./execution/lifecycle.ts";
import type { TaskManagerLinks } from "./execution/task-manager-links.ts";
import { type JobFacts, noteRestored } from "./job-facts.ts";
import type { Ending, JobManagerOptions } from "./job-manager-options.ts";
import { JobEnding } from "./leading/job-ending.ts";
import type { JobResult } from "./leading/job-result.ts";
import { prepareStart, type StartOutcome, type StartPlan } from "./leading/startup.ts";
import type { WarmUp } from "./leading/warm-up.ts";
import type { Outcome, Turns } from "./turns.ts";

export type JobMasterOptions = {
  readonly options: JobManagerOptions;
  readonly jobId: JobId;
  readonly processId: string;
  readonly storeUri: string;
  readonly streamGraph: StreamGraph;
  readonly facts: JobFacts;
  readonly turns: Turns;
  readonly links: TaskManagerLinks;
  /** null: nobody waits here for an activation. */
  readonly warmUp: WarmUp | null;
  readonly logger: Log;
  /** Called once, last. `farewell`: what TaskManagers are told. */
  readonly onOver: (ending: Ending, farewell: FromJobManager | null) => void;
};

export class JobMaster {
  readonly #options: JobMasterOptions;
  readonly #ending: JobEnding;
  /** Until it is known what the job goes on from. */
  readonly #firstGraph: JobGraph;
  readonly #firstExecution: Execution;
  #log: CheckpointLog | null = null;
  #plan: StartPlan | null = null;
  #run: JobRun | null = null;
  #fencedBy: FencedBy | null = null;
  /** Cancelled with all that it has. */
  #isDiscarded = false;
  /** The store is being asked who leads (JM6). */
  #isDoubting = false;
  /** Cancelled before anything could be deployed. */
  #isAbandoned = false;

  constructor(options: JobMasterOptions) {
    this.#options = options;
    const { streamGraph, jobId, turns, logger } = options;
    this.#firstGraph = buildJobGraph(streamGraph);
    this.#firstExecution = new Execution(this.#firstGraph);
    this.#ending = new JobEnding({
      jobId,
      isIncarnation: options.options.standby !== undefined,
      retention: streamGraph.configuration.checkpoints.retention,
      turns,
      clock: options.options.clock,
      logger,
    });
  }

  /** 0: it does not lead yet. */
  get epoch(): number {
    return this.#log?.epoch ?? 0;
  }

  get graph(): JobGraph {
    return this.#plan?.graph ?? this.#firstGraph;
  }

  get execution(): Execution {
    return this.#run?.execution ?? this.#firstExecution;
  }

  /** null: nothing may be deployed yet. */
  get run(): JobRun | null {
    return this.#run;
  }

  /** When and how the job ended. */
  get ending(): Pick<JobEnding, "endedMs" | "result"> {
    return this.#ending;
  }

  /** Who has taken over. */
  get fencedBy(): FencedBy | null {
    return this.#fencedBy;
  }

  get #status(): LiveStatus {
    return this.#options.facts.lifecycle.status;
  }

  begin(): void {
    const { options, jobId, processId, storeUri, streamGraph, turns, logger } = this.#options;
    const { clock, random, restore, standby = null } = options;
    const isAbandoned = (): boolean => turns.isClosed || this.#status === "CANCELLING";
    const onLeading = (log: CheckpointLog): void => turns.run(() => this.#lead(log));
    const where = { jobId, processId, storeUri, streamGraph, restore, standby };
    turns.effect(
      () => prepareStart({ ...where, clock, random, logger, isAbandoned, onLeading }),
      (outcome) => this.#prepared(outcome),
    );
  }

  /** `discard`: its checkpoints go with it. False: the job is over already. */
  cancel(discard: boolean): boolean {
    const { turns, logger } = this.#options;
    this.#isDiscarded ||= discard;
    if (isTerminal(this.#status) || turns.isClosed) return false;
    turns.run(() => {
      if (this.#status === "CANCELLING" || isTerminal(this.#status)) return;
      logger.info({}, "cancelling the job");
      this.#enter("CANCELLING");
      this.#run?.takeDown("the job was cancelled");
    });
    return true;
  }

  receive(from: TaskManagerId, message: ToJobManager): void {
    if (message.kind === "fenced") {
      if (message.epoch > this.epoch) this.#doubtLead(from, message.epoch);
      return;
    }
    if (message.kind === "heartbeat")
      return this.execution.measured(from, message.metrics, this.#options.options.clock.monotonicMs());
    if (message.kind === "register" || message.epoch !== this.epoch) return;
    if (message.kind === "leaving") return this.#taskManagerLeaves(from);
    if (message.kind === "prepared") this.#options.warmUp?.prepared(from, message.slot, message.error);
    else this.#run?.receive(from, message);
  }

  taskManagerLost(id: TaskManagerId, why: string): void {
    const { logger, warmUp, facts } = this.#options;
    logger.warn({ taskManagerId: id, reason: why }, "a TaskManager is lost");
    warmUp?.lost(id);
    this.#run?.taskManagerLost(id, why);
    facts.slots.remove(id);
  }

  /** This process is about to end (HOV5). `onOver`: called once, when it may. */
  leave(onOver: () => void): void {
    if (this.#run === null || isTerminal(this.#status)) onOver();
    else this.#run.jobManagerLeaves(onOver);
  }

  /** Has a TaskManager load the job. */
  prepare(id: TaskManagerId): void {
    const { links } = this.#options;
    const log = this.#log;
    if (log === null) return;
    const target = stateTargetOf(log, this.graph.configuration);
    links.send(id, { kind: "prepare", epoch: log.epoch, job: this.#source(), target });
  }

  /** Another one leads (JM3). */
  fenced(by: FencedBy): void {
    const { turns, logger } = this.#options;
    if (turns.isClosed) return;
    this.#fencedBy = by;
    logger.error(
      { code: "FENCED", byEpoch: by.epoch, byProcessId: by.processId, successor: by.successor ?? null },
      "a newer JobManager leads this job; stopping, without cancelling, committing or deleting anything",
    );
    this.#options.onOver("fenced", null);
  }

  /** JM1 */
  settle(): void {
    const status = this.#status;
    if (isTerminal(status)) return;
    const end = this.#run === null ? this.#endOfStart(status) : this.#run.advance();
    if (end !== null) this.#end(end);
  }

  /** Nothing is deployed. A cancelled start comes to its own end first, so that checkpoints of earlier processes are dealt with. */
  #endOfStart(status: LiveStatus): TerminalStatus | null {
    if (status === "FAILING") return "FAILED";
    return status === "CANCELLING" && this.#isAbandoned ? "CANCELED" : null;
  }

  /** JM6 */
  #doubtLead(by: TaskManagerId, claimed: number): void {
    const { turns, logger, links } = this.#options;
    const log = this.#log;
    if (log === null || this.#isDoubting) return;
    this.#isDoubting = true;
    logger.warn({ taskManagerId: by, claimed }, "a TaskManager says that a newer JobManager leads; asking the store");
    turns.effect(
      () => log.confirmLead(),
      (outcome) => {
        this.#isDoubting = false;
        if (log.fencedBy !== null) return this.fenced(log.fencedBy);
        const why = `it serves epoch ${claimed}, and this JobManager leads with epoch ${this.epoch}`;
        if (outcome.kind === "ok") links.cutOff(by, why);
      },
    );
  }

  #taskManagerLeaves(id: TaskManagerId): void {
    const { facts, logger } = this.#options;
    logger.info({ taskManagerId: id }, "a TaskManager leaves");
    facts.slots.retire(id);
    if (this.#run === null) this.#release(id);
    else this.#run.taskManagerLeaves(id);
  }

  #release(id: TaskManagerId): void {
    const { links, jobId } = this.#options;
    links.send(id, { kind: "shutdown", epoch: this.epoch, jobId });
  }

  #lead(log: CheckpointLog): void {
    const { facts, logger, links, processId } = this.#options;
    this.#log = log;
    for (const manifest of chainOf(log.contents).toReversed()) facts.progress.completed(manifest, log.store.uri);
    logger.info({ epoch: log.epoch, processId, storeUri: log.store.uri }, "this JobManager leads the job");
    links.lead(log.epoch);
  }

  #prepared(outcome: Outcome<StartOutcome>): void {
    const { options, facts } = this.#options;
    if (outcome.kind === "failed") {
      const error = toErrorInfo(outcome.error);
      facts.failures.note(error);
      if (this.#status === "CANCELLING") this.#isAbandoned = true;
      else if (options.standby !== undefined) options.standby.onRefused(outcome.error);
      else this.#failJob(error);
      return;
    }
    const start = outcome.value;
    if (start.kind === "fenced") this.fenced(start.by);
    else if (start.kind === "over") this.#wasOver(start.result);
    else if (start.kind === "abandoned") this.#isAbandoned = true;
    else this.#startRun(start.plan);
  }

  #startRun(plan: StartPlan): void {
    const { options, streamGraph, facts, links, turns, logger } = this.#options;
    const log = this.#log;
    if (log === null) return;
    this.#plan = plan;
    if (plan.restored !== null) {
      const { checkpointId, location, isSavepoint } = plan.restored;
      noteRestored(facts, plan.restored, options.clock.nowMs());
      logger.info({ checkpointId, isSavepoint, location }, "restoring the job");
    }
    this.#run = new JobRun({
      options,
      configuration: streamGraph.configuration,
      log,
      plan,
      source: this.#source(),
      facts,
      links,
      turns,
      logger,
      onStatus: (status) => this.#enter(status),
      onJobFailed: (error) => this.#failJob(error),
      onFenced: (by) => this.fenced(by),
      release: (id) => this.#release(id),
    });
    options.standby?.onActive(plan.leftOut);
    if (this.#status !== "INITIALIZING") return;
    this.#enter("CREATED");
    this.#run.begin();
  }

  #failJob(error: ErrorInfo): void {
    this.#options.facts.failures.last = error;
    this.#enter("FAILING");
    this.#run?.takeDown(`the job failed: ${error.message}`);
  }

  /** A process before this one has brought the job to its end. */
  #wasOver(result: JobResult): void {
    const { facts, logger } = this.#options;
    const { status, savepoint, triggerId, failure } = result;
    logger.info({ status }, "an earlier JobManager ended the job; running nothing");
    if (savepoint !== null && triggerId !== null) facts.triggers.complete(triggerId, savepoint, 0);
    facts.failures.last = failure;
    if (this.#status === "CANCELLING") return this.#end("CANCELED", result);
    for (const between of wayTo(status)) this.#enter(between);
    this.#end(status, result);
  }

  /** `earlier`: the end that a process before this one has brought the job to. */
  #end(status: TerminalStatus, earlier: JobResult | null = null): void {
    const { facts, logger, jobId, warmUp, onOver } = this.#options;
    if (this.#ending.hasBegun) return;
    this.#ending.begin(earlier);
    this.#run?.close(`the job is ${status}`);
    this.#enter(status);
    logger.info({ status }, "the job ended");
    const log = this.#log;
    const farewell = warmUp === null ? ({ kind: "shutdown", epoch: this.epoch, jobId } as const) : null;
    if (log === null) return onOver(status, farewell);
    const { newest } = facts.progress;
    const end = { status, earlier, newest, failure: facts.failures.last, isDiscarded: this.#isDiscarded };
    this.#ending.conclude(log, end, (outcome) => {
      if (outcome === "fenced" && log.fencedBy !== null) return this.fenced(log.fencedBy);
      if (outcome === "discarded") facts.statistics.discarded((view) => view.kind === "checkpoint");
      onOver(status, farewell);
    });
  }

  #enter(status: LiveStatus): void {
    const { facts, options, logger } = this.#options;
    if (status === facts.lifecycle.status) return;
    facts.lifecycle.enter(status, options.clock.nowMs());
    logger.info({ status }, "job status changed");
  }

  /** What TaskManagers load and build. */
  #source(): JobSource {
    const { jobId, options } = this.#options;
    const { predecessors = [], fenced = [] } = this.#plan ?? {};
    return jobSourceOf(jobId, options.job, { graph: this.graph, predecessors, fenced });
  }
}
