/**
 * Owns: views of the JobManager as messages about jobs and the cluster. Pure.
 * Not here: checkpoints (checkpoint-messages.ts).
 */
import type { ErrorInfo } from "../../base/index.ts";
import {
  type BackpressureLevel,
  type BackpressureMessage,
  type DashboardConfigMessage,
  type ExceptionsMessage,
  type ExecutionResultMessage,
  type ExecutionStateName,
  executionStateSchema,
  type FailureCauseMessage,
  type IoMetricsMessage,
  type JobDetailsMessage,
  type JobStatusName,
  type JobsOverviewMessage,
  jobStatusSchema,
  type OverviewMessage,
  type PlanMessage,
  type TaskCountsMessage,
  type TaskManagersMessage,
  type VertexMessage,
} from "../../contract/index.ts";
import type {
  ExceptionEntry,
  JobStatus,
  JobView,
  SubtaskView,
  TaskManagerView,
  VertexView,
} from "../jobmanager/index.ts";
import { serializedThrowable } from "./serialized-throwable.ts";

/** In these a job has ended and stays so. */
export function isTerminal(status: JobStatus): boolean {
  return status === "FAILED" || status === "CANCELED" || status === "FINISHED";
}

export function overviewMessage(
  job: JobView,
  taskManagers: readonly TaskManagerView[],
  version: string,
): OverviewMessage {
  const sum = (count: (view: TaskManagerView) => number): number =>
    taskManagers.reduce((n, view) => n + count(view), 0);
  const has = (isSo: boolean): number => (isSo ? 1 : 0);
  return {
    taskmanagers: taskManagers.length,
    "taskmanagers-blocked": 0,
    "slots-total": sum((view) => view.slots),
    "slots-available": sum((view) => view.freeSlots),
    "slots-free-and-blocked": 0,
    "jobs-running": has(!isTerminal(job.status)),
    "jobs-finished": has(job.status === "FINISHED"),
    "jobs-cancelled": has(job.status === "CANCELED"),
    "jobs-failed": has(job.status === "FAILED"),
    "flink-version": version,
    "flink-commit": "",
  };
}

export function dashboardConfigMessage(version: string): DashboardConfigMessage {
  return {
    "refresh-interval": 3000,
    "timezone-name": "Coordinated Universal Time",
    "timezone-offset": 0,
    "flink-version": version,
    "flink-revision": "",
    features: { "web-submit": false, "web-cancel": true, "web-rescale": false, "web-history": false },
  };
}

const unknownResource = {
  cpuCores: -1,
  taskHeapMemory: -1,
  taskOffHeapMemory: -1,
  managedMemory: -1,
  networkMemory: -1,
  extendedResources: {},
} as const;

export function taskManagersMessage(job: JobView, views: readonly TaskManagerView[]): TaskManagersMessage {
  const subtasks = job.vertices.flatMap((vertex) => vertex.subtasks);
  return {
    taskmanagers: views.map((view) => ({
      id: view.id,
      path: view.host,
      pid: view.pid,
      timeSinceLastHeartbeat: Math.floor(view.lastHeartbeatMs),
      slotsNumber: view.slots,
      freeSlots: view.freeSlots,
      blocked: false,
      dataPort: -1,
      jmxPort: -1,
      assignedTasks: subtasks.filter((subtask) => subtask.taskManagerId === view.id).length,
      totalResource: unknownResource,
      freeResource: unknownResource,
      hardware: { cpuCores: -1, physicalMemory: -1, freeMemory: -1, managedMemory: -1 },
      memoryConfiguration: {},
    })),
  };
}

export function jobsOverviewMessage(job: JobView, nowMs: number): JobsOverviewMessage {
  return {
    jobs: [
      {
        jid: job.jobId,
        name: job.name,
        state: job.status,
        ...timesOf(job, nowMs),
        "last-modification": Math.max(job.startedMs, ...Object.values(job.statusTimes)),
        tasks: taskCounts(job.vertices.flatMap((vertex) => vertex.subtasks)),
        jobType: "STREAMING",
        schedulerType: "Default",
        "pending-operators": 0,
      },
    ],
  };
}

export function jobDetailsMessage(job: JobView, nowMs: number): JobDetailsMessage {
  const vertices = job.vertices.map((vertex) => vertexMessage(vertex, job, nowMs));
  return {
    jid: job.jobId,
    name: job.name,
    isStoppable: false,
    state: job.status,
    "job-type": "STREAMING",
    schedulerType: "Default",
    "pending-operators": 0,
    ...timesOf(job, nowMs),
    maxParallelism: job.configuration.maxParallelism ?? -1,
    now: nowMs,
    timestamps: byName(jobStatusSchema.options, (status: JobStatusName) => job.statusTimes[status] ?? 0),
    vertices,
    "status-counts": countStates(vertices.map((vertex) => vertex.status)),
    plan: planMessage(job),
  };
}

export function planMessage(job: JobView): PlanMessage {
  return {
    jid: job.jobId,
    name: job.name,
    type: "STREAMING",
    nodes: job.vertices.map((vertex, index) => {
      const inputs = job.edges
        .filter(([, to]) => to === index)
        .map(([from, , kind], num) => ({
          num,
          id: job.vertices[from]?.id ?? "",
          ship_strategy: kind.toUpperCase(),
          exchange: "pipelined_bounded",
        }));
      return {
        id: vertex.id,
        parallelism: vertex.parallelism,
        operator: "",
        operator_strategy: "",
        description: vertex.name,
        ...(inputs.length === 0 ? {} : { inputs }),
        optimizer_properties: {},
      };
    }),
  };
}

/** BP-2: up to 0.1 is ok, up to 0.5 low, above high; the vertex is as its worst subtask. */
export function backpressureMessage(vertex: VertexView, nowMs: number): BackpressureMessage {
  const subtasks = vertex.subtasks.flatMap(({ subtask, attempt, metrics }) => {
    if (metrics === null) return [];
    const { backPressuredRatio: ratio, idleRatio, busyRatio } = metrics;
    const backpressureLevel = levelOf(ratio);
    return [{ subtask, "attempt-number": attempt, backpressureLevel, ratio, idleRatio, busyRatio }];
  });
  return {
    status: subtasks.length === 0 ? "deprecated" : "ok",
    backpressureLevel: levelOf(Math.max(0, ...subtasks.map(({ ratio }) => ratio))),
    "end-timestamp": nowMs,
    subtasks,
  };
}

function levelOf(ratio: number): BackpressureLevel {
  if (ratio <= 0.1) return "ok";
  return ratio <= 0.5 ? "low" : "high";
}

export function executionResultMessage(job: JobView): ExecutionResultMessage {
  if (!isTerminal(job.status)) return { status: { id: "IN_PROGRESS" }, "job-execution-result": null };
  const outcome = { FINISHED: "SUCCEEDED", CANCELED: "CANCELED", FAILED: "FAILED" } as const;
  return {
    status: { id: "COMPLETED" },
    "job-execution-result": {
      id: job.jobId,
      "application-status": outcome[job.status as keyof typeof outcome],
      "accumulator-results": {},
      "net-runtime": Math.max(0, (job.endedMs ?? job.startedMs) - job.startedMs),
      ...(job.failure === null ? {} : { "failure-cause": failureCause(job.failure) }),
    },
  };
}

/** `max`: how many entries at most. */
export function exceptionsMessage(entries: readonly ExceptionEntry[], max: number): ExceptionsMessage {
  return {
    exceptionHistory: {
      entries: entries.slice(0, max).map((entry) => ({
        exceptionName: entry.error.code ?? entry.error.name,
        stacktrace: entry.error.stack,
        timestamp: entry.timeMs,
        taskName: entry.taskName,
        location: entry.taskManagerId,
        endpoint: entry.taskManagerId,
        taskManagerId: entry.taskManagerId,
        failureLabels: {},
        concurrentExceptions: [],
      })),
      truncated: entries.length > max,
    },
  };
}

export function failureCause(error: ErrorInfo): FailureCauseMessage {
  const { code, name, message, stack } = error;
  return {
    class: code ?? name,
    "stack-trace": stack,
    "serialized-throwable": serializedThrowable({ name: code ?? name, message, stack }),
  };
}

function timesOf(job: JobView, nowMs: number): { "start-time": number; "end-time": number; duration: number } {
  return {
    "start-time": job.startedMs,
    "end-time": job.endedMs ?? -1,
    duration: Math.max(0, (job.endedMs ?? nowMs) - job.startedMs),
  };
}

function vertexMessage(vertex: VertexView, job: JobView, nowMs: number): VertexMessage {
  // A vertex keeps no times of its own: it starts with the job's last deployment.
  const startMs = job.statusTimes.RUNNING ?? -1;
  const endMs = job.endedMs ?? -1;
  const stuck = vertex.subtasks.flatMap(({ subtask, metrics }) =>
    metrics?.stuck === undefined || metrics.stuck === null
      ? []
      : [{ subtask, on: metrics.stuck.on, "for-ms": Math.round(metrics.stuck.forMs) }],
  );
  return {
    id: vertex.id,
    slotSharingGroupId: job.jobId,
    name: vertex.name,
    maxParallelism: vertex.maxParallelism,
    parallelism: vertex.parallelism,
    status: vertexState(vertex),
    "start-time": startMs,
    "end-time": endMs,
    duration: startMs === -1 ? -1 : Math.max(0, (endMs === -1 ? nowMs : endMs) - startMs),
    tasks: countStates(vertex.subtasks.map((subtask) => subtask.state)),
    metrics: ioMetrics(vertex.subtasks),
    ...(stuck.length === 0 ? {} : { stuck }),
  };
}

/** As Flink's ExecutionJobVertex.getAggregateJobVertexState. */
function vertexState(vertex: VertexView): ExecutionStateName {
  const states = vertex.subtasks.map((subtask) => subtask.state);
  const first = (["FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING"] as const).find((s) =>
    states.includes(s),
  );
  if (first !== undefined) return first;
  if (!states.includes("FINISHED")) return states[0] ?? "CREATED";
  return states.every((state) => state === "FINISHED") ? "FINISHED" : "RUNNING";
}

function ioMetrics(subtasks: readonly SubtaskView[]): IoMetricsMessage {
  const isComplete = subtasks.every((subtask) => subtask.metrics !== null);
  const sum = (name: "bytesIn" | "bytesOut" | "recordsIn" | "recordsOut"): number =>
    subtasks.reduce((total, subtask) => total + (subtask.metrics?.[name] ?? 0), 0);
  return {
    "read-bytes": sum("bytesIn"),
    "read-bytes-complete": isComplete,
    "write-bytes": sum("bytesOut"),
    "write-bytes-complete": isComplete,
    "read-records": sum("recordsIn"),
    "read-records-complete": isComplete,
    "write-records": sum("recordsOut"),
    "write-records-complete": isComplete,
    "accumulated-backpressured-time": -1,
    "accumulated-idle-time": -1,
    "accumulated-busy-time": -1,
  };
}

function taskCounts(subtasks: readonly SubtaskView[]): TaskCountsMessage {
  const count = (state: ExecutionStateName): number => subtasks.filter((subtask) => subtask.state === state).length;
  return {
    total: subtasks.length,
    created: count("CREATED"),
    scheduled: count("SCHEDULED"),
    deploying: count("DEPLOYING"),
    running: count("RUNNING"),
    finished: count("FINISHED"),
    canceling: count("CANCELING"),
    canceled: count("CANCELED"),
    failed: count("FAILED"),
    reconciling: count("RECONCILING"),
    initializing: count("INITIALIZING"),
  };
}

function countStates(states: readonly ExecutionStateName[]): Record<ExecutionStateName, number> {
  return byName(
    executionStateSchema.options,
    (name: ExecutionStateName) => states.filter((state) => state === name).length,
  );
}

function byName<K extends string, V>(names: readonly K[], value: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<K, V>;
}
