/**
 * Owns: what this JobManager knows of each task and each region: attempts, states, places. Facts and questions, no effects.
 * Not here: what is done about them (scheduler.ts).
 *
 * EX1 A task's messages count only when they name its present attempt (MES4).
 * EX2 All tasks of a region have the same attempt number; it rises with every deployment of the region.
 * EX3 A stopped task is at its end only while the savepoint that stopped it is complete: a stop that fails is taken back, and the
 *     task reads on, although its word for that comes later than the stop's failure.
 */
import type { ErrorInfo, TaskManagerId } from "../../../base/index.ts";
import { deriveRegions, type JobGraph, type JobVertex } from "../../graph/index.ts";
import type { SlotLocation, TaskMetrics, TaskRef } from "../../rpc/index.ts";
import type { ExecutionState, SubtaskView, VertexView } from "../control.ts";
import { TaskRates } from "./task-rates.ts";

export type Task = {
  readonly vertex: JobVertex;
  readonly subtask: number;
  readonly region: Region;
  attempt: number;
  state: ExecutionState;
  /** Restored, opened and connected. */
  isReady: boolean;
  /** All its data have ended, for good; it waits for `finish`. */
  isAtEnd: boolean;
  /** It stands still behind the barrier of a stop; what that means only the stop's savepoint can say (EX3). */
  isStopped: boolean;
  /** `finish` was sent. */
  isFinishing: boolean;
  location: SlotLocation | null;
  metrics: TaskMetrics | null;
  readonly rates: TaskRates;
};

/**
 * down: no task lives; it waits for its time, for slots, or for nothing any more (job over).
 * deploying: `deploy` was sent, not all are ready. starting: `start` was sent. running: all run.
 * stopping: `cancel` was sent, not all have answered. finished: all tasks finished.
 */
export type RegionPhase = "down" | "deploying" | "starting" | "running" | "stopping" | "finished";

export type Region = {
  readonly index: number;
  readonly tasks: Task[];
  phase: RegionPhase;
  attempt: number;
  /** When it is to be deployed again (monotonic); null: when it is down it stays down. */
  restartAtMs: number | null;
  /** The checkpoint from which the present attempt was restored; null: none. */
  restoredId: number | null;
};

/** A task that failed, with what to say about it. */
export type TaskFailure = { readonly task: Task; readonly attempt: number; readonly error: ErrorInfo };

const DEAD_STATES: readonly ExecutionState[] = ["CREATED", "SCHEDULED", "FINISHED", "CANCELED", "FAILED"];

/** Whether the task may still do something somewhere. */
export function isLive(task: Task): boolean {
  return !DEAD_STATES.includes(task.state);
}

export function taskRef(task: Task): TaskRef {
  return { vertex: task.vertex.index, subtask: task.subtask, attempt: task.attempt };
}

/** `Source: lines -> flatMap (1/2) - attempt 3`. */
export function taskName(task: Task, attempt = task.attempt): string {
  return `${task.vertex.name} (${task.subtask + 1}/${task.vertex.parallelism}) - attempt ${attempt}`;
}

export class Execution {
  readonly tasks: readonly Task[];
  readonly regions: readonly Region[];
  readonly #graph: JobGraph;
  readonly #byPlace = new Map<string, Task>();

  constructor(graph: JobGraph) {
    this.#graph = graph;
    this.regions = deriveRegions(graph).map((refs, index) => {
      const region: Region = { index, tasks: [], phase: "down", attempt: 0, restartAtMs: null, restoredId: null };
      for (const ref of refs) region.tasks.push(this.#newTask(region, ref.vertex, ref.subtask));
      return region;
    });
    this.tasks = [...this.#byPlace.values()].sort(
      (left, right) => left.vertex.index - right.vertex.index || left.subtask - right.subtask,
    );
  }

  /** The task that a message is about, when it is about its present attempt (EX1). */
  find(ref: TaskRef): Task | undefined {
    const task = this.#byPlace.get(place(ref.vertex, ref.subtask));
    return task?.attempt === ref.attempt ? task : undefined;
  }

  /** What a TaskManager has measured of the tasks that run there; `atMs`: monotonic. */
  measured(by: TaskManagerId, all: readonly TaskMetrics[], atMs: number): void {
    for (const metrics of all) {
      const task = this.find(metrics.task);
      if (task?.location?.taskManagerId !== by) continue;
      task.metrics = metrics;
      task.rates.add(metrics, atMs);
    }
  }

  tasksOn(id: TaskManagerId): Task[] {
    return this.tasks.filter((task) => task.location?.taskManagerId === id && isLive(task));
  }

  allRunning(): boolean {
    return this.regions.every((region) => region.phase === "running");
  }

  /** All data of the whole job have ended, and not all tasks have finished. `hasStopped`: a stop's savepoint is complete (EX3). */
  allAtEnd(hasStopped: boolean): boolean {
    const isTaskAtEnd = (task: Task): boolean => task.isAtEnd || (hasStopped && task.isStopped);
    const isAtEnd = ({ phase, tasks }: Region): boolean =>
      phase === "finished" || (phase === "running" && tasks.every(isTaskAtEnd));
    return this.regions.every(isAtEnd) && !this.allFinished();
  }

  allFinished(): boolean {
    return this.regions.every((region) => region.phase === "finished");
  }

  /** Some task was told to finish. */
  isFinishing(): boolean {
    return this.tasks.some((task) => task.isFinishing);
  }

  /** No task lives and none will by itself. */
  isOver(): boolean {
    return this.regions.every((region) => region.phase === "down" || region.phase === "finished");
  }

  isSharedSlotBusy(shared: number): boolean {
    return this.tasks.some((task) => task.subtask === shared && isLive(task));
  }

  vertexViews(): readonly VertexView[] {
    return this.#graph.vertices.map((vertex) => ({
      id: vertex.id,
      name: vertex.name,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      subtasks: this.tasks.filter((task) => task.vertex === vertex).map(subtaskView),
    }));
  }

  #newTask(region: Region, vertexIndex: number, subtask: number): Task {
    const vertex = this.#graph.vertices[vertexIndex] as JobVertex;
    const task: Task = {
      vertex,
      subtask,
      region,
      attempt: 0,
      state: "CREATED",
      isReady: false,
      isAtEnd: false,
      isStopped: false,
      isFinishing: false,
      location: null,
      metrics: null,
      rates: new TaskRates(),
    };
    this.#byPlace.set(place(vertexIndex, subtask), task);
    return task;
  }
}

function place(vertex: number, subtask: number): string {
  return `${vertex}/${subtask}`;
}

function subtaskView(task: Task): SubtaskView {
  return {
    subtask: task.subtask,
    attempt: task.attempt,
    state: task.state,
    taskManagerId: task.location?.taskManagerId ?? null,
    metrics: task.metrics,
    rates: task.metrics === null ? null : task.rates.rates(),
  };
}
