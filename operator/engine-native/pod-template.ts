/**
 * Owns: the pod template of a component: the pod around its container, in what of it a user may set otherwise, and in what not.
 *
 * PTM1 A pod is one that the Pod Security Standard `restricted` takes. What a user's template makes of it the namespace's admission judges.
 * PTM2 The root file system is read-only. What a process writes beside its state goes to /tmp, which is the pod's own.
 * PTM3 A pod gets no token of its service account and no variables about Services: it has nothing to ask the API server.
 * PTM4 Where pods go is a wish, never a condition: a cluster of one node runs every job.
 */
import {
  COMPONENT_LABEL,
  JOB_LABEL,
  JOB_MANAGER_COMPONENT,
  type PodTemplate as UserTemplate,
  type ResolvedSpec,
} from "../../crds/index.ts";
import type { PodTemplate, Volume } from "../kubernetes/api/index.ts";
import type { Component, IncarnationInput } from "../engine/index.ts";
import { isLarge, podConfig } from "./incarnation-config.ts";
import { containerDefaults, graceSecondsOf, requiredContainer, TMP_VOLUME } from "./pod-container.ts";
import { podIdentity } from "./pod-identity.ts";
import { programVolumes } from "./program-files.ts";
import { s3Volumes } from "./s3-access.ts";
import { mergeTemplates, type TemplateLayer } from "./user-template.ts";

const HOSTNAME = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";
/** The group that owns the files of a claim, so that a process that is not root can write there: that of the image's user. */
const FILES_GROUP = 65_532;

export function podTemplate(
  input: IncarnationInput,
  component: Component,
  labels: Record<string, string>,
): PodTemplate {
  const { spec } = input;
  const user = templateOf(spec, component);
  const required: TemplateLayer = {
    metadata: { labels },
    spec: {
      ...(spec.serviceAccountName === null ? {} : { serviceAccountName: spec.serviceAccountName }),
      ...(spec.imagePullSecrets.length === 0 ? {} : { imagePullSecrets: spec.imagePullSecrets }),
      automountServiceAccountToken: false,
      containers: [requiredContainer(input, component)],
      ...(volumes(input, component).length === 0 ? {} : { volumes: volumes(input, component) }),
    },
  };
  return mergeTemplates({ defaults: podDefaults(input, component, labels), user, required });
}

/** PTM1, PTM2, PTM3 */
function podDefaults(input: IncarnationInput, component: Component, labels: Record<string, string>): TemplateLayer {
  const { spec } = input;
  const user = templateOf(spec, component);
  return {
    spec: {
      enableServiceLinks: false,
      terminationGracePeriodSeconds: graceSecondsOf({ podTemplate: user }),
      securityContext: {
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
        ...(mountsClaim(user) ? { fsGroup: FILES_GROUP, fsGroupChangePolicy: "OnRootMismatch" } : {}),
      },
      ...(component === "jobmanager" ? { affinity: apartFromOthers(input) } : {}),
      ...(component === "taskmanager" ? { topologySpreadConstraints: spread(labels) } : {}),
      containers: [containerDefaults(spec, component)],
      volumes: [{ name: TMP_VOLUME, emptyDir: {} }],
    },
  };
}

/** PTM4. A new version's JobManager waits on another node than the one that runs, if there is one. */
function apartFromOthers({ job }: IncarnationInput): object {
  const matchLabels = { [JOB_LABEL]: job.metadata.name, [COMPONENT_LABEL]: JOB_MANAGER_COMPONENT };
  const podAffinityTerm = { topologyKey: HOSTNAME, labelSelector: { matchLabels } };
  return { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }] } };
}

/** PTM4. Over nodes and zones. */
function spread(labels: Record<string, string>) {
  return [HOSTNAME, ZONE].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: labels },
  }));
}

function templateOf(spec: ResolvedSpec, component: Component): UserTemplate | null {
  return (component === "jobmanager" ? spec.jobManager : spec.taskManager).podTemplate;
}

/** Only then: some clusters choose the group by themselves, and refuse one that is set. */
function mountsClaim(user: UserTemplate | null): boolean {
  const volumes = (user?.spec?.volumes ?? []) as readonly Readonly<Record<string, unknown>>[];
  return volumes.some((volume) => volume["persistentVolumeClaim"] !== undefined || volume["ephemeral"] !== undefined);
}

function volumes(input: IncarnationInput, component: Component): readonly Volume[] {
  return [...podIdentity(input, component).volumes, ...jobVolumes(input), ...s3Volumes(input.spec)];
}

/** With the job's own files and, where it is large, its configuration. */
export function jobVolumes(input: IncarnationInput): readonly Volume[] {
  const { configMapName: config, spec } = input;
  return [
    ...programVolumes(spec.job.source, config),
    ...(isLarge(podConfig(input)) ? [{ name: "streamjob-config", configMap: { name: config } }] : []),
  ];
}
