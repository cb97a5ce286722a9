/**
 * Owns: views of checkpoints, savepoints and triggers as messages. Pure.
 */
import { assert } from "../../base/index.ts";
import type {
  CheckpointConfigMessage,
  CheckpointStatisticsMessage,
  CheckpointStatusMessage,
  CheckpointsMessage,
  SavepointStatusMessage,
  SummaryMessage,
  TaskCheckpointStatisticsMessage,
} from "../../contract/index.ts";
import type { CheckpointsView, CheckpointView, JobView, TriggerState, VertexView } from "../jobmanager/index.ts";
import { failureCause } from "./job-messages.ts";

const statusName = { in_progress: "IN_PROGRESS", completed: "COMPLETED", failed: "FAILED" } as const;
const typeName = {
  checkpoint: "CHECKPOINT",
  savepoint: "SAVEPOINT",
  stop: "SYNC_SAVEPOINT",
  drain: "SYNC_SAVEPOINT",
} as const;

export function checkpointsMessage(view: CheckpointsView, nowMs: number): CheckpointsMessage {
  const history = view.history.map((checkpoint) => statisticsMessage(checkpoint, [], nowMs));
  const completed = history.filter((checkpoint) => checkpoint.className === "completed");
  const summarise = (value: (checkpoint: CheckpointStatisticsMessage) => number): SummaryMessage =>
    summary(completed.map(value));
  const { counts, restored } = view;
  return {
    counts: {
      restored: counts.restored,
      total: counts.completed + counts.failed + counts.inProgress,
      in_progress: counts.inProgress,
      completed: counts.completed,
      failed: counts.failed,
    },
    summary: {
      checkpointed_size: summarise((checkpoint) => checkpoint.checkpointed_size),
      state_size: summarise((checkpoint) => checkpoint.state_size),
      end_to_end_duration: summarise((checkpoint) => checkpoint.end_to_end_duration),
      alignment_buffered: summarise((checkpoint) => checkpoint.alignment_buffered),
      processed_data: summarise((checkpoint) => checkpoint.processed_data),
      persisted_data: summarise((checkpoint) => checkpoint.persisted_data),
    },
    latest: {
      completed: ofClass("completed", view.latestCompleted, nowMs),
      savepoint: ofClass("completed", view.latestSavepoint, nowMs),
      failed: ofClass("failed", view.latestFailed, nowMs),
      restored:
        restored === null
          ? null
          : {
              id: restored.id,
              restore_timestamp: restored.restoredMs,
              is_savepoint: restored.isSavepoint,
              external_path: restored.externalPath,
            },
    },
    history,
  };
}

/** `vertices`: those whose share is told in `tasks`; none in the history. */
export function statisticsMessage(
  view: CheckpointView,
  vertices: readonly VertexView[],
  nowMs: number,
): CheckpointStatisticsMessage {
  const statistics = {
    id: view.id,
    is_savepoint: view.kind !== "checkpoint",
    savepointFormat: view.kind === "checkpoint" ? null : ("CANONICAL" as const),
    checkpoint_type: typeName[view.kind],
    trigger_timestamp: view.triggeredMs,
    latest_ack_timestamp: view.latestAckMs ?? -1,
    checkpointed_size: view.writtenBytes,
    state_size: view.stateBytes,
    end_to_end_duration: Math.max(0, (view.endedMs ?? view.latestAckMs ?? nowMs) - view.triggeredMs),
    alignment_buffered: 0,
    processed_data: 0,
    persisted_data: 0,
    num_subtasks: view.subtasks,
    num_acknowledged_subtasks: view.acknowledged,
    tasks: Object.fromEntries(vertices.map((vertex) => [vertex.id, taskStatistics(view, vertex)])),
  };
  switch (view.status) {
    case "completed":
      return {
        className: "completed",
        status: "COMPLETED",
        ...statistics,
        external_path: view.externalPath,
        discarded: view.discarded,
      };
    case "failed":
      return {
        className: "failed",
        status: "FAILED",
        ...statistics,
        failure_timestamp: view.endedMs ?? -1,
        failure_message: view.failure,
      };
    case "in_progress":
      return { className: "in_progress", status: "IN_PROGRESS", ...statistics };
  }
}

export function checkpointConfigMessage(job: JobView): CheckpointConfigMessage {
  const { checkpoints, stateBackend } = job.configuration;
  return {
    mode: checkpoints.mode === "exactly-once" ? "exactly_once" : "at_least_once",
    interval: checkpoints.intervalMs ?? -1,
    timeout: checkpoints.timeoutMs,
    min_pause: checkpoints.minPauseMs,
    max_concurrent: checkpoints.maxConcurrent,
    externalization: { enabled: true, delete_on_cancellation: checkpoints.retention === "delete" },
    state_backend: stateBackend,
    checkpoint_storage: stateBackend === "memory" ? "jobmanager" : "filesystem",
    unaligned_checkpoints: false,
    tolerable_failed_checkpoints: checkpoints.tolerableFailures ?? -1,
    aligned_checkpoint_timeout: 0,
    checkpoints_after_tasks_finish: true,
    state_changelog_enabled: false,
    changelog_periodic_materialization_interval: -1,
  };
}

export function savepointStatusMessage(state: TriggerState): SavepointStatusMessage {
  switch (state.kind) {
    case "inProgress":
      return { status: { id: "IN_PROGRESS" }, operation: null };
    case "completed":
      return { status: { id: "COMPLETED" }, operation: { location: state.location } };
    case "failed":
      return { status: { id: "COMPLETED" }, operation: { "failure-cause": failureCause(state.error) } };
  }
}

export function checkpointStatusMessage(state: TriggerState): CheckpointStatusMessage {
  switch (state.kind) {
    case "inProgress":
      return { status: { id: "IN_PROGRESS" }, operation: null };
    case "completed":
      return { status: { id: "COMPLETED" }, operation: { checkpointId: state.checkpointId } };
    case "failed":
      return { status: { id: "COMPLETED" }, operation: { failureCause: failureCause(state.error) } };
  }
}

function ofClass<C extends "completed" | "failed">(
  className: C,
  view: CheckpointView | null,
  nowMs: number,
): Extract<CheckpointStatisticsMessage, { className: C }> | null {
  if (view === null) return null;
  const message = statisticsMessage(view, [], nowMs);
  assert(message.className === className, `checkpoint ${view.id} listed as the latest ${className} is ${view.status}`);
  return message as Extract<CheckpointStatisticsMessage, { className: C }>;
}

function taskStatistics(view: CheckpointView, vertex: VertexView): TaskCheckpointStatisticsMessage {
  const acks = view.acks.filter((ack) => ack.vertex === vertex.id);
  const sum = (bytesOf: (timings: CheckpointView["acks"][number]["timings"]) => number): number =>
    acks.reduce((total, { timings }) => total + bytesOf(timings), 0);
  const latestAckMs = acks.reduce((latest, ack) => Math.max(latest, ack.ackMs), -1);
  return {
    id: view.id,
    status: statusName[view.status],
    latest_ack_timestamp: latestAckMs,
    checkpointed_size: sum(({ writtenBytes, stateBytes }) => writtenBytes ?? stateBytes),
    state_size: sum(({ stateBytes }) => stateBytes),
    end_to_end_duration: latestAckMs === -1 ? -1 : Math.max(0, latestAckMs - view.triggeredMs),
    alignment_buffered: 0,
    processed_data: 0,
    persisted_data: 0,
    num_subtasks: vertex.parallelism,
    num_acknowledged_subtasks: acks.length,
  };
}

/** Minimum, maximum, mean and nearest-rank percentiles; zeros when there is nothing. */
function summary(values: readonly number[]): SummaryMessage {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (fraction: number): number => sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? 0;
  const total = sorted.reduce((sum, value) => sum + value, 0);
  return {
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    avg: sorted.length === 0 ? 0 : Math.floor(total / sorted.length),
    p50: rank(0.5),
    p90: rank(0.9),
    p95: rank(0.95),
    p99: rank(0.99),
    p999: rank(0.999),
  };
}
