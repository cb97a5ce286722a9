/**
 * Room `testkit`: drives whole jobs and single operators, with a clock that stands still, and the contracts that adapters have to pass.
 * Nothing here is part of a running job.
 */
export type { CollectedRecord } from "./collecting-sink.ts";
export type { ContractCheck } from "./contract-check.ts";
export type { ScriptedValues } from "./driven-graph.ts";
export { JobDriver, type JobDriverOptions, type RunOptions } from "./job-driver.ts";
export type { JobSnapshot } from "./job-snapshot.ts";
export { ManualClock } from "./manual-clock.ts";
export { type MetricOwner, type MetricReading, MetricRegistry } from "../metrics/index.ts";
export { MemorySnapshotFiles } from "./memory-snapshot-files.ts";
export { type HarnessEvent, type HarnessOptions, type HarnessSnapshot, OperatorHarness } from "./operator-harness.ts";
export { type SinkWorld, sinkContract } from "./sink-contract.ts";
export { type SourceContractOptions, type SourceWorld, sourceContract } from "./source-contract.ts";
export { SourceHarness, type SourceHarnessOptions } from "./source-harness.ts";
export { type TransactionWorld, twoPhaseCommitContract } from "./two-phase-commit-contract.ts";
