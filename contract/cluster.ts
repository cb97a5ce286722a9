/**
 * Owns: messages about the cluster: overview, configuration of the dashboard, TaskManagers.
 */
import { z } from "zod";
import { countSchema, timestampSchema } from "./identity.ts";

/** GET /overview */
export const overviewSchema = z.object({
  taskmanagers: countSchema,
  "taskmanagers-blocked": countSchema,
  "slots-total": countSchema,
  "slots-available": countSchema,
  "slots-free-and-blocked": countSchema,
  "jobs-running": countSchema,
  "jobs-finished": countSchema,
  "jobs-cancelled": countSchema,
  "jobs-failed": countSchema,
  "flink-version": z.string(),
  "flink-commit": z.string(),
});
export type OverviewMessage = z.infer<typeof overviewSchema>;

/** GET /config */
export const dashboardConfigSchema = z.object({
  /** Milliseconds. */
  "refresh-interval": countSchema,
  "timezone-name": z.string(),
  /** Milliseconds east of UTC. */
  "timezone-offset": z.int(),
  "flink-version": z.string(),
  "flink-revision": z.string(),
  features: z.object({
    "web-submit": z.boolean(),
    "web-cancel": z.boolean(),
    "web-rescale": z.boolean(),
    "web-history": z.boolean(),
  }),
});
export type DashboardConfigMessage = z.infer<typeof dashboardConfigSchema>;

/** Not measured: -1. */
const unknownSchema = z.literal(-1);
const resourceSchema = z.object({
  cpuCores: unknownSchema,
  taskHeapMemory: unknownSchema,
  taskOffHeapMemory: unknownSchema,
  managedMemory: unknownSchema,
  networkMemory: unknownSchema,
  extendedResources: z.object({}),
});

const taskManagerSchema = z.object({
  id: z.string(),
  /** Host it runs on. */
  path: z.string(),
  /** Ours: the process id on that host. */
  pid: countSchema,
  /** Flink's name; it is the time of the last heartbeat, in epoch milliseconds. */
  timeSinceLastHeartbeat: timestampSchema,
  slotsNumber: countSchema,
  freeSlots: countSchema,
  blocked: z.boolean(),
  /** -1: each slot has one of its own. */
  dataPort: z.int().min(-1),
  /** -1: there is none. */
  jmxPort: z.int().min(-1),
  assignedTasks: countSchema,
  totalResource: resourceSchema,
  freeResource: resourceSchema,
  hardware: z.object({
    cpuCores: unknownSchema,
    physicalMemory: unknownSchema,
    freeMemory: unknownSchema,
    managedMemory: unknownSchema,
  }),
  memoryConfiguration: z.object({}),
});
/** GET /taskmanagers */
export const taskManagersSchema = z.object({ taskmanagers: z.array(taskManagerSchema) });
export type TaskManagersMessage = z.infer<typeof taskManagersSchema>;

/** GET /jobs/:id/metrics and /jobs/:id/vertices/:vertexId/metrics: values are text, as in Flink; without `?get=` there are only ids. */
export const metricsSchema = z.array(z.object({ id: z.string(), value: z.string().optional() }));
export type MetricsMessage = z.infer<typeof metricsSchema>;

/** GET /jobs/:id/vertices/:vertexId/subtasks/metrics: without `?get=` there are only ids, with `?agg=` only those aggregates. */
export const aggregatedMetricsSchema = z.array(
  z.object({
    id: z.string(),
    min: z.number().optional(),
    max: z.number().optional(),
    avg: z.number().optional(),
    sum: z.number().optional(),
    /** Percent, 0 to 100. */
    skew: z.number().optional(),
  }),
);
export type AggregatedMetricsMessage = z.infer<typeof aggregatedMetricsSchema>;
