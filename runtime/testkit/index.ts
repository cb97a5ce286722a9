/**
 * Room `testkit`: drives single operators by hand, with a clock that stands still, and the contracts that adapters have to pass.
 * Nothing here is part of a running job.
 */
export { ManualClock } from "./manual-clock.ts";
export { MemorySnapshotFiles } from "./memory-snapshot-files.ts";
export { type HarnessEvent, type HarnessOptions, type HarnessSnapshot, OperatorHarness } from "./operator-harness.ts";
export { type TransactionWorld, twoPhaseCommitContract } from "./two-phase-commit-contract.ts";
