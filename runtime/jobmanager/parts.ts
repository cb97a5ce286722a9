/** Second door of the room `jobmanager`, for the test kit: what is decided about state, without a JobManager. No package export. */
export { PendingCheckpoint } from "./checkpoints/pending-checkpoint.ts";
export { Execution } from "./execution/execution.ts";
export { fitGraph } from "./leading/graph-fit.ts";
export { RestorePoint } from "./leading/restore-point.ts";
export { discoverSplits } from "./leading/split-discovery.ts";
export { SourceCoordinators } from "./sources/source-coordinators.ts";
