/**
 * Owns: the part of a StreamJob's spec that says what runs: `job` with its sources, arguments and environment.
 * Does not own: which combinations make sense (cel-rules.ts), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { atomicList, keyedList, objectName, quantity, text } from "./fields.ts";

/** A StreamJob, its revision and the ConfigMap of its pods each hold the text, in objects of at most 1 MiB. */
const INLINE_LENGTH_MAX = 262_144;

const keyReference = (what: string) =>
  z.strictObject({
    name: objectName().describe(`Name of the ${what}, in the job's namespace.`),
    key: text(253).describe(`Key within the ${what}.`),
    optional: z.boolean().optional().describe("Whether the pod may start without it. Default false."),
  });

const environmentSource = z.strictObject({
  configMapKeyRef: keyReference("ConfigMap").optional().describe("The value of a key of a ConfigMap."),
  secretKeyRef: keyReference("Secret").optional().describe("The value of a key of a Secret."),
  fieldRef: z
    .strictObject({
      apiVersion: z.string().max(64).optional().describe("API version of the path. Default v1."),
      fieldPath: text(253).describe("Path within the pod, such as `metadata.name`."),
    })
    .optional()
    .describe("A field of the pod itself."),
  resourceFieldRef: z
    .strictObject({
      containerName: z.string().max(63).optional().describe("Container whose resource is used. Default: this one."),
      resource: text(253).describe("Which resource, such as `limits.memory`."),
      divisor: quantity().optional().describe("Divisor of the value. Default 1."),
    })
    .optional()
    .describe("An amount of the container's resources."),
});

const environmentVariable = z.strictObject({
  name: z
    .string()
    .max(253)
    .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, "must be the name of an environment variable: letters, digits, _ - .")
    .describe("Name of the variable. Names that begin with STREAMJOB_ are reserved for the operator."),
  value: z.string().max(32_768).optional().describe("Its value. Default: empty. Not together with `valueFrom`."),
  valueFrom: environmentSource.optional().describe("Where the value comes from; exactly one of its fields."),
});

const configMapKey = () =>
  z
    .string()
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/, "must be a key of a ConfigMap: letters, digits, - _ .");

/** No part of it is `.` or `..`, nor begins with `..`. */
const FILE_PATH = /^(\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*)(\/\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*)*$/;

const projectedFile = z.strictObject({
  key: configMapKey().describe("A key of the ConfigMap."),
  path: z
    .string()
    .max(512)
    .regex(FILE_PATH, "must be a relative path without . and .., such as lib/parse.ts: letters, digits, - _ . and /")
    .describe("Path of its file in /opt/streamjob/job, such as `lib/parse.ts`."),
});

/** What runs. Exactly one of module, configMap, inline, sql and jar. */
export const programSchema = z.strictObject({
  module: text(4096).optional().describe("Path of the job's module in the image, such as `/opt/streamjob/job/job.ts`."),
  configMap: z
    .strictObject({
      name: objectName().describe("Name of the ConfigMap, in the job's namespace."),
      key: configMapKey().describe(
        "Key that holds the module's source, such as `job.ts`; the extension of its file determines the language.",
      ),
      items: atomicList(projectedFile, 256)
        .optional()
        .describe(
          "The keys that become files, and their paths, as in a ConfigMap volume of Kubernetes; `key` is one of them. A key has no `/`: with " +
            "this, files lie in folders. Default: every key is a file of that name.",
        ),
    })
    .optional()
    .describe(
      "A module in a ConfigMap, and the files beside it that it imports (`./parse.ts`): each key is a file in /opt/streamjob/job (`items` names others). They are " +
        "copied when an incarnation is made, so that its pods never run another text. Give each version a ConfigMap with its own name, as " +
        "kustomize's configMapGenerator does, and keep that of the last stable version: changing the text in place does not change this spec. " +
        "It starts no upgrade; the next upgrade, restartNonce or rollback runs it.",
    ),
  inline: text(INLINE_LENGTH_MAX)
    .optional()
    .describe(
      "The module's source itself, as TypeScript whose types can be stripped (no enum, namespace or parameter property). It is part " +
        "of the spec: an edit is an upgrade, and a rollback brings the old text back. The pods find it at /opt/streamjob/job/job.ts. " +
        "`kubectl apply` without --server-side takes manifests of at most 256 KiB in all; for more than one file use configMap or an image.",
    ),
  sql: text(INLINE_LENGTH_MAX)
    .optional()
    .describe(
      "Statements of SQL: CREATE TABLE and VIEW, SET, and INSERT INTO or EXECUTE STATEMENT SET, which are the job. They are part of the spec: an " +
        "edit is an upgrade, and a rollback brings the old statements back. The pods find them at /opt/streamjob/job/job.sql.",
    ),
  jar: text(4096).optional().describe("Path of a Flink jar. Not supported in this version; refused."),
  args: atomicList(z.string().max(4096), 256)
    .optional()
    .describe("Arguments passed to the job's module. Default: none."),
  env: keyedList(environmentVariable, "name", 256)
    .optional()
    .describe("Environment variables of the JobManager and the TaskManagers. Default: none."),
});
