/**
 * Owns: reading what a pod's process is told: the configuration in its variable, with what came in a file (PG1).
 * Called by: pod-process.ts.
 */
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { refuseNewer } from "../base/index.ts";
import {
  largePodConfigSchema,
  POD_CONFIG_VERSION,
  type PodConfig,
  podConfigSchema,
  podVariables,
} from "../contract/index.ts";
import { invalidPodSetting } from "./pod-setting-error.ts";

/** `largeFile`: the path in `podVariables.largeConfig`. Errors: OPTION_INVALID, FORMAT_TOO_NEW. */
export function readPodConfig(text: string, largeFile: string | undefined): PodConfig {
  const config = parsePodSetting(podConfigSchema, POD_CONFIG_VERSION, text, `the variable ${podVariables.config}`);
  if (largeFile === undefined) return config;
  const large = parsePodSetting(largePodConfigSchema, POD_CONFIG_VERSION, readText(largeFile), `the file ${largeFile}`);
  return { ...config, ...large };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw invalidPodSetting(`the file ${path}, which ${podVariables.largeConfig} names, cannot be read`, cause);
  }
}

/** `what` it is, for the message. Errors: OPTION_INVALID, FORMAT_TOO_NEW. */
export function parsePodSetting<S extends z.ZodType>(
  schema: S,
  version: number,
  text: string,
  what: string,
): z.infer<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalidPodSetting(`${what} is not JSON`, cause);
  }
  refuseNewer(what, json, version);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidPodSetting(`${what}: field "${issue?.path.join(".") ?? ""}": ${issue?.message ?? ""}`);
}

/** As `-D` options; what the configuration names by itself is above its free options. */
export function jobOptionsOf(config: PodConfig): Readonly<Record<string, string>> {
  const named: Readonly<Record<string, string | number | null>> = {
    "pipeline.name": config.jobName,
    "parallelism.default": config.parallelism,
    "pipeline.max-parallelism": config.maxParallelism,
    "state.savepoints.dir": config.savepointDirectory,
  };
  const options = { ...config.options };
  for (const [name, value] of Object.entries(named)) if (value !== null) options[name] = String(value);
  return options;
}
