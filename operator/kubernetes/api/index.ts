/** Room `operator/kubernetes/api`: the port to an API server: its calls, objects, errors and paths. */
export { ApiError, type ApiErrorOptions, type ApiErrorReason, isApiError, isOfOtherObject } from "./api-error.ts";
export { type ApiPath, formatApiPath, parseApiPath } from "./api-paths.ts";
export { type ApiStatus, fromApiStatus, isApiStatus, parseApiStatus, toApiStatus } from "./api-status.ts";
export type {
  ApplyObject,
  ApplyOptions,
  CallOptions,
  CreateOptions,
  DeleteOptions,
  KubernetesApi,
  ListOptions,
  ListPage,
  LogOptions,
  ObjectKey,
  PatchOptions,
  WatchEnd,
  WatchEvent,
  WatchOptions,
} from "./kubernetes-api.ts";
export { type ManagedFieldsEntry, managedFieldsOf } from "./managed-fields.ts";
export { microTime, secondsTime } from "./micro-time.ts";
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
  type Secret,
  resources,
  type Service,
  type StatefulSet,
  type Volume,
} from "./objects.ts";
export type { AccessVerdict, ResourceAttributes, Reviews, TokenVerdict, UserInfo } from "./reviews.ts";
