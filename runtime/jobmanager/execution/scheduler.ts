/**
 * Owns: bringing regions up and down: slots, deployment in two steps, cancelling, and waiting for either.
 * Not here: whether a failure restarts or fails the job (failure-decision.ts, failover.ts), what is restored (restore-point.ts).
 * Called by job-run.ts and failover.ts: events change the facts, `advance` does what has become due.
 *
 * SCH1 A region is deployed only when none of its tasks lives anywhere that this JobManager knows of, its time has come, its
 *     slots are there (for all regions that are due together), and no manifest is being written (else it could restore from one older than what is being completed).
 * SCH2 `start` is sent once all tasks of the region are ready (MES3).
 * SCH3 A region that is not running in `deployTimeoutMs` fails. A TaskManager that does not stop a task in `cancelTimeoutMs`
 *     is cut off: then its tasks count as gone.
 * SCH4 For its first deployment a job waits up to `settleMs` for the number of TaskManagers it was told to expect, so that its
 *     slots are spread over all of them.
 */
import {
  type Clock,
  type ErrorInfo,
  type Log,
  type OperatorId,
  StreamError,
  type TaskManagerId,
  toErrorInfo,
} from "../../../base/index.ts";
import type { RestoredEnumerator } from "../../ports/index.ts";
import type { FromJobManager, JobSource, StateTarget, TaskDeployment, TaskRef, TaskState } from "../../rpc/index.ts";
import { type Execution, isLive, type Region, type Task, type TaskFailure, taskName, taskRef } from "./execution.ts";
import type { SlotPool } from "./slot-pool.ts";
import type { Turns } from "../turns.ts";
import { WakeUp } from "../wake-up.ts";

/** What one task starts from. */
export type TaskStart = Pick<TaskDeployment, "restore" | "splits" | "inlineFiles">;

export type RestoreSource = {
  /** The checkpoint that tasks deployed now start from; null: none. */
  readonly checkpointId: number | null;
  startOf(vertex: number, subtask: number): TaskStart;
  enumeratorOf(operatorId: OperatorId): RestoredEnumerator<unknown>;
};

export type SchedulerOptions = {
  readonly epoch: number;
  readonly job: JobSource;
  readonly target: StateTarget;
  readonly execution: Execution;
  readonly slots: SlotPool;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: (to: TaskManagerId, message: FromJobManager) => void;
  /** Closes the connection of a TaskManager; its loss comes back as `taskManagerLost`. */
  readonly cutOff: (id: TaskManagerId, why: string) => void;
  /** A region failed without a message from a task: deployment too slow, no slots in time. */
  readonly onFailure: (failure: RegionFailure) => void;
  /** These tasks are about to be deployed; attempts of them before are gone. */
  readonly onDeploying: (tasks: readonly TaskRef[], source: RestoreSource) => void;
  /** A region that ran before is deployed again from this checkpoint. */
  readonly onRestored: (checkpointId: number) => void;
  /** The job was stopped with the savepoint that tasks are restored from: they read nothing (MA5). */
  readonly hasStopped: () => boolean;
  readonly deployTimeoutMs: number;
  readonly cancelTimeoutMs: number;
  readonly expectedTaskManagers: number;
  readonly settleMs: number;
  /** When waiting for slots becomes worth a warning. */
  readonly slotWarnMs: number;
  /** When it fails the job; null: never. */
  readonly slotTimeoutMs: number | null;
};

export type RegionFailure = {
  readonly regions: readonly Region[];
  readonly error: ErrorInfo;
  readonly task: Task | null;
};

export class Scheduler {
  readonly #options: SchedulerOptions;
  /** Since when slots are missing (monotonic). */
  #missingSinceMs: number | null = null;
  #hasWarned = false;
  #beganMs = 0;
  #hasDeployed = false;
  readonly #wake: WakeUp;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#wake = new WakeUp(options.turns);
  }

  /** All regions are to be deployed. */
  begin(): void {
    this.#beganMs = this.#options.clock.monotonicMs();
    for (const region of this.#options.execution.regions) region.restartAtMs = this.#beganMs;
  }

  /** Does all that has become possible. `source`: asked for when a region is deployed; null while a manifest is being written (SCH1). */
  advance(source: (() => RestoreSource) | null): void {
    for (const region of this.#options.execution.regions) {
      if (region.phase === "stopping" && !region.tasks.some(isLive)) region.phase = "down";
      if (region.phase === "deploying" && region.tasks.every((task) => task.isReady)) this.#start(region);
      if (region.phase === "starting" && region.tasks.every((task) => task.state === "RUNNING"))
        region.phase = "running";
      if (region.phase === "running" && region.tasks.every((task) => task.state === "FINISHED"))
        region.phase = "finished";
    }
    if (source !== null) this.#deployDue(source);
  }

  /** A task's message; returns its failure when this is one. Messages about other attempts are ignored (MES4). */
  taskState(from: TaskManagerId, ref: TaskRef, state: TaskState): TaskFailure | null {
    const task = this.#options.execution.find(ref);
    if (task === undefined || task.location?.taskManagerId !== from || !isLive(task)) return null;
    const isStopping = task.region.phase === "stopping";
    switch (state.kind) {
      case "ready":
        if (isStopping) return null;
        task.isReady = true;
        task.state = "INITIALIZING";
        return null;
      case "running":
      case "stopped":
      case "endOfData":
        if (isStopping) return null;
        task.state = "RUNNING";
        task.isAtEnd ||= state.kind === "endOfData";
        task.isStopped = state.kind === "stopped";
        return null;
      case "finished":
        task.state = "FINISHED";
        return isStopping || task.isFinishing ? null : this.#unasked(task, "finished");
      case "canceled":
        task.state = "CANCELED";
        return isStopping ? null : this.#unasked(task, "stopped");
      case "failed":
        task.state = "FAILED";
        return { task, attempt: task.attempt, error: state.error };
    }
  }

  /** Its tasks are gone. Returns those that were alive, also those being stopped. */
  taskManagerLost(id: TaskManagerId): readonly Task[] {
    const tasks = this.#options.execution.tasksOn(id);
    for (const task of tasks) task.state = task.region.phase === "stopping" ? "CANCELED" : "FAILED";
    this.#options.slots.remove(id);
    return tasks;
  }

  /** Brings regions down; `restartAtMs` (monotonic) null: for good. */
  stop(regions: readonly Region[], restartAtMs: number | null): void {
    for (const region of regions) {
      region.restartAtMs = restartAtMs;
      if (region.phase === "stopping" || region.phase === "down") continue;
      region.phase = "stopping";
      const live = region.tasks.filter(isLive);
      for (const task of live) task.state = "CANCELING";
      this.#sendTo(live, (tasks) => ({ kind: "cancel", epoch: this.#options.epoch, tasks }));
      this.#watchStop(region);
    }
  }

  /** All data have ended and are committed: tasks that were not told yet may close. */
  finish(): void {
    const tasks = this.#options.execution.tasks.filter((task) => isLive(task) && !task.isFinishing);
    for (const task of tasks) task.isFinishing = true;
    this.#sendTo(tasks, (refs) => ({ kind: "finish", epoch: this.#options.epoch, tasks: refs }));
  }

  #deployDue(sourceOf: () => RestoreSource): void {
    const { execution, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const waiting = execution.regions.filter((region) => region.phase === "down" && region.restartAtMs !== null);
    const due = waiting.filter((region) => (region.restartAtMs ?? 0) <= nowMs);
    const times = waiting.map((region) => region.restartAtMs ?? 0).filter((timeMs) => timeMs > nowMs);
    for (const region of due) for (const task of region.tasks) task.state = "SCHEDULED";
    if (due.length === 0) {
      this.#missingSinceMs = null;
    } else {
      const missing = this.#lackingSlots(due);
      if (missing > 0) times.push(...this.#noteMissing(missing, nowMs));
      else if (this.#isSettling(nowMs)) times.push(this.#beganMs + this.#options.settleMs);
      else {
        this.#missingSinceMs = null;
        const source = sourceOf();
        for (const region of due) this.#deploy(region, source);
      }
    }
    this.#wake.at(times.length === 0 ? null : Math.min(...times), nowMs);
  }

  #isSettling(nowMs: number): boolean {
    const { slots, expectedTaskManagers, settleMs } = this.#options;
    return !this.#hasDeployed && slots.taskManagers < expectedTaskManagers && nowMs < this.#beganMs + settleMs;
  }

  /** 0: all shared slots of these regions are served now. */
  #lackingSlots(regions: readonly Region[]): number {
    const { slots, execution } = this.#options;
    const wanted = [...new Set(regions.flatMap((region) => region.tasks.map((task) => task.subtask)))].sort(
      (left, right) => left - right,
    );
    const outcome = slots.assign(wanted, (shared) => execution.isSharedSlotBusy(shared));
    return outcome.kind === "missing" ? outcome.missing : 0;
  }

  #noteMissing(missing: number, nowMs: number): number[] {
    const { log, slotWarnMs, slotTimeoutMs, slots, execution } = this.#options;
    if (this.#missingSinceMs === null) {
      this.#missingSinceMs = nowMs;
      this.#hasWarned = false;
    }
    const waitedMs = nowMs - this.#missingSinceMs;
    const text =
      `${missing} more slots are needed: ${slots.taskManagers} TaskManagers with ${slots.slots} slots are registered; ` +
      "start more TaskManagers, give them more slots, or lower the parallelism";
    if (waitedMs >= slotWarnMs && !this.#hasWarned) {
      this.#hasWarned = true;
      log.warn(
        { code: "NOT_ENOUGH_SLOTS", missing, waitedMs: Math.round(waitedMs), reason: text },
        "waiting for slots",
      );
    }
    if (slotTimeoutMs !== null && waitedMs >= slotTimeoutMs) {
      this.#missingSinceMs = null;
      const error = new StreamError("NOT_ENOUGH_SLOTS", `no slots within ${slotTimeoutMs} ms: ${text}`, {
        destiny: "terminal",
      });
      const regions = execution.regions.filter((region) => region.phase === "down" && region.restartAtMs !== null);
      this.#options.turns.run(() => this.#options.onFailure({ regions, error: toErrorInfo(error), task: null }));
      return [];
    }
    const times = this.#hasWarned ? [] : [this.#missingSinceMs + slotWarnMs];
    if (slotTimeoutMs !== null) times.push(this.#missingSinceMs + slotTimeoutMs);
    return times;
  }

  #deploy(region: Region, source: RestoreSource): void {
    const { epoch, job, target, slots, turns, deployTimeoutMs, log } = this.#options;
    this.#hasDeployed = true;
    region.attempt++;
    region.phase = "deploying";
    region.restartAtMs = null;
    region.restoredId = source.checkpointId;
    if (region.attempt > 1 && source.checkpointId !== null) this.#options.onRestored(source.checkpointId);
    for (const task of region.tasks) {
      task.attempt = region.attempt;
      task.state = "DEPLOYING";
      task.isReady = false;
      task.isAtEnd = false;
      task.isStopped = false;
      task.isFinishing = false;
      task.metrics = null;
      task.location = slots.location(task.subtask) ?? null;
    }
    this.#options.onDeploying(region.tasks.map(taskRef), source);
    const placements = region.tasks.flatMap((task) =>
      task.location === null ? [] : [{ task: taskRef(task), location: task.location }],
    );
    log.info(
      { region: region.index, attempt: region.attempt, tasks: region.tasks.length, checkpointId: source.checkpointId },
      "deploying a region",
    );
    for (const [id, tasks] of byTaskManager(region.tasks)) {
      const deployments: TaskDeployment[] = tasks.map((task) => ({
        task: taskRef(task),
        slot: task.location?.slot ?? 0,
        ...source.startOf(task.vertex.index, task.subtask),
        isRestored: source.checkpointId !== null,
      }));
      // Files that come along may fill a message each (ST2 of snapshot-storage.ts).
      const isHeavy = deployments.some(({ inlineFiles }) => inlineFiles.length > 0);
      for (const part of isHeavy ? deployments.map((one) => [one]) : [deployments])
        this.#options.send(id, { kind: "deploy", epoch, job, target, tasks: part, placements });
    }
    const { attempt } = region;
    turns.after(deployTimeoutMs, () => {
      if (region.attempt === attempt && (region.phase === "deploying" || region.phase === "starting"))
        this.#deployTooSlow(region);
    });
  }

  #start(region: Region): void {
    region.phase = "starting";
    const { epoch, hasStopped } = this.#options;
    const asStopped = hasStopped();
    this.#sendTo(region.tasks, (tasks) => ({ kind: "start", epoch, tasks, asStopped }));
  }

  #deployTooSlow(region: Region): void {
    const late = region.tasks.filter((task) => task.state !== "RUNNING");
    const names = late.slice(0, 5).map((task) => `${taskName(task)} on ${task.location?.taskManagerId ?? "?"}`);
    const error = new StreamError(
      "DEPLOYMENT_TIMEOUT",
      `${late.length} of ${region.tasks.length} tasks were not running ${this.#options.deployTimeoutMs} ms after their deployment: ` +
        `${names.join("; ")}; check the logs of those TaskManagers`,
    );
    this.#options.onFailure({ regions: [region], error: toErrorInfo(error), task: late[0] ?? null });
  }

  #watchStop(region: Region): void {
    const { turns, cancelTimeoutMs } = this.#options;
    const { attempt } = region;
    turns.after(cancelTimeoutMs, () => {
      if (region.attempt !== attempt || region.phase !== "stopping") return;
      const stuck = byTaskManager(region.tasks.filter(isLive));
      for (const [id, tasks] of stuck) {
        const names = tasks.map((task) => taskName(task)).join("; ");
        this.#options.cutOff(id, `it did not stop ${names} within ${cancelTimeoutMs} ms`);
      }
    });
  }

  #unasked(task: Task, what: string): TaskFailure {
    const error = new StreamError(
      "TASK_MANAGER_LOST",
      `TaskManager ${task.location?.taskManagerId ?? "?"} reports that ${taskName(task)} has ${what}, although it was not told to`,
    );
    task.state = "FAILED";
    return { task, attempt: task.attempt, error: toErrorInfo(error) };
  }

  #sendTo(tasks: readonly Task[], message: (refs: readonly TaskRef[]) => FromJobManager): void {
    for (const [id, group] of byTaskManager(tasks)) this.#options.send(id, message(group.map(taskRef)));
  }
}

/** In the order of the tasks. */
export function byTaskManager(tasks: readonly Task[]): Map<TaskManagerId, Task[]> {
  const groups = new Map<TaskManagerId, Task[]>();
  for (const task of tasks) {
    if (task.location === null) continue;
    const group = groups.get(task.location.taskManagerId);
    if (group === undefined) groups.set(task.location.taskManagerId, [task]);
    else group.push(task);
  }
  return groups;
}
