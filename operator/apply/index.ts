/** Room `operator/apply`: carries out a plan. The only writer of the operator: status, children, snapshots, calls to JobManagers. */
export { type ApplyDeps, apply } from "./apply.ts";
export { type OperatorFailpointName, operatorFailpointNames } from "./failpoints.ts";
export { releaseOrphan } from "./orphan.ts";
export type { ActionKind, ApplyOutcome } from "./outcome.ts";
export { PodTrials } from "./pod-trials.ts";
export { RefusalMemory } from "./refusal-memory.ts";
export type { WrittenCache, WrittenCaches, WrittenKind } from "./written-cache.ts";
