/**
 * Room `checkpoint`: what is durable: epochs, manifests, what may be restored, what may be deleted, savepoints.
 *
 * A JobManager's life, with the store rooted at `<root>/<namespace>/<job>`:
 *   const claim = await claimEpoch(store, { processId, jobId, random, clock });            // EpochClaim {epoch, …}
 *   const fence = await writeFence(claim, { jobName });           // { kind: "ready", log } | { kind: "fenced", by }
 *   const restore = resolveRestore(log.contents, log.epoch, { sinksAllowReplay });
 *        // { kind: "none" } | { kind: "restore", manifest, storeUri, mustCommit } | { kind: "corrupt", seq, what, fallback } | { kind: "fenced", by }
 *   const damage = await findDamage(store, manifest);             // string[]; then resolveRestore(…, { damaged: new Map([[seq, what]]) })
 *   await log.complete(draft)                                     // { kind: "completed", manifest } | { kind: "fenced", by }
 *   await log.markCommitted(manifest.seq)                         // when committables > 0 and all tasks have committed
 *   await log.discard({ numRetained })                            // after each completed one
 *   resolveRestore(await log.settle(), log.epoch, …)              // failover inside the JobManager's life: never from memory
 *   await log.discardAll()                                        // job over and nothing is to be retained (CK-15)
 * Ids of new checkpoints start at `log.lastCheckpointId + 1`. Tasks write their files into `dataFolder(epoch, checkpointId)`
 * of the job's store, or into SAVEPOINT_DATA_FOLDER of a savepoint's own store.
 * A savepoint: newSavepointUri(target, jobId, random) → tasks write there → writeSavepointManifest(savepointStore, log, draft)
 * → log.complete(draft), where draft is { kind: "savepoint", storeUri: savepointStore.uri, … }.
 *
 * What the caller owes: a completed checkpoint subsumes (aborts) pending ones with lower ids; a `complete` that throws has an
 * unknown outcome: keep the sinks' transactions pending, never abort them, and call it again or go on with a later checkpoint.
 */
export {
  type AdoptedMaxParallelism,
  type AssignedState,
  type AssignOptions,
  adoptMaxParallelism,
  assignState,
  type ExplicitMaxParallelism,
  type NewOperator,
  type RescalableOperator,
} from "./assign-state.ts";
export {
  CheckpointLog,
  type CompleteOutcome,
  type FenceOutcome,
  type ManifestDraft,
  writeFence,
} from "./checkpoint-log.ts";
export { type CollectionMark, collectStore, eraseStore, readCollectionMark } from "./collection.ts";
export { claimEpoch, type EpochClaim } from "./epoch.ts";
export {
  EMPTY_SUBTASK_STATE,
  type EnumeratorState,
  type FileRef,
  keyedFiles,
  type KeyedStateFile,
  type KeyedStateHandle,
  type OperatorRestore,
  type OperatorState,
  type OperatorStateHandle,
  type Redistribution,
  type StateBlob,
  type StateDeclaration,
  storedDeclarations,
  type SubtaskState,
} from "./handles.ts";
export type { NamedPlace } from "./garbage.ts";
export { collectGarbage, type Removed } from "./garbage-collection.ts";
export { type IncarnationHistory, type InventoryOptions, type StoredPlace, takeInventory } from "./inventory.ts";
export { dataFolder, manifestKey, SAVEPOINT_DATA_FOLDER, SAVEPOINT_METADATA } from "./layout.ts";
export {
  assertReadable,
  chainOf,
  type FencedBy,
  fencedBy,
  findDamage,
  type LogContents,
  type LogEntry,
  newestCompleteSeq,
  readLog,
  successorFence,
} from "./log-contents.ts";
export type { Manifest } from "./manifest.ts";
export { decodeManifest } from "./manifest-codec.ts";
export { fencePredecessor } from "./predecessor.ts";
export { type Recoverability } from "./recoverability.ts";
export { type RestoreDecision, type RestoreOptions, resolveRestore } from "./restore.ts";
export { type DiscardPlan, type RetentionOptions } from "./retention.ts";
export {
  disposeSavepoint,
  newSavepointUri,
  readSavepoint,
  type Savepoint,
  writeSavepointManifest,
} from "./savepoint.ts";
