/**
 * Owns: what an incarnation's ConfigMap holds: the configuration that its pods start with.
 */
import { oncePerObject } from "../../base/index.ts";
import { type LargePodConfig, POD_CONFIG_VERSION, type PodConfig, podVariables } from "../../contract/index.ts";
import type { IncarnationInput } from "../engine/index.ts";
import type { ConfigMap, EnvVar, StatefulSet } from "../kubernetes/api/index.ts";
import { configIn, configKeys, programOf } from "./program-files.ts";
import { runtimeOptions } from "./runtime-options.ts";

/** PG1. Of the JSON's characters; each has at most three bytes. */
const VARIABLE_LENGTH_MAX = 40_000;

/** PG1 */
export function configData(input: IncarnationInput): Readonly<Record<string, string>> {
  const config = podConfig(input);
  const keys = configKeys(input.spec.job.source);
  const { args, options } = config;
  if (!isLarge(config)) return { [keys.config]: JSON.stringify(config, null, 2) };
  const large: LargePodConfig = { args, options };
  const rest: PodConfig = { ...config, args: [], options: {} };
  return { [keys.config]: JSON.stringify(rest, null, 2), [keys.large]: JSON.stringify(large, null, 2) };
}

export const isLarge = oncePerObject(
  (config: PodConfig) => JSON.stringify(config, null, 2).length > VARIABLE_LENGTH_MAX,
);

/** The store that an incarnation's pods were told; null: this ConfigMap does not say. */
export function storeUriIn({ data = {} }: ConfigMap): string | null {
  try {
    const config = JSON.parse(configIn(data) ?? "null") as { readonly storeUri?: unknown } | null;
    return typeof config?.storeUri === "string" ? config.storeUri : null;
  } catch {
    return null; // written by hand: its pods do not start
  }
}

/** What brings its ConfigMap's configuration to a pod. */
export const configVariable = ({ configMapName, spec }: IncarnationInput): EnvVar => ({
  name: podVariables.config,
  valueFrom: { configMapKeyRef: { name: configMapName, key: configKeys(spec.job.source).config } },
});

/** Name of the ConfigMap that the pods of a set are told of; null: of none. */
export function configMapOf({ spec }: StatefulSet): string | null {
  const [container] = spec.template.spec.containers;
  const variable = container?.env?.find(({ name }) => name === podVariables.config);
  return variable?.valueFrom?.configMapKeyRef?.name ?? null;
}

/** Most parts of an incarnation ask for it. */
export const podConfig = oncePerObject(
  ({ job, spec, jobId, storeUri, savepointDirectory, savepointPrefixes }: IncarnationInput): PodConfig => {
    const { source, args } = spec.job;
    return {
      version: POD_CONFIG_VERSION,
      jobId,
      jobName: spec.config["pipeline.name"] ?? job.metadata.name,
      program: programOf(source),
      args: [...args],
      options: runtimeOptions(spec),
      storeUri,
      savepointDirectory,
      ...(savepointPrefixes === undefined ? {} : { savepointPrefixes }),
      parallelism: spec.parallelism,
      maxParallelism: spec.maxParallelism,
      taskManagers: spec.taskManager.replicas,
      slots: spec.taskManager.slots,
    };
  },
);
