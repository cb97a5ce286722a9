/**
 * Owns: the spec of a StreamJob: the one source of its type, its documentation, its validation and its part of the CRD.
 * Does not own: contradictions between fields (cel-rules.ts), what holds when a field is absent (defaults.ts).
 * Called by: the schema of the CRD, validation, the reference page.
 *
 * SJS1 Every field says what it is, its unit, its default and its bounds; the reference page and `kubectl explain` show just that.
 * SJS2 No field has a default in the schema: it would be written into the object, and a tool that compares with git would undo it.
 */
import { z } from "zod";
import { settings } from "../settings/index.ts";
import { atomicList, nonce, objectName, text, textMap } from "./fields.ts";
import { choiceField, wholeField } from "./setting-fields.ts";
import { checkpointsSchema, savepointsSchema } from "./spec-checkpoints.ts";
import { deletionSchema, recoverySchema, restartSchema, restoreSchema, upgradeSchema } from "./spec-lifecycle.ts";
import { jobManagerSchema, resourcesSchema, taskManagerSchema } from "./spec-pods.ts";
import { programSchema } from "./spec-program.ts";

/** The spec, as people write it. */
export const streamJobSpecSchema = z.strictObject({
  engine: z
    .enum(["native", "flink"])
    .optional()
    .describe("Engine that runs the job. Default native. flink is not supported in this version; refused."),
  image: text(1024)
    .optional()
    .describe("Container image with the runtime and the job's module. Default: the operator's."),
  imagePullPolicy: z
    .enum(["Always", "IfNotPresent", "Never"])
    .optional()
    .describe("When the image is pulled. Default: the same as Kubernetes."),
  imagePullSecrets: atomicList(z.strictObject({ name: objectName().describe("Name of the Secret.") }), 32)
    .optional()
    .describe("Secrets with which the image is pulled. Default: none."),
  serviceAccountName: objectName()
    .optional()
    .describe("Service account of the pods. Default: the namespace's default service account."),
  job: programSchema.describe(
    "What runs: exactly one of module, configMap, inline, sql and jar, with arguments and environment.",
  ),
  state: z
    .enum(["running", "suspended"])
    .optional()
    .describe("Desired state. suspended: the job is stopped, its state is kept, and it has no pods. Default running."),
  parallelism: wholeField(settings.parallelism),
  maxParallelism: wholeField(settings.maxParallelism, " It cannot change once set."),
  checkpoints: checkpointsSchema.optional().describe("Automatic snapshots from which a failed job recovers."),
  stateBackend: choiceField(settings.stateBackend, ["rocksdb"]),
  savepoints: savepointsSchema.optional().describe("Snapshots that are requested by people or taken on a schedule."),
  restart: restartSchema
    .optional()
    .describe("What the JobManager does after a failure. Default: exponential-delay with its defaults."),
  recovery: recoverySchema.optional().describe("What the operator does when the job has FAILED."),
  upgrade: upgradeSchema.optional().describe("How a changed spec replaces the running job."),
  restore: restoreSchema
    .optional()
    .describe(
      "What the job starts from: exactly one of path and snapshot. Default: nothing. It is used once and ignored afterwards.",
    ),
  restartNonce: nonce()
    .optional()
    .describe(
      "A new value restarts the job with a savepoint, like an upgrade; removing it does nothing. Whole number or text.",
    ),
  savepointNonce: nonce()
    .optional()
    .describe(
      "A new value takes a savepoint as soon as the job has completed its first checkpoint; the job keeps running. Whole number or text.",
    ),
  jobManager: jobManagerSchema.optional().describe("The JobManager pod, which coordinates the job."),
  taskManager: taskManagerSchema.optional().describe("The TaskManager pods, which run the job's tasks."),
  deletion: deletionSchema.optional().describe("What happens when the StreamJob is deleted."),
  config: textMap(128)
    .optional()
    .describe(
      "Additional options of the runtime by name; docs/options.md lists them. Options that have a field in this spec are refused.",
    ),
});

/** The spec, as people write it: what is absent has its default, see `withDefaults`. */
export type StreamJobSpec = z.infer<typeof streamJobSpecSchema>;
/** CPU and memory of a container. */
export type Resources = z.infer<typeof resourcesSchema>;
/** What pods have beside that which the operator sets. */
export type PodTemplate = NonNullable<NonNullable<StreamJobSpec["jobManager"]>["podTemplate"]>;
/** One environment variable of a pod. */
export type EnvironmentVariable = NonNullable<StreamJobSpec["job"]["env"]>[number];
