/**
 * Owns: the part of a StreamJob's spec that says what runs: `job` with its sources, arguments and environment.
 * Does not own: which combinations make sense (cel-rules.ts), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { atomicList, keyedList, objectName, quantity, text } from "./fields.ts";

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
      apiVersion: z.string().max(64).optional().describe("Version in which the path is written. Default v1."),
      fieldPath: text(253).describe("Path within the pod, such as `metadata.name`."),
    })
    .optional()
    .describe("A field of the pod itself."),
  resourceFieldRef: z
    .strictObject({
      containerName: z.string().max(63).optional().describe("Container whose resource is meant. Default: this one."),
      resource: text(253).describe("Which resource, such as `limits.memory`."),
      divisor: quantity().optional().describe("What the value is divided by. Default 1."),
    })
    .optional()
    .describe("An amount of the container's resources."),
});

const environmentVariable = z.strictObject({
  name: z
    .string()
    .max(253)
    .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, "must be a name of an environment variable: letters, digits, _ - .")
    .describe("Name of the variable. Names that begin with STREAMJOB_ are the operator's."),
  value: z.string().max(32_768).optional().describe("Its value. Default: empty. Not together with `valueFrom`."),
  valueFrom: environmentSource.optional().describe("Where the value comes from; exactly one of its fields."),
});

/** What runs. Exactly one of module, configMap, sql and jar. */
export const programSchema = z.strictObject({
  module: text(4096).optional().describe("Path of the job's module in the image, such as `/opt/streamjob/job/job.ts`."),
  configMap: z
    .strictObject({
      name: objectName().describe("Name of the ConfigMap, in the job's namespace."),
      key: z
        .string()
        .max(253)
        .regex(/^[-._a-zA-Z0-9]+$/, "must be a key of a ConfigMap: letters, digits, - _ .")
        .describe("Key whose value is the module's text, such as `job.ts`; its ending says the language."),
    })
    .optional()
    .describe(
      "A module that a ConfigMap holds; it is mounted at /opt/streamjob/job, and read when a pod starts. Give each version of it a ConfigMap " +
        "with a name of its own, and keep that of the last stable one: a text that is changed in place is no change of this spec, so no upgrade, and a rollback would start it too.",
    ),
  sql: text(262_144).optional().describe("SQL statements. Not in this version: refused."),
  jar: text(4096).optional().describe("Path of a Flink jar. Not in this version: refused."),
  args: atomicList(z.string().max(4096), 256)
    .optional()
    .describe("Arguments given to the job's module. Default: none."),
  env: keyedList(environmentVariable, "name", 256)
    .optional()
    .describe("Environment variables of JobManager and TaskManagers. Default: none."),
});
