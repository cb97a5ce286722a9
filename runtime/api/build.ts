/**
 * Owns: from a job that is at hand to its stream graph, with the settings in their layers.
 * Does not own: finding and importing a job's module; see the room `program`.
 *
 * BU1 Layers of settings, later over earlier: defaults, the module's file name as job name, code, `-D` options.
 */
import {
  type ConfigurationChange,
  mergeConfiguration,
  parseOptions,
  type StreamGraph,
  validateConfiguration,
} from "../graph/index.ts";
import { StreamEnvironment } from "./environment.ts";
import { GraphBuilder } from "./graph-builder.ts";
import type { Job } from "./job.ts";

export type BuildInput = {
  readonly options?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** The job's name when neither code nor options give one. */
  readonly defaultName?: string;
};

/** Builds the graph of a job that is at hand; what the job's own function throws comes through as it is. */
export async function buildStreamGraph(job: Job, input: BuildInput = {}): Promise<StreamGraph> {
  const options: ConfigurationChange = parseOptions(input.options ?? {});
  const builder = new GraphBuilder();
  const settings = input.defaultName === undefined ? {} : { jobName: input.defaultName };
  const env = new StreamEnvironment(builder, { args: input.args ?? [], settings });
  await job.build(env);
  return builder.finish(validateConfiguration(mergeConfiguration(env.configuration(), options)));
}
