/** Room `graph` (pure): stream graph, configuration, chaining, job graph, fingerprint, explain. */
export { buildJobGraph, type JobGraphOptions } from "./chaining.ts";
export { compareDeclarations, type DeclaredState, declaredStateId } from "./compatibility.ts";
export {
  type CheckpointSettings,
  type ConfigurationChange,
  defaultConfiguration,
  effectiveRestartStrategy,
  type JobConfiguration,
  mergeConfiguration,
  type RestartChange,
  type RestartStrategy,
  validateConfiguration,
} from "./configuration.ts";
export { parseDurationMs } from "./duration.ts";
export { explain } from "./explain.ts";
export type { ChainedOperator, JobEdge, JobGraph, JobVertex } from "./job-graph.ts";
export { derivedUid, operatorIdOfUid } from "./operator-ids.ts";
export { describeOptions, type OptionDescription, parseOptions, resolveTolerableFailures } from "./options.ts";
export { deriveRegions, type Region, type SubtaskRef } from "./regions.ts";
export type { NodeRole, Partitioning, StreamEdge, StreamGraph, StreamNode } from "./stream-graph.ts";
