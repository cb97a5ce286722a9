/**
 * The kinds that the operator touches: Kubernetes' own, as its client library declares them, and ours of crds.
 * Does not own: field names and meaning; they are Kubernetes'. Only types are taken from the library: nothing of it is loaded.
 */
import type {
  EventsV1Event,
  V1ConfigMap,
  V1Container,
  V1ContainerStatus,
  V1ControllerRevision,
  V1EnvVar,
  V1LeaseSpec,
  V1PodDisruptionBudgetSpec,
  V1PodSpec,
  V1PodStatus,
  V1PodTemplateSpec,
  V1Secret,
  V1ServicePort,
  V1ServiceSpec,
  V1StatefulSetSpec,
  V1StatefulSetStatus,
  V1Volume,
} from "@kubernetes/client-node";
import type { KubernetesObject, StreamJob, StreamJobSnapshot } from "../../../crds/index.ts";

/** A class of the library as its objects are in JSON: times are text, and what was read is not changed. */
type Wire<T> = 0 extends 1 & T
  ? T
  : T extends Date
    ? string
    : T extends readonly (infer Item)[]
      ? readonly Wire<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Wire<T[Key]> }
        : T;

/** With members in place of those that Kubernetes fills in itself, or that we always give. */
type With<T, Members> = Omit<Wire<T>, keyof Members> & Members;

/** Kind, and what the library's class has beside what every object has. */
type Of<Name extends string, T> = KubernetesObject & { readonly kind: Name } & Omit<
    Wire<T>,
    "apiVersion" | "kind" | "metadata"
  >;

export type EnvVar = Wire<V1EnvVar>;
/** Quantities of resources may be numbers, which the library does not know. */
export type Container = With<V1Container, { readonly image: string; readonly resources?: object }>;
export type Volume = Wire<V1Volume>;
export type ContainerStatus = Pick<Wire<V1ContainerStatus>, "name" | "ready" | "restartCount" | "state" | "lastState">;

export type PodSpec = With<
  V1PodSpec,
  { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] }
>;

export type PodTemplate = With<V1PodTemplateSpec, { readonly spec: PodSpec }>;

export type Pod = KubernetesObject & {
  readonly kind: "Pod";
  readonly spec: PodSpec;
  readonly status?: With<
    V1PodStatus,
    {
      readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
      readonly containerStatuses?: readonly ContainerStatus[];
    }
  >;
};

type Selector = { readonly matchLabels: Readonly<Record<string, string>> };

export type StatefulSet = KubernetesObject & {
  readonly kind: "StatefulSet";
  readonly spec: With<
    V1StatefulSetSpec,
    { readonly serviceName: string; readonly selector: Selector; readonly template: PodTemplate }
  >;
  readonly status?: Partial<Wire<V1StatefulSetStatus>>;
};

export type Service = KubernetesObject & {
  readonly kind: "Service";
  readonly spec: With<V1ServiceSpec, { readonly ports: readonly With<V1ServicePort, { readonly name: string }>[] }>;
};

export type ConfigMap = Of<"ConfigMap", V1ConfigMap>;

/** Values of `data` are base64. */
export type Secret = Of<"Secret", V1Secret>;

/** `revision` rises by one with each revision of the same owner. */
export type ControllerRevision = Of<"ControllerRevision", V1ControllerRevision>;

export type PodDisruptionBudget = KubernetesObject & {
  readonly kind: "PodDisruptionBudget";
  readonly spec: With<V1PodDisruptionBudgetSpec, { readonly selector: Selector }>;
};

/** events.k8s.io/v1, written with its series so that a repeated event is one object. `note`: at most 1024 characters. */
export type Event = KubernetesObject & { readonly kind: "Event" } & Omit<
    With<
      EventsV1Event,
      {
        readonly type: "Normal" | "Warning";
        readonly reason: string;
        readonly action: string;
        readonly note: string;
        readonly reportingController: string;
        readonly reportingInstance: string;
        readonly regarding: {
          readonly apiVersion: string;
          readonly kind: string;
          readonly namespace: string;
          readonly name: string;
          readonly uid?: string;
        };
      }
    >,
    "apiVersion" | "kind" | "metadata"
  >;

/** coordination.k8s.io/v1. Its times are MicroTime: RFC 3339 with exactly six digits of a second (MIT1). */
export type Lease = KubernetesObject & { readonly kind: "Lease"; readonly spec: Wire<V1LeaseSpec> };

/** Every kind, by its name. */
export type Kinds = {
  StreamJob: StreamJob;
  StreamJobSnapshot: StreamJobSnapshot;
  Pod: Pod;
  StatefulSet: StatefulSet;
  Service: Service;
  ConfigMap: ConfigMap;
  Secret: Secret;
  ControllerRevision: ControllerRevision;
  PodDisruptionBudget: PodDisruptionBudget;
  Event: Event;
  Lease: Lease;
};

export type Kind = keyof Kinds;
export type AnyObject = Kinds[Kind];
export type { KubernetesObject };

/** The API that serves a kind. */
export const resources: Readonly<Record<Kind, { readonly apiVersion: string; readonly plural: string }>> = {
  StreamJob: { apiVersion: "streamjob.dev/v1alpha1", plural: "streamjobs" },
  StreamJobSnapshot: { apiVersion: "streamjob.dev/v1alpha1", plural: "streamjobsnapshots" },
  Pod: { apiVersion: "v1", plural: "pods" },
  StatefulSet: { apiVersion: "apps/v1", plural: "statefulsets" },
  Service: { apiVersion: "v1", plural: "services" },
  ConfigMap: { apiVersion: "v1", plural: "configmaps" },
  Secret: { apiVersion: "v1", plural: "secrets" },
  ControllerRevision: { apiVersion: "apps/v1", plural: "controllerrevisions" },
  PodDisruptionBudget: { apiVersion: "policy/v1", plural: "poddisruptionbudgets" },
  Event: { apiVersion: "events.k8s.io/v1", plural: "events" },
  Lease: { apiVersion: "coordination.k8s.io/v1", plural: "leases" },
};
