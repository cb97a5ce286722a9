/**
 * The kinds that the operator touches, with the fields that it reads or writes. Field names and meaning are Kubernetes' own.
 * Not here: StreamJob and StreamJobSnapshot (crds).
 */
import type { KubernetesObject, StreamJob, StreamJobSnapshot } from "../../../crds/index.ts";

export type EnvVar = {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly configMapKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly fieldRef?: { readonly fieldPath: string };
  };
};

export type Probe = {
  readonly httpGet?: { readonly path: string; readonly port: number | string };
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
  readonly initialDelaySeconds?: number;
  readonly timeoutSeconds?: number;
};

export type Container = {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
    readonly subPath?: string;
  }[];
  readonly resources?: object;
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly securityContext?: object;
  readonly terminationMessagePolicy?: "File" | "FallbackToLogsOnError";
};

export type Volume = {
  readonly name: string;
  readonly configMap?: {
    readonly name: string;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
  readonly emptyDir?: object;
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly secret?: {
    readonly secretName: string;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
};

export type PodSpec = {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly restartPolicy?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly securityContext?: object;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly nodeName?: string;
};

export type PodTemplate = {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
};

export type ContainerStatus = {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: {
      readonly exitCode: number;
      readonly reason?: string;
      readonly message?: string;
      readonly finishedAt?: string;
    };
  };
  readonly lastState?: {
    readonly terminated?: {
      readonly exitCode: number;
      readonly reason?: string;
      readonly message?: string;
      readonly finishedAt?: string;
    };
  };
};

export type PodCondition = {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
};

export type Pod = KubernetesObject & {
  readonly kind: "Pod";
  readonly spec: PodSpec;
  readonly status?: {
    readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    readonly podIP?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly PodCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
};

export type StatefulSet = KubernetesObject & {
  readonly kind: "StatefulSet";
  readonly spec: {
    readonly replicas?: number;
    readonly serviceName: string;
    readonly podManagementPolicy?: "OrderedReady" | "Parallel";
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
    readonly updateStrategy?: { readonly type: "RollingUpdate" | "OnDelete" };
    readonly revisionHistoryLimit?: number;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly currentReplicas?: number;
    readonly updatedReplicas?: number;
  };
};

export type Service = KubernetesObject & {
  readonly kind: "Service";
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort?: number | string }[];
    readonly publishNotReadyAddresses?: boolean;
  };
};

export type ConfigMap = KubernetesObject & {
  readonly kind: "ConfigMap";
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
};

/** Values of `data` are base64. */
export type Secret = KubernetesObject & {
  readonly kind: "Secret";
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
};

export type ControllerRevision = KubernetesObject & {
  readonly kind: "ControllerRevision";
  /** Rises by one with each revision of the same owner. */
  readonly revision: number;
  readonly data?: object;
};

export type PodDisruptionBudget = KubernetesObject & {
  readonly kind: "PodDisruptionBudget";
  readonly spec: {
    readonly maxUnavailable?: number | string;
    readonly minAvailable?: number | string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  };
};

/** events.k8s.io/v1, written with its series so that a repeated event is one object. */
export type Event = KubernetesObject & {
  readonly kind: "Event";
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  /** At most 1024 characters. */
  readonly note: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid?: string;
  };
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
};

/** coordination.k8s.io/v1. MicroTime: RFC 3339 with exactly six digits of a second. */
export type Lease = KubernetesObject & {
  readonly kind: "Lease";
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
};

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
