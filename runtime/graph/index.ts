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
export { explain } from "./explain.ts";
export type { ChainedOperator, JobEdge, JobGraph, JobVertex, OperatorOutput } from "./job-graph.ts";
export { derivedUid, operatorIdOfUid } from "./operator-ids.ts";
export { describeOptions, jobSettings, parseOptions } from "./options.ts";
export { deriveRegions, type Region, type SubtaskRef } from "./regions.ts";
export { changeOf, type GivenSetting } from "./setting-layer.ts";
export { readWritten } from "./setting-values.ts";
export type {
  NodeRole,
  Partitioning,
  SideOutputType,
  StreamEdge,
  StreamGraph,
  StreamNode,
  StreamOrigin,
} from "./stream-graph.ts";
