/**
 * Owns: the part of a StreamJob's spec about pods: `jobManager`, `taskManager`.
 * Does not own: the pods themselves (operator/resources), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { anything, quantity, textMap, whole } from "./fields.ts";

const amounts = (what: string) =>
  z.record(z.string().max(253), quantity()).meta({ maxProperties: 32 }).optional().describe(what);

/** Resources of one container, as Kubernetes knows them. */
export const resourcesSchema = z.strictObject({
  requests: amounts('What is reserved, such as cpu "500m", memory "1Gi". Default: the limits.'),
  limits: amounts("What is allowed at most. Default: no limit."),
});

const podTemplateSchema = z.strictObject({
  metadata: z
    .strictObject({
      labels: textMap(64, 63).optional().describe("Labels added to those of the operator, which win."),
      annotations: textMap(64, 32_768).optional().describe("Annotations of the pods."),
    })
    .optional()
    .describe("Labels and annotations of the pods."),
  spec: anything()
    .optional()
    .describe(
      "A pod's spec, laid under the operator's. The operator's container is called jobmanager or taskmanager, as its pod's component; others are added.",
    ),
});

const common = {
  resources: resourcesSchema.optional().describe("CPU and memory of the container. Default: none set."),
  podTemplate: podTemplateSchema
    .optional()
    .describe(
      "What the pods have beside that which the operator sets: volumes, affinity, tolerations, side containers.",
    ),
  pdb: z
    .boolean()
    .optional()
    .describe("Whether a PodDisruptionBudget lets at most one pod be evicted at a time. Default false."),
};

/** The pod that leads the job. */
export const jobManagerSchema = z.strictObject(common);

/** The pods that do the job's work. */
export const taskManagerSchema = z.strictObject({
  replicas: whole(1, 1024)
    .optional()
    .describe("Number of TaskManager pods. Default 1; 1 to 1024. `kubectl scale` and autoscalers change this field."),
  slots: whole(1, 1024)
    .optional()
    .describe("Slots of each TaskManager. Default: parallelism / replicas, rounded up; 1 to 1024."),
  ...common,
});
