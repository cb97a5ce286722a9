/**
 * Owns: messages about checkpoints: statistics, details, settings.
 */
import { z } from "zod";
import { countSchema, durationSchema, hex32Schema, timestampSchema } from "./identity.ts";

const statusSchema = z.enum(["IN_PROGRESS", "COMPLETED", "FAILED"]);
const checkpointTypeSchema = z.enum(["CHECKPOINT", "UNALIGNED_CHECKPOINT", "SAVEPOINT", "SYNC_SAVEPOINT"]);

/** Sizes in bytes, times in milliseconds. */
const sizesShape = {
  latest_ack_timestamp: timestampSchema,
  checkpointed_size: countSchema,
  state_size: countSchema,
  end_to_end_duration: durationSchema,
  alignment_buffered: countSchema,
  processed_data: countSchema,
  persisted_data: countSchema,
  num_subtasks: countSchema,
  num_acknowledged_subtasks: countSchema,
};

const taskStatisticsSchema = z.object({ id: countSchema, status: statusSchema, ...sizesShape });
export type TaskCheckpointStatisticsMessage = z.infer<typeof taskStatisticsSchema>;

const statisticsShape = {
  id: countSchema,
  is_savepoint: z.boolean(),
  savepointFormat: z.enum(["CANONICAL", "NATIVE"]).nullable(),
  checkpoint_type: checkpointTypeSchema,
  trigger_timestamp: timestampSchema,
  ...sizesShape,
  /** By vertex id; empty in the history, full in the details. */
  tasks: z.record(hex32Schema, taskStatisticsSchema),
};

const completedSchema = z.object({
  className: z.literal("completed"),
  status: z.literal("COMPLETED"),
  ...statisticsShape,
  external_path: z.string().nullable(),
  discarded: z.boolean(),
});
const failedSchema = z.object({
  className: z.literal("failed"),
  status: z.literal("FAILED"),
  ...statisticsShape,
  failure_timestamp: timestampSchema,
  failure_message: z.string().nullable(),
});
const pendingSchema = z.object({
  className: z.literal("in_progress"),
  status: z.literal("IN_PROGRESS"),
  ...statisticsShape,
});

/** GET /jobs/:id/checkpoints/details/:checkpointId, and the entries of the history. */
export const checkpointStatisticsSchema = z.discriminatedUnion("className", [
  completedSchema,
  failedSchema,
  pendingSchema,
]);
export type CheckpointStatisticsMessage = z.infer<typeof checkpointStatisticsSchema>;

const summarySchema = z.object({
  min: z.number(),
  max: z.number(),
  avg: z.number(),
  p50: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
});
export type SummaryMessage = z.infer<typeof summarySchema>;

/** GET /jobs/:id/checkpoints; `summary` is over the completed ones of the history. */
export const checkpointsSchema = z.object({
  counts: z.object({
    restored: countSchema,
    total: countSchema,
    in_progress: countSchema,
    completed: countSchema,
    failed: countSchema,
  }),
  summary: z.object({
    checkpointed_size: summarySchema,
    state_size: summarySchema,
    end_to_end_duration: summarySchema,
    alignment_buffered: summarySchema,
    processed_data: summarySchema,
    persisted_data: summarySchema,
  }),
  latest: z.object({
    completed: completedSchema.nullable(),
    savepoint: completedSchema.nullable(),
    failed: failedSchema.nullable(),
    restored: z
      .object({
        id: countSchema,
        restore_timestamp: timestampSchema,
        is_savepoint: z.boolean(),
        external_path: z.string().nullable(),
      })
      .nullable(),
  }),
  /** Newest first. */
  history: z.array(checkpointStatisticsSchema),
});
export type CheckpointsMessage = z.infer<typeof checkpointsSchema>;

/** GET /jobs/:id/checkpoints/config; times in milliseconds. */
export const checkpointConfigSchema = z.object({
  mode: z.enum(["exactly_once", "at_least_once"]),
  /** -1: no periodic checkpoints. */
  interval: z.int().min(-1),
  timeout: countSchema,
  min_pause: countSchema,
  max_concurrent: countSchema,
  externalization: z.object({ enabled: z.boolean(), delete_on_cancellation: z.boolean() }),
  state_backend: z.string(),
  checkpoint_storage: z.string(),
  unaligned_checkpoints: z.boolean(),
  /** -1: any number. */
  tolerable_failed_checkpoints: z.int().min(-1),
  aligned_checkpoint_timeout: countSchema,
  checkpoints_after_tasks_finish: z.boolean(),
  state_changelog_enabled: z.boolean(),
  /** -1: there is no changelog. */
  changelog_periodic_materialization_interval: z.literal(-1),
});
export type CheckpointConfigMessage = z.infer<typeof checkpointConfigSchema>;
