/** Room `operator/kubernetes`: the port to an API server, and what a controller needs beside it: watch cache, work queue, elector, retry. */
export { ApiError, type ApiErrorOptions, type ApiErrorReason, isApiError, isOfOtherObject } from "./api-error.ts";
export type { Backoff } from "./backoff.ts";
export type { CacheChange } from "./cached-objects.ts";
export type {
  ApplyObject,
  ApplyOptions,
  CallOptions,
  PatchOptions,
  DeleteOptions,
  KubernetesApi,
  ListOptions,
  ListPage,
  LogOptions,
  ObjectKey,
  WatchEnd,
  WatchEvent,
  WatchOptions,
} from "./kubernetes-api.ts";
export { LeaseElector, type LeaseElectorOptions, type Leadership } from "./lease-elector.ts";
export {
  type AnyObject,
  type ConfigMap,
  type Container,
  type ContainerStatus,
  type ControllerRevision,
  type EnvVar,
  type Event,
  type Kind,
  type Kinds,
  type KubernetesObject,
  type Lease,
  type Pod,
  type PodDisruptionBudget,
  type PodSpec,
  type PodTemplate,
  resources,
  type Service,
  type StatefulSet,
  type Volume,
} from "./objects.ts";
export { EventRecorder, type EventRecorderFigures, type EventRecorderOptions, type EventText } from "./recorder.ts";
export { withRetriedReads } from "./retry.ts";
export { callWithin } from "./waiting.ts";
export { WatchCache, type WatchCacheFigures, type WatchCacheOptions } from "./watch-cache.ts";
export { WorkQueue, type WorkQueueFigures, type WorkQueueOptions } from "./work-queue.ts";
export { type GateAnswer, guarded, type WriteGate } from "./write-gate.ts";
export { type ManagedFieldsEntry, managedFieldsOf } from "./managed-fields.ts";
export { type ApiPath, parseApiPath } from "./api-paths.ts";
export { type ApiStatus, toApiStatus } from "./api-status.ts";
export { HttpKubernetesApi, type HttpKubernetesApiOptions } from "./http-api.ts";
