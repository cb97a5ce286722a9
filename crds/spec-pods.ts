/**
 * Owns: the part of a StreamJob's spec about pods: `jobManager`, `taskManager`.
 * Does not own: the pods themselves (operator/resources), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { anything, atomicList, quantity, text, textMap, whole } from "./fields.ts";

const amounts = (what: string) =>
  z.record(z.string().max(253), quantity()).meta({ maxProperties: 32 }).optional().describe(what);

/** Resources of one container, as Kubernetes knows them. */
export const resourcesSchema = z.strictObject({
  requests: amounts('Resources reserved for the container, such as cpu "500m", memory "1Gi". Default: the limits.'),
  limits: amounts("Maximum resources the container may use. Default: no limit."),
});

/** A list of things that are told apart by their names, as the operator merges them with its own. */
const named = (known: z.ZodRawShape = {}) =>
  atomicList(anything({ name: text(253).describe("Its name."), ...known }), 256).optional();

/**
 * Of a pod's spec only what the operator itself reads or what no StatefulSet takes: a mistake there would otherwise be found when the
 * pods are made. All else is the API server's to judge.
 */
const podSpecSchema = anything({
  containers: named({
    env: named().describe("Environment variables."),
    volumeMounts: named().describe("Where volumes are mounted."),
  }).describe(
    "Containers; one with the name of the operator's container is merged into it, and the operator's values win.",
  ),
  volumes: named().describe("Volumes, in addition to the operator's."),
  restartPolicy: z.enum(["Always"]).optional().describe("Always: a StatefulSet allows no other value."),
});

const podTemplateSchema = z.strictObject({
  metadata: z
    .strictObject({
      labels: textMap(64, 63).optional().describe("Additional labels; the operator's labels win."),
      annotations: textMap(64, 32_768).optional().describe("Annotations of the pods."),
    })
    .optional()
    .describe("Labels and annotations of the pods."),
  spec: podSpecSchema
    .optional()
    .describe(
      "A pod's spec, into which the operator merges its own; the operator's values win. The operator's container is called jobmanager or taskmanager, after its component; other containers are added.",
    ),
});

const common = {
  resources: resourcesSchema.optional().describe("CPU and memory of the container. Default: none set."),
  podTemplate: podTemplateSchema
    .optional()
    .describe("Additions to the pods that the operator creates: volumes, affinity, tolerations, sidecar containers."),
  pdb: z
    .boolean()
    .optional()
    .describe("Whether a PodDisruptionBudget limits evictions to one pod at a time. Default false."),
};

/** The JobManager pod, which coordinates the job. */
export const jobManagerSchema = z.strictObject(common);

/** The TaskManager pods, which run the job's tasks. */
export const taskManagerSchema = z.strictObject({
  replicas: whole(1, 1024)
    .optional()
    .describe("Number of TaskManager pods. Default 1; 1 to 1024. `kubectl scale` and autoscalers change this field."),
  slots: whole(1, 1024)
    .optional()
    .describe("Number of slots of each TaskManager. Default: parallelism / replicas, rounded up; 1 to 1024."),
  ...common,
});
