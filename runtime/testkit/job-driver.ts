/**
 * Owns: driving a whole job in this thread on a manual clock: the engine's own graph, tasks, state and checkpoints, without
 *       processes, threads, sockets and waiting.
 * Not here: giving the tasks their turns (driven-tasks.ts), sources and sinks that replace the job's (driven-graph.ts).
 * Called by: tests of jobs.
 *
 * JX1 Nothing happens but in a call: records flow in `run`, time passes in `advance`, checkpoints are taken in `snapshot`.
 * JX2 A snapshot is a checkpoint: barriers, acknowledgements of all tasks, then the commit. It is the whole world at that moment:
 *     also what scripted sources had been given, and what had been committed. Drivers restored from it do not see each other.
 * JX3 What a job may be restored from, and how state is shared out, is decided by the JobManager's own code.
 * JX4 When all data have ended the job takes its final checkpoint, commits and finishes, as it does everywhere.
 */
import {
  AssertionFailure,
  type Duration,
  fromErrorInfo,
  jobId,
  type Log,
  readDuration,
  silentLog,
} from "../../base/index.ts";
import { buildStreamGraph, isJob, type Job } from "../api/engine.ts";
import type { JobGraph, StreamGraph } from "../graph/index.ts";
import { Execution, PendingCheckpoint } from "../jobmanager/parts.ts";
import type { MetricRegistry } from "../metrics/index.ts";
import type { HistogramStatistics } from "../ports/index.ts";
import { NO_TIMESTAMP } from "../record/index.ts";
import type { ToJobManager } from "../rpc/index.ts";
import { MemoryObjectStore } from "../storage/index.ts";
import type { CollectedRecord } from "./collecting-sink.ts";
import { DrivenGraph, type ScriptedValues } from "./driven-graph.ts";
import { DrivenTasks, type Goal } from "./driven-tasks.ts";
import { assertSame, fitTo, readRestore, startingPoint, stateFor } from "./job-restore.ts";
import { type JobSnapshot, makeSnapshot, type SnapshotParts } from "./job-snapshot.ts";
import { ManualClock } from "./manual-clock.ts";
import { histogramOf, metricValue } from "./metric-values.ts";

export type JobDriverOptions = {
  /** Command line arguments of the job. */
  readonly args?: readonly string[];
  /** As `-D name=value` on the command line. */
  readonly options?: Readonly<Record<string, string>>;
  /** Default: what the job says. */
  readonly parallelism?: number;
  /** Sources to replace, by uid, with what they give first; more by `push`. The others stay the job's own. */
  readonly sources?: Readonly<Record<string, ScriptedValues>>;
  /** Sinks that stay the job's own, by uid; true: all. Default none: what they are given is collected. */
  readonly keepSinks?: boolean | readonly string[];
  /**
   * What the job goes on from. A snapshot's scripted sources are scripted again, with what they had been given. Or the path or URI of a
   * savepoint or a retained checkpoint of a job that ran: the state of replaced sources and sinks in it is left out.
   */
  readonly restore?: JobSnapshot | string;
  /** Leave out state whose operator the job does not have any more. Default false. */
  readonly allowNonRestoredState?: boolean;
  /** Default: a new one, which begins at 0, or at the time of the snapshot. */
  readonly clock?: ManualClock;
  /** Default: nothing is logged. */
  readonly log?: Log;
  /** How long one waits, in real time, for a promise of the job's functions or a bounded source of its own. Default 10 s. */
  readonly patience?: Duration;
};

export type RunOptions = {
  /** Stop as soon as it holds. An error, when the job comes to rest before. */
  readonly until?: () => boolean;
  /** How many records an unbounded source of the job's own may give before that is an error. Default 100,000. */
  readonly recordsMax?: number;
};

const RECORDS_MAX = 100_000;
const PATIENCE_MS = 10_000;

type Checkpoint = { readonly pending: PendingCheckpoint; committed: number; declined: Error | null };

export class JobDriver {
  readonly clock: ManualClock;
  readonly #graph: DrivenGraph;
  readonly #jobGraph: JobGraph;
  readonly #epoch: number;
  readonly #store: MemoryObjectStore;
  readonly #tasks: DrivenTasks;
  readonly #messages: { receive: (message: ToJobManager) => void };
  #checkpointId: number;

  private constructor(parts: {
    readonly clock: ManualClock;
    readonly graph: DrivenGraph;
    readonly jobGraph: JobGraph;
    readonly epoch: number;
    readonly store: MemoryObjectStore;
    readonly tasks: DrivenTasks;
    readonly messages: { receive: (message: ToJobManager) => void };
    readonly checkpointId: number;
  }) {
    this.clock = parts.clock;
    this.#graph = parts.graph;
    this.#jobGraph = parts.jobGraph;
    this.#epoch = parts.epoch;
    this.#store = parts.store;
    this.#tasks = parts.tasks;
    this.#messages = parts.messages;
    this.#checkpointId = parts.checkpointId;
  }

  /**
   * Builds the job, restores and opens all of its tasks. `job`: what the job's module exports.
   * Errors: as for `streamjob run`: JOB_GRAPH_INVALID, OPTION_INVALID, STATE_INCOMPATIBLE, …, and what the job's functions throw.
   */
  static async start(job: Job, options: JobDriverOptions = {}): Promise<JobDriver> {
    if (!isJob(job))
      throw new AssertionFailure("JobDriver.start takes a job: what `export default job((env) => …)` makes");
    const before = await readRestore(options.restore);
    const build = (): Promise<StreamGraph> => buildCopy(job, options);
    const graph = new DrivenGraph(await build(), {
      sources: options.sources ?? {},
      keepSinks: options.keepSinks ?? false,
      scripts: before?.scripts ?? new Map(),
      targets: before?.targets ?? new Map(),
    });
    const clock = options.clock ?? new ManualClock(before?.nowMs ?? 0);
    const log = options.log ?? silentLog;
    const state = before === null ? null : stateFor(before, graph);
    const jobGraph = fitTo(graph.stream, state);
    const allowNonRestored = options.allowNonRestoredState ?? false;
    const point = await startingPoint(jobGraph, state, { allowNonRestored, clock, log });
    const graphs: [JobGraph, ...JobGraph[]] = [jobGraph];
    const subtasks = Math.max(...jobGraph.vertices.map(({ parallelism }) => parallelism));
    while (graphs.length < subtasks) graphs.push(assertSame(jobGraph, fitTo(graph.replace(await build()), state)));
    const epoch = (before?.epoch ?? 0) + 1;
    const store = new MemoryObjectStore(`driver-${epoch}`);
    const messages: { receive: (message: ToJobManager) => void } = { receive: () => undefined };
    const tasks = await DrivenTasks.deploy({
      graphs,
      point,
      epoch,
      jobId: jobId("0".repeat(32)),
      clock,
      log,
      stores: [store, ...(before?.stores ?? [])],
      watches: graph.watches,
      patienceMs: readDuration(options.patience ?? PATIENCE_MS, "JobDriver.start: patience"),
      onMessage: (message) => messages.receive(message),
    });
    const checkpointId = before?.checkpointId ?? 0;
    return new JobDriver({ clock, graph, jobGraph, epoch, store, tasks, messages, checkpointId });
  }

  /** All data have ended, the final checkpoint is committed, and every task has closed. */
  get isFinished(): boolean {
    return this.#tasks.isEvery("finished");
  }

  /** Gives a scripted source one more record. `timestamp`: event time in epoch milliseconds; default none. */
  push(uid: string, value: unknown, timestamp = NO_TIMESTAMP): void {
    this.#openScript(uid).push(value, timestamp);
  }

  /** Gives a scripted source a watermark, after what was pushed so far. */
  watermark(uid: string, timestamp: number): void {
    const { id } = this.#graph.node("source", uid);
    const script = this.#openScript(uid);
    const owner = this.#graph.stream.nodes.find(
      (node) => node.inputs.some(({ from }) => from === id) && this.#ownsWatermarks(node.uid),
    );
    if (owner !== undefined) {
      throw new AssertionFailure(
        `the watermarks of the source "${uid}" are made by "${owner.name}" from its records: push records and advance() the clock`,
      );
    }
    script.watermark(timestamp);
  }

  /** Ends the data of a scripted source; without a uid, of all of them. */
  end(uid?: string): void {
    if (uid !== undefined) this.#graph.script(uid).end();
    else for (const script of this.#graph.scripts.values()) script.end();
  }

  /**
   * Works until nothing more can be done at this time.
   * Errors: what a function of the job throws, as the engine reports it; a source that does not come to rest.
   */
  run(options: RunOptions = {}): Promise<void> {
    return this.#run(options, true);
  }

  async #run({ until, recordsMax = RECORDS_MAX }: RunOptions, waitsForAnswers: boolean): Promise<void> {
    const rest = "the job has come to rest, and `until` does not hold: push more, or advance() the clock";
    const mayGoOn = [...this.#graph.watches.values()].some(({ isBounded }) => !isBounded);
    await this.#tasks.settle({
      what: "run()",
      isReached: () => this.isFinished || until?.() === true,
      atRest: until === undefined ? "done" : mayGoOn ? "wait" : { error: rest },
      recordsMax,
      waitsForAnswers,
    });
    if (this.#tasks.isEvery("endOfData")) await this.#finish();
    if (until !== undefined && !until()) throw new Error(rest);
  }

  /**
   * Lets time pass: stops at each timer on the way, so that it fires at its own time, and runs. Answers that a call of async I/O is still
   * waiting for are not waited for: time passes without them.
   */
  async advance(by: Duration): Promise<void> {
    const untilMs = this.clock.nowMs() + readDuration(by, "JobDriver.advance");
    const run = (): Promise<void> => this.#run({}, false);
    await run();
    for (;;) {
      const nextMs = this.clock.nextTimerMs;
      const toMs = nextMs === null ? untilMs : Math.min(Math.max(nextMs, this.clock.nowMs()), untilMs);
      this.clock.advance(toMs - this.clock.nowMs());
      await run();
      if (toMs >= untilMs && (this.clock.nextTimerMs ?? Number.POSITIVE_INFINITY) > untilMs) return;
    }
  }

  /** What the sink was given since this driver was started, in order. */
  output<T>(uid: string): readonly T[] {
    return this.records<T>(uid).map(({ value }) => value);
  }

  /** The same with timestamps, and the subtask that took it. */
  records<T>(uid: string): readonly CollectedRecord<T>[] {
    return this.#graph.target(uid).given as readonly CollectedRecord<T>[];
  }

  /** What a reader of an exactly-once sink's target sees, also of what was committed before the snapshot that was restored. */
  committed<T>(uid: string): readonly T[] {
    const node = this.#graph.node("sink", uid);
    if (!this.#graph.transactional.has(node.uid)) {
      throw new AssertionFailure(
        `the sink "${uid}" is not an exactly-once one, or it is kept: use output(), or read where it writes to`,
      );
    }
    return this.#graph.target(uid).committed as readonly T[];
  }

  /**
   * What a metric of the operator is worth, summed up over its subtasks: a count, a gauge's value, a meter's rate on this clock, a
   * histogram's number of values. Since this driver was started: a restart begins anew. Errors: there is no such metric.
   */
  metric(uid: string, name: string): number {
    return metricValue(uid, this.#metricsOf(uid), name);
  }

  /** One subtask's. Errors: there is no such histogram. */
  histogram(uid: string, name: string, subtask = 0): HistogramStatistics {
    return histogramOf(uid, this.#metricsOf(uid)[subtask], name);
  }

  /** Takes a checkpoint and commits it. What sources have not read yet is not run before. Errors: as `run`. */
  async snapshot(): Promise<JobSnapshot> {
    if (this.isFinished) throw new AssertionFailure("the job has finished: take the snapshot before its data end");
    const operators = await this.#checkpoint("snapshot()", false);
    return makeSnapshot(this.#checkpointId, {
      epoch: this.#epoch,
      operators,
      store: this.#store,
      scripts: new Map([...this.#graph.scripts].map(([uid, script]) => [uid, script.copy()])),
      targets: new Map([...this.#graph.targets].map(([uid, target]) => [uid, target.copy()])),
      nowMs: this.clock.nowMs(),
    });
  }

  /** Cancels what still runs, and closes the operators. */
  close(): Promise<void> {
    return this.#tasks.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #finish(): Promise<void> {
    const isWithoutCheckpoints = this.#jobGraph.configuration.checkpoints.intervalMs === null;
    if (!isWithoutCheckpoints) await this.#checkpoint("the final checkpoint", true);
    for (const { task } of this.#tasks.all) task?.finish(isWithoutCheckpoints);
    await this.#tasks.settle(this.#goal("finishing the job", () => this.isFinished));
  }

  async #checkpoint(what: string, isFinal: boolean): Promise<SnapshotParts["operators"]> {
    const checkpointId = ++this.#checkpointId;
    const triggeredMs = this.clock.nowMs();
    const execution = new Execution(this.#jobGraph);
    for (const task of execution.tasks) task.attempt = 1;
    const facts = { id: checkpointId, kind: "savepoint" as const, request: null, isFinal, base: null, triggeredMs };
    const checkpoint: Checkpoint = {
      pending: new PendingCheckpoint(
        facts,
        this.#jobGraph,
        execution.tasks,
        this.#tasks.coordinators.snapshot(checkpointId),
      ),
      committed: 0,
      declined: null,
    };
    this.#messages.receive = (message) => receive(checkpoint, message, triggeredMs);
    for (const source of this.#tasks.sources) {
      source.checkpoints?.trigger({
        kind: "barrier",
        checkpointId,
        checkpointKind: "savepoint",
        aligned: true,
        target: null,
        triggeredMs,
      });
    }
    await this.#tasks.settle(this.#goal(what, () => checkpoint.declined !== null || checkpoint.pending.isComplete));
    if (checkpoint.declined !== null) {
      for (const task of this.#tasks.all) task.checkpoints?.abort(checkpointId);
      throw checkpoint.declined;
    }
    for (const task of this.#tasks.all) task.checkpoints?.complete(checkpointId);
    await this.#tasks.settle(
      this.#goal(`the commit of ${what}`, () => checkpoint.committed === this.#tasks.all.length),
    );
    this.#tasks.coordinators.completed(checkpointId);
    return checkpoint.pending.operators();
  }

  #goal(what: string, isReached: () => boolean): Goal {
    return { what, isReached, atRest: "wait", recordsMax: RECORDS_MAX };
  }

  #openScript(uid: string): ReturnType<DrivenGraph["script"]> {
    const script = this.#graph.script(uid);
    if (script.isEnded) throw new AssertionFailure(`the data of the source "${uid}" have ended: push before end()`);
    return script;
  }

  #metricsOf(uid: string): readonly MetricRegistry[] {
    return this.#tasks.all.flatMap(({ task }) => {
      const link = task?.parts.chain.links.find(({ context }) => context.uid === uid);
      return link === undefined ? [] : [link.context.metrics];
    });
  }

  #ownsWatermarks(uid: string): boolean {
    return this.#tasks.all.some(({ task }) =>
      task?.parts.chain.links.some(
        ({ description, operator }) => description.node.uid === uid && operator.ownsWatermarks === true,
      ),
    );
  }
}

/** One copy of the job's graph, with functions of its own. */
function buildCopy(job: Job, { args = [], options = {}, parallelism }: JobDriverOptions): Promise<StreamGraph> {
  const asked = parallelism === undefined ? {} : { "parallelism.default": String(parallelism) };
  return buildStreamGraph(job, { args, options: { ...options, ...asked }, defaultName: "driven-job" });
}

function receive(checkpoint: Checkpoint, message: ToJobManager, nowMs: number): void {
  const { id } = checkpoint.pending.facts;
  if (message.kind === "checkpointAck" && message.checkpointId === id) checkpoint.pending.add(message, nowMs);
  if (message.kind === "committed" && message.checkpointId === id) checkpoint.committed++;
  if (message.kind === "checkpointDeclined" && message.checkpointId === id)
    checkpoint.declined ??= fromErrorInfo(message.error);
}
