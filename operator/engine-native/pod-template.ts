/**
 * Owns: the pod template of a component: the pod around its container, and what a user's template adds.
 */
import type { PodSpec, PodTemplate, Volume } from "../kubernetes/api/index.ts";
import { type Component, type IncarnationInput, incarnationName } from "../engine/index.ts";
import { isLarge, podConfig } from "./incarnation-config.ts";
import { container } from "./pod-container.ts";
import { podIdentity } from "./pod-identity.ts";
import { withUserTemplate } from "./user-template.ts";

/** Time that a pod's process has to end by itself. */
const GRACE_SECONDS = 10;

export function podTemplate(
  input: IncarnationInput,
  component: Component,
  labels: Record<string, string>,
): PodTemplate {
  const { spec } = input;
  const pods = component === "jobmanager" ? spec.jobManager : spec.taskManager;
  const ours: PodSpec = {
    ...(spec.serviceAccountName === null ? {} : { serviceAccountName: spec.serviceAccountName }),
    ...(spec.imagePullSecrets.length === 0 ? {} : { imagePullSecrets: spec.imagePullSecrets }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    containers: [container(input, component, pods)],
    ...(volumes(input, component).length === 0 ? {} : { volumes: volumes(input, component) }),
  };
  return withUserTemplate({ metadata: { labels }, spec: ours }, pods.podTemplate);
}

function volumes(input: IncarnationInput, component: Component): readonly Volume[] {
  const { source } = input.spec.job;
  const config = incarnationName(input.job.metadata.name, input.number);
  return [
    ...podIdentity(input, component).volumes,
    ...(source.kind === "configMap" ? [{ name: "job", configMap: { name: source.name } }] : []),
    ...(isLarge(podConfig(input)) ? [{ name: "streamjob-config", configMap: { name: config } }] : []),
  ];
}
