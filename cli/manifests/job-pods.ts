/**
 * Owns: the pods of a StreamJob: whose they are, which a person means, how they are in a few words.
 */
import { COMPONENT_LABEL, JOB_LABEL, type StreamJob } from "../../crds/index.ts";
import type { KubernetesApi, Pod } from "../../operator/kubernetes/api/index.ts";
import { statusOf } from "../../operator/reconcile/index.ts";
import { incarnationOf } from "../../operator/engine/index.ts";
import { listAll } from "./named-objects.ts";

/** By incarnation, the JobManager's first. */
export async function podsOf(api: KubernetesApi, { metadata }: StreamJob): Promise<readonly Pod[]> {
  const pods = await listAll(api, "Pod", { namespace: metadata.namespace, labels: { [JOB_LABEL]: metadata.name } });
  const place = (pod: Pod): string =>
    `${String(incarnationOf(pod) ?? 0).padStart(9, "0")} ${componentOf(pod)} ${String(ordinalOf(pod)).padStart(6, "0")}`;
  return pods.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** `jobmanager`, `taskmanager-0`. */
export function shortName(pod: Pod): string {
  return componentOf(pod) === "jobmanager" ? "jobmanager" : `${componentOf(pod)}-${ordinalOf(pod)}`;
}

/** The pod that a word means: of the active incarnation, or of the newest one while none is; null: there is none. */
export function podNamed(job: StreamJob, pods: readonly Pod[], word: string): Pod | null {
  const whole = pods.find(({ metadata }) => metadata.name === word);
  if (whole !== undefined) return whole;
  const meant = /^(?:taskmanager|tm)$/.test(word) ? "taskmanager-0" : /^jm$/.test(word) ? "jobmanager" : word;
  const { active } = statusOf(job);
  const candidates = pods.filter(
    (pod) => shortName(pod) === meant || (meant === "jobmanager-0" && shortName(pod) === "jobmanager"),
  );
  return candidates.find((pod) => incarnationOf(pod) === active?.incarnation) ?? candidates.at(-1) ?? null;
}

/** `Running`, `CrashLoopBackOff: …`: as kubectl shows it, with why. */
export function podState(pod: Pod): string {
  if (pod.metadata.deletionTimestamp !== undefined) return "Terminating";
  const state = pod.status?.containerStatuses?.[0]?.state;
  const waiting = state?.waiting;
  if (waiting?.reason !== undefined)
    return waiting.message ? `${waiting.reason}: ${firstLine(waiting.message)}` : waiting.reason;
  const ended = state?.terminated;
  if (ended !== undefined) return `${ended.reason ?? "Terminated"} (exit code ${ended.exitCode})`;
  return pod.status?.phase ?? "Pending";
}

export function podRestarts(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
}

export function isReadyPod(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

function componentOf({ metadata }: Pod): string {
  return metadata.labels?.[COMPONENT_LABEL] ?? "";
}

function ordinalOf({ metadata }: Pod): number {
  return Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? "0");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
