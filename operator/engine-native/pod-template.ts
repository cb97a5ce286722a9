/**
 * Owns: the pod template of a component: the pod around its container, and what a user's template adds.
 */
import type { PodSpec, PodTemplate, Volume } from "../kubernetes/api/index.ts";
import { type Component, type IncarnationInput, incarnationName } from "../engine/index.ts";
import { isLarge, podConfig } from "./incarnation-config.ts";
import { programVolumes } from "./program-files.ts";
import { container } from "./pod-container.ts";
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
    ...(volumes(input).length === 0 ? {} : { volumes: volumes(input) }),
  };
  return withUserTemplate({ metadata: { labels }, spec: ours }, pods.podTemplate);
}

function volumes(input: IncarnationInput): readonly Volume[] {
  const { source } = input.spec.job;
  const config = incarnationName(input.job.metadata.name, input.number);
  return [
    ...programVolumes(source, config),
    ...(isLarge(podConfig(input)) ? [{ name: "streamjob-config", configMap: { name: config } }] : []),
  ];
}
