/**
 * Owns: the kind StreamJobSnapshot: a savepoint that was asked for, scheduled, or taken by an upgrade, and by whose name another
 * job can start. Does not own: taking it (operator/reconcile). Called by: the schema of the CRD, validation, rooms of the operator.
 */
import { z } from "zod";
import { location, objectName, time } from "./fields.ts";
import type { KubernetesMetadata } from "./metadata.ts";
import { conditionSchema, count } from "./status-fields.ts";

/** The spec of a StreamJobSnapshot; it cannot be changed but for `disposeOnDelete`. */
export const streamJobSnapshotSpecSchema = z.strictObject({
  jobRef: z
    .strictObject({ name: objectName().describe("Name of the StreamJob, in the same namespace.") })
    .describe("The job whose state it holds."),
  origin: z
    .enum(["manual", "scheduled", "upgrade"])
    .optional()
    .describe("Who requested it. Default manual. Retention deletes only scheduled and upgrade savepoints."),
  path: location()
    .optional()
    .describe(
      "Exact folder of the savepoint. Default: chosen by the operator and recorded before the savepoint is triggered.",
    ),
  disposeOnDelete: z
    .boolean()
    .optional()
    .describe("Whether the savepoint's files are deleted with this object. Default true."),
});

/** The status of a StreamJobSnapshot. */
export const streamJobSnapshotStatusSchema = z.object({
  observedGeneration: z.int().default(-1).describe("The latest generation that was reconciled; -1: none yet."),
  phase: z
    .enum(["Pending", "InProgress", "Completed", "Failed"])
    .default("Pending")
    .describe("Its phase. Completed and Failed are final."),
  triggerId: z.string().optional().describe("Id under which it is triggered; the same in every attempt."),
  location: z.string().optional().describe("Where the completed savepoint is."),
  jobId: z.string().optional().describe("Id of the job that took it."),
  incarnation: count().min(1).optional().describe("Incarnation that took it."),
  startedAt: time().optional().describe("When it was first triggered."),
  completedAt: time().optional().describe("When it completed or failed."),
  message: z.string().optional().describe("Why it failed or what it is waiting for, in words."),
  conditions: z
    .array(conditionSchema)
    .max(32)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .default([])
    .describe(
      "Current conditions: Ready, Reconciling, Stalled, as kstatus has them. Ready: the savepoint is complete.",
    ),
});

/** The spec, as people write it. */
export type StreamJobSnapshotSpec = z.infer<typeof streamJobSnapshotSpecSchema>;
/** The status as code sees it: defaults are filled in. */
export type StreamJobSnapshotStatus = z.infer<typeof streamJobSnapshotStatusSchema>;

/** A snapshot as the API server holds it. */
export interface StreamJobSnapshot {
  readonly apiVersion: string;
  readonly kind: "StreamJobSnapshot";
  readonly metadata: KubernetesMetadata;
  readonly spec: StreamJobSnapshotSpec;
  /** As stored; `readSnapshotStatus` fills in what is absent. */
  readonly status?: z.input<typeof streamJobSnapshotStatusSchema>;
}
