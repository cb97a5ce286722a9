/**
 * Owns: what the processes in an incarnation's pods are told: the JSON in STREAMJOB_CONFIG. The names of the variables: pod-variables.ts.
 * Written by operator/resources into a ConfigMap; read by cli's pod programs.
 *
 * PG1 A variable of a process has at most 128 KiB on Linux: one that is longer, and no process starts. Arguments and options that could
 *     exceed that come in a file, and the configuration in the variable has none.
 */
import { z } from "zod";
import { hex32Schema } from "./identity.ts";
import { programSchema } from "./program.ts";
import { pathSchema } from "./triggers.ts";

/** An operator and its pods may be of different images: pods refuse a newer one. */
export const POD_CONFIG_VERSION = 1;

/** JobManager and TaskManagers of one incarnation have the same. Addresses are not in it: they come in variables (`podVariables`). */
export const podConfigSchema = z.strictObject({
  version: z.literal(POD_CONFIG_VERSION),
  /** Of this incarnation. */
  jobId: hex32Schema,
  /** The same as the option `pipeline.name`; null: what code or options say, or the module's file name. */
  jobName: z.string().min(1).max(1000).nullable(),
  program: programSchema,
  args: z.array(z.string()).readonly(),
  /** Options as after `-D`; above what the code says. */
  options: z.record(z.string(), z.string()),
  /** The incarnation's own store: `<storage root>/<namespace>/<jobId>`. */
  storeUri: pathSchema,
  /** The same as the option `state.savepoints.dir`; null: what code or options say. */
  savepointDirectory: pathSchema.nullable(),
  /** Where requests may put savepoints: these places and below. Not there: anywhere. */
  savepointPrefixes: z.array(pathSchema).readonly().optional(),
  /** The same as the option `parallelism.default`; null: what code or options say. */
  parallelism: z.int().min(1).nullable(),
  /** The same as the option `pipeline.max-parallelism`; null: what code, options or restored state say. */
  maxParallelism: z.int().min(1).nullable(),
  /** How many are started beside the JobManager. */
  taskManagers: z.int().min(1),
  /** Of each TaskManager. */
  slots: z.int().min(1).max(1024),
});
export type PodConfig = z.infer<typeof podConfigSchema>;

/** What may be too large for a variable: the file that `podVariables.largeConfig` names (PG1). */
export const largePodConfigSchema = podConfigSchema.pick({ args: true, options: true });
export type LargePodConfig = z.infer<typeof largePodConfigSchema>;
