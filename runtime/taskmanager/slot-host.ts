/**
 * Owns: a slot: its tasks, its loop, its channels; does what the JobManager's messages ask of them.
 * Not here: the thread and its messages' transport (slot-program.ts), epochs and heartbeats (taskmanager.ts).
 *
 * SH1 The job's module is loaded once; a graph that differs from the JobManager's (another fingerprint) fails the tasks. It may be
 *     loaded before anything is deployed (`prepare`).
 * SH3 A slot that has prepared has asked its store something: loading the client of a store in S3 and its first request take as long as
 *     all the rest of a switch. A store that does not answer then holds up no deployment: it is asked again there.
 * SH2 Messages about a task that is not here, or whose attempt is over, are ignored (MES4); one that overtakes the loading of the
 *     task's module waits for it, so that a cancellation is never lost.
 */
import {
  AssertionFailure,
  type Clock,
  type Log,
  onNextTurn,
  StreamError,
  thrownText,
  toErrorInfo,
} from "../../base/index.ts";
import { openIdentity, type PeerSecurity } from "../../security/index.ts";
import { codePlace, loadJobGraph } from "../program/index.ts";
import type { JobGraph } from "../graph/index.ts";
import type { FromJobManager, JobSource, Program, TaskMetrics, TaskRef, ToJobManager } from "../rpc/index.ts";
import { useS3Settings } from "../storage/index.ts";
import { currentOwner, type Stray, strayError } from "./code-owner.ts";
import { SlotExchange } from "./slot-exchange.ts";
import { SlotLoop } from "./slot-loop.ts";
import { sameTask, type SlotStart, taskText } from "./slot-messages.ts";
import { StoreCache } from "./snapshot-storage.ts";
import { DeployedTask } from "./task-builder.ts";
import type { Task } from "./task.ts";
import { withUserMetrics } from "./user-metrics.ts";

function dataSecurity({ start, clock, log }: SlotHostOptions): PeerSecurity | null {
  const { identityFolder = null, jobId } = start;
  if (identityFolder === null) return null;
  const identity = openIdentity(identityFolder, { clock, log });
  return { identity, expected: { jobId, role: "taskmanager" }, clock, log };
}

type Deploy = Extract<FromJobManager, { kind: "deploy" }>;
type Prepare = Extract<FromJobManager, { kind: "prepare" }>;

export type SlotHostOptions = {
  readonly start: SlotStart;
  readonly clock: Clock;
  readonly log: Log;
  send(message: ToJobManager): void;
  /** The job's module is loaded; nothing of it has run yet but that. */
  readonly onLoaded?: (graph: JobGraph) => void;
};

const DEFAULT_BUFFER_TIMEOUT_MS = 100;
/** Nothing is ever stored there. */
const UNUSED_KEY = "standby";

export class SlotHost {
  readonly #options: SlotHostOptions;
  readonly #loop: SlotLoop;
  readonly exchange: SlotExchange;
  readonly #stores = new StoreCache();
  #tasks: readonly DeployedTask[] = [];
  readonly #looping = new Map<DeployedTask, Task>();
  #graphs = new Map<string, Promise<JobGraph>>();
  #bufferTimeoutMs = DEFAULT_BUFFER_TIMEOUT_MS;
  /** A deployment whose module is being loaded: what comes after it waits until its tasks are known. */
  #loading: Promise<unknown> = Promise.resolve();

  private constructor(options: SlotHostOptions, loop: SlotLoop, exchange: SlotExchange) {
    this.#options = options;
    this.#loop = loop;
    this.exchange = exchange;
  }

  static async open(options: SlotHostOptions): Promise<SlotHost> {
    const { start, clock } = options;
    const sleeping = new Int32Array(start.sleeping);
    const wake = (): void => loop.wake();
    const exchange = await SlotExchange.open({
      slot: start.slot,
      jobId: start.jobId,
      taskManagerId: start.taskManagerId,
      host: start.host,
      sleeping,
      wake,
      security: dataSecurity(options),
    });
    const loop: SlotLoop = new SlotLoop({
      clock,
      onNextTurn,
      sleeping,
      slot: start.slot,
      pump: () => exchange.pump(),
      bufferTimeoutMs: () => host.#bufferTimeoutMs,
    });
    const host: SlotHost = new SlotHost(options, loop, exchange);
    return host;
  }

  async handle(message: FromJobManager): Promise<void> {
    if (message.kind === "deploy") return this.#deploy(message);
    if (message.kind === "prepare") return this.#prepare(message);
    await this.#loading;
    switch (message.kind) {
      case "start":
        for (const task of this.#find(message.tasks)) this.#startTask(task, message.asStopped);
        return;
      case "cancel":
        await Promise.all(this.#find(message.tasks).map((task) => this.#cancel(task)));
        return;
      case "triggerCheckpoint":
        for (const task of this.#find(message.tasks)) {
          task.checkpoints?.trigger({
            kind: "barrier",
            checkpointId: message.checkpointId,
            checkpointKind: message.checkpointKind,
            aligned: message.aligned,
            target: message.target,
            triggeredMs: message.triggeredMs,
            ...(message.base === undefined ? {} : { base: message.base }),
          });
        }
        return;
      case "assignSplits":
        for (const task of this.#find(message.tasks)) task.assignSplits(message.splits, message.noMore);
        return;
      case "alignWatermarks":
        for (const task of this.#find(message.tasks)) task.alignWatermarks(message.group, message.lowest);
        return;
      case "checkpointComplete":
        for (const task of this.#find(message.tasks)) task.checkpoints?.complete(message.checkpointId);
        return;
      case "checkpointAborted":
        for (const task of this.#find(message.tasks)) task.checkpoints?.abort(message.checkpointId);
        return;
      case "finish":
        for (const task of this.#find(message.tasks)) await this.#finish(task);
        return;
      case "registered":
      case "refused":
      case "heartbeat":
      case "shutdown":
        // These are the main thread's.
        return;
    }
  }

  /** Drops every task: the JobManager that deployed them is not there any more. */
  async dropTasks(): Promise<void> {
    await this.#loading;
    await Promise.all(this.#tasks.map((task) => this.#cancel(task)));
  }

  metrics(): readonly TaskMetrics[] {
    return [...this.#looping.values()].filter((task) => !task.isOver).map(withUserMetrics);
  }

  async close(): Promise<void> {
    await this.dropTasks();
    await this.exchange.close();
  }

  /**
   * An error that nobody has handled. Code of a task fails that task; code of no task, such as the module's own, fails all that are
   * here. False: the engine's own code is to blame, and nobody knows what it has left behind.
   */
  onStray(error: unknown, kind: Stray): boolean {
    const owner = currentOwner();
    const place = error instanceof Error ? codePlace(error.stack ?? "") : undefined;
    if (error instanceof AssertionFailure || (owner === undefined && place === undefined)) return false;
    const named = strayError(error, kind, owner);
    if (owner === undefined) for (const task of this.#tasks) task.fail(named);
    else if (owner.isOver)
      this.#options.log.warn(
        { task: owner.name, err: toErrorInfo(named) },
        "an error came back after the end of its task",
      );
    else owner.fail(named);
    return true;
  }

  /** Also opens the store: while no record waits, for what a store in S3 loads would hold up the first snapshot. */
  async #graphAndStoreOf({ job, target }: Pick<Deploy, "job" | "target">): Promise<JobGraph> {
    const graph = await this.#graphOf(job);
    useS3Settings(graph.configuration.s3);
    this.#stores.callTimeoutMs = graph.configuration.checkpoints.storeCallTimeoutMs;
    if (!target.inlineOnly) await this.#stores.open(target.storeUri);
    return graph;
  }

  async #deploy(message: Deploy): Promise<void> {
    this.#tasks = this.#tasks.filter((task) => task.task?.isOver !== true);
    let graph: JobGraph;
    try {
      const loading = this.#graphAndStoreOf(message);
      // Behind those that load still: what waits for it keeps its order, also with what waits for them (MES9).
      this.#loading = Promise.all([this.#loading, loading.catch(() => undefined)]);
      graph = await loading;
    } catch (error) {
      for (const { task } of message.tasks) this.#reportFailed(message, task, error);
      return;
    }
    this.#bufferTimeoutMs = graph.configuration.bufferTimeoutMs;
    const deployed = message.tasks.map((deployment) => {
      const task: DeployedTask = new DeployedTask(
        {
          epoch: message.epoch,
          job: message.job,
          graph,
          target: message.target,
          placements: message.placements,
          exchange: this.exchange,
          stores: this.#stores,
          clock: this.#options.clock,
          log: this.#options.log.child(taskFacts(deployment.task)),
          wake: () => this.#loop.wake(),
          send: (answer) => this.#options.send(answer),
        },
        deployment,
      );
      return task;
    });
    this.#tasks = [...this.#tasks, ...deployed];
    await Promise.all(deployed.map((task) => task.deploy()));
  }

  async #prepare({ epoch, job, target }: Prepare): Promise<void> {
    const { start, log, send } = this.#options;
    try {
      if (target === undefined) await this.#graphOf(job);
      else await this.#graphAndStoreOf({ job, target });
      if (target?.inlineOnly === false) await this.#askStore(target.storeUri);
      send({ kind: "prepared", epoch, slot: start.slot, error: null });
    } catch (error) {
      log.error({ err: error }, "the job could not be loaded in a slot, before its deployment");
      send({ kind: "prepared", epoch, slot: start.slot, error: toErrorInfo(error) });
    }
  }

  /** SH3 */
  async #askStore(uri: string): Promise<void> {
    try {
      // As each snapshot asks: it needs no other rights.
      await (await this.#stores.open(uri)).stat(UNUSED_KEY);
    } catch (error) {
      this.#options.log.warn({ err: error, storeUri: uri }, "the store does not answer a slot that stands by");
    }
  }

  #startTask(deployed: DeployedTask, asStopped: boolean): void {
    const { task } = deployed;
    if (task === null || this.#looping.has(deployed)) return;
    this.#looping.set(deployed, task);
    this.#loop.add(task);
    task.start(asStopped);
  }

  async #cancel(deployed: DeployedTask): Promise<void> {
    this.#forget(deployed);
    await deployed.cancel();
  }

  async #finish(deployed: DeployedTask): Promise<void> {
    const { task } = deployed;
    if (task === null) return;
    const graph = await this.#graphs.values().next().value;
    task.finish(graph?.configuration.checkpoints.intervalMs === null);
  }

  #forget(deployed: DeployedTask): void {
    const task = this.#looping.get(deployed);
    if (task !== undefined) this.#loop.remove(task);
    this.#looping.delete(deployed);
    this.#tasks = this.#tasks.filter((candidate) => candidate !== deployed);
  }

  #find(refs: readonly TaskRef[]): readonly DeployedTask[] {
    return this.#tasks.filter((task) => refs.some((ref) => sameTask(ref, task.ref)));
  }

  #graphOf(job: JobSource): Promise<JobGraph> {
    const module = modulePath(job.program);
    // What is restored may prescribe another maxParallelism than what was prepared.
    const name = `${module}#${job.fingerprint}#${job.maxParallelism.join()}`;
    let graph = this.#graphs.get(name);
    if (graph === undefined) {
      graph = loadJobGraph({ module, options: job.options, args: job.args }, job.maxParallelism).then((loaded) => {
        this.#options.onLoaded?.(loaded);
        if (loaded.fingerprint === job.fingerprint) return loaded;
        throw new StreamError(
          "JOB_GRAPH_INVALID",
          `${module} builds another graph here than in the JobManager: a job module must not depend on time, randomness, the machine or the process`,
          { destiny: "terminal" },
        );
      });
      this.#graphs = new Map([[name, graph]]);
      graph.catch(() => this.#graphs.delete(name));
    }
    return graph;
  }

  #reportFailed(message: Deploy, ref: TaskRef, error: unknown): void {
    const failure = error instanceof Error ? error : new Error(thrownText(error));
    this.#options.log.error({ err: failure, task: taskText(ref) }, "the job could not be loaded in a slot");
    this.#options.send({
      kind: "taskState",
      epoch: message.epoch,
      task: ref,
      state: { kind: "failed", error: toErrorInfo(failure) },
    });
  }
}

/** In every line of a task's log. */
function taskFacts(task: TaskRef): { readonly task: string; readonly vertex: number; readonly subtask: number } {
  return { task: taskText(task), vertex: task.vertex, subtask: task.subtask };
}

/** A JobManager of a newer version may deploy a program of a kind that is not known here. */
function modulePath(program: Program): string {
  if (program.kind === "module") return program.path;
  const { kind } = program as { readonly kind: unknown };
  throw new StreamError(
    "JOB_MODULE_INVALID",
    `a program of kind ${JSON.stringify(kind)} was deployed, but this TaskManager only runs modules; run one version of StreamJob in all processes of a job`,
    { destiny: "terminal" },
  );
}
