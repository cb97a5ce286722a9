/** Room `crds`: our custom resources: their types, names, defaults, validation, and the definitions that an API server takes. */
export { optionsWithField, type Rule, type RuleReason, type RulesAt } from "./cel-rules.ts";
export {
  type CustomResourceDefinition,
  definitionFiles,
  type PrinterColumn,
  streamJobDefinition,
  streamJobSnapshotDefinition,
} from "./custom-resource-definition.ts";
export {
  type ProgramSource,
  type ResolvedCheckpoints,
  type ResolvedPods,
  type ResolvedRecovery,
  type ResolvedRestart,
  type ResolvedRestore,
  type ResolvedSavepoints,
  type ResolvedSpec,
  type ResolvedStorage,
  type ResolvedUpgrade,
  snapshotWithDefaults,
  withDefaults,
} from "./defaults.ts";
export { plainSchedule } from "./cron.ts";
export type { KubernetesMetadata, KubernetesObject, OwnerReference } from "./metadata.ts";
export * from "./names.ts";
export { nearestName } from "./nearest-name.ts";
export { type ReadStatus, readSnapshotStatus, readStreamJobStatus } from "./read-status.ts";
export { renderStreamJobReference } from "./reference-page.ts";
export type { RestorePoint } from "./restore.ts";
export type { Condition } from "./status-fields.ts";
export type { StreamJob } from "./stream-job.ts";
export type { StreamJobSnapshot, StreamJobSnapshotSpec, StreamJobSnapshotStatus } from "./stream-job-snapshot.ts";
export type { EnvironmentVariable, PodTemplate, Resources, StreamJobSpec } from "./stream-job-spec.ts";
export {
  type ActiveIncarnation,
  HISTORY_LENGTH_MAX,
  type Operation,
  type OperationKind,
  type OperationStep,
  type ResumePoint,
  type StreamJobConditionType,
  type StreamJobPhase,
  type StoredStreamJobStatus,
  type StreamJobStatus,
} from "./stream-job-status.ts";
export { formatTime, parseTime } from "./time.ts";
export type { StructuralSchema } from "./structural-schema.ts";
export { type ValidatedSnapshot, type ValidatedStreamJob, validateSnapshot, validateStreamJob } from "./validation.ts";
export { type Issue, pathText } from "./validation-issues.ts";
export { readStorageRequest, type StorageRequest } from "./storage-request.ts";
