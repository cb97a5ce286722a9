/**
 * Room `operator/engine`: the port to a stream engine. What decisions use of it is pure (`Engine`); observe reads and apply writes by its
 * calls (`JobManagerApi`). What every engine's children are called, labelled and owned by is here too.
 */
export {
  type CertificateAuthority,
  type CertificatePolicy,
  type CertificateTerm,
  certificatePolicy,
  certificateTerm,
  type IncarnationIdentity,
  type RootFingerprints,
  type RootStage,
  SETTLE_MS,
  untilRenewalMs,
} from "./certificates.ts";
export { disposalTriggerId } from "./disposal-id.ts";
export type {
  CopiedFiles,
  Engine,
  IncarnationChildren,
  IncarnationInput,
  SettledIncarnation,
  StorageInspection,
  StoragePodInput,
  StorageTask,
} from "./engine.ts";
export type { Activation, IncarnationView, JobException, PreflightView } from "./incarnation-view.ts";
export { controllerRevision, disruptionBudget, type RevisionData, restService } from "./job-children.ts";
export type { Answer, JobManagerApi, JobManagerTarget, SavepointTrigger, TriggerState } from "./jobmanager-api.ts";
export {
  type Component,
  disruptionBudgetName,
  incarnationLabels,
  configMapName,
  incarnationName,
  incarnationOf,
  identitySecretName,
  jobLabels,
  jobManagerHost,
  podLabels,
  METRICS_PORT,
  REST_PORT,
  RPC_PORT,
  restServiceName,
  revisionName,
  STORAGE_COMPONENT,
  statefulSetName,
  storagePodName,
} from "./names.ts";
export { isOwnedBy, ownedBy } from "./owner.ts";
export { isForGood } from "./refusal.ts";
export type { RelayAnswer, RelayRequest, RestRelay } from "./rest-relay.ts";
