/**
 * Owns: why pods do not run, in words, from their statuses.
 *
 * PT2 A container that was killed for its memory is told with the limit that it had, and where that is set.
 * PT1 The words are the container's own: the last error that it wrote. How often it ended and how long it waits are not in them, so that
 *     one cause is one story, and not another one with each back-off.
 */
import { COMPONENT_LABEL, JOB_MANAGER_COMPONENT } from "../../../crds/index.ts";
import type { Pod } from "../../kubernetes/api/index.ts";

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];
type Ended = { readonly exitCode: number; readonly reason?: string; readonly message?: string };

/** Waiting reasons that pass by themselves. */
const passing = new Set(["ContainerCreating", "PodInitializing"]);
const TEXT_MAX = 500;
/** pino's. */
const ERROR_LEVEL = 50;

/** The first trouble that there is now; null: none. */
export function podTrouble(pods: readonly Pod[]): string | null {
  for (const pod of pods) {
    const { metadata, status } = pod;
    for (const container of status?.containerStatuses ?? []) {
      const trouble = waitingTrouble(container, pod);
      if (trouble !== null) return `pod ${metadata.name}: ${trouble}`;
    }
    const unscheduled = status?.conditions?.find(
      ({ type, status: value }) => type === "PodScheduled" && value === "False",
    );
    if (unscheduled !== undefined) return `pod ${metadata.name}: ${unscheduled.message ?? "cannot be scheduled"}`;
  }
  return null;
}

/**
 * The first trouble of pods that are waited for, also when they run again between two ends: a container that runs once more has not shown
 * yet that it will not end as before (PT1).
 */
export function standbyTrouble(pods: readonly Pod[]): string | null {
  const now = podTrouble(pods);
  if (now !== null) return now;
  for (const pod of pods) {
    for (const container of pod.status?.containerStatuses ?? []) {
      const ended = container.state?.terminated ?? container.lastState?.terminated;
      if (ended !== undefined && ended.exitCode !== 0)
        return `pod ${pod.metadata.name}: ${endText(ended, container, pod)}`;
    }
  }
  return null;
}

/** How the container of a pod that is not started again has failed; null: it has not. */
export function endedTrouble(pod: Pod): string | null {
  const [container] = pod.status?.containerStatuses ?? [];
  const ended = container?.state?.terminated;
  if (container === undefined || ended === undefined || ended.exitCode === 0) return pod.status?.message ?? null;
  return `pod ${pod.metadata.name}: ${endText(ended, container, pod)}`;
}

/** PT2. Of pods that run, too: what ended last of them ended for its memory; null: nothing did. */
export function memoryTrouble(pods: readonly Pod[]): string | null {
  for (const pod of pods) {
    for (const container of pod.status?.containerStatuses ?? []) {
      const ended = container.state?.terminated ?? container.lastState?.terminated;
      if (ended !== undefined && isOfMemory(ended))
        return `pod ${pod.metadata.name}: ${endText(ended, container, pod)}`;
    }
  }
  return null;
}

function waitingTrouble(container: ContainerStatus, pod: Pod): string | null {
  const { state, lastState } = container;
  const reason = state?.waiting?.reason;
  if (reason === undefined || passing.has(reason)) return null;
  const ended = lastState?.terminated;
  // Its message is about the back-off.
  if (reason === "CrashLoopBackOff" && ended !== undefined) return endText(ended, container, pod);
  const detail = state?.waiting?.message ?? (ended === undefined ? "" : endText(ended, container, pod));
  return detail === "" ? reason : `${reason}: ${detail}`;
}

function endText(ended: Ended, container: ContainerStatus, pod: Pod): string {
  const { exitCode, reason = "Error", message = "" } = ended;
  if (isOfMemory(ended)) return memoryText(ended, container, pod);
  const error = lastError(message);
  const how = reason === "Error" ? `exit code ${exitCode}` : `${reason}, exit code ${exitCode}`;
  return error === "" ? `its container ends with ${how}` : `its container ends with: ${error} (${how})`;
}

const OOM_KILLED = "OOMKilled";
/** What V8 and Node write before they abort the process; of a long trace only the end is kept. */
const HEAP_FULL = /JavaScript heap out of memory|FatalProcessOutOfMemory|OOMErrorHandler/;

const isOfMemory = ({ reason, message = "" }: Ended): boolean => reason === OOM_KILLED || HEAP_FULL.test(message);

const memoryAdvice: Readonly<Record<string, string>> = {
  jobmanager: "raise spec.jobManager.resources.limits.memory",
  taskmanager: "raise spec.taskManager.resources.limits.memory, or run fewer slots",
};

/** PT2 */
function memoryText({ exitCode, reason }: Ended, { name }: ContainerStatus, { spec }: Pod): string {
  const resources = spec.containers.find((each) => each.name === name)?.resources as ContainerResources | undefined;
  const limit = resources?.limits?.["memory"];
  const advice = memoryAdvice[name] ?? "raise its memory limit in the pod template";
  if (reason === OOM_KILLED) {
    const why = limit === undefined ? "no limit is set, so its node had no memory left" : `its limit is ${limit}`;
    return `container ${name} was killed for its memory (OOMKilled, exit code ${exitCode}): ${why}; ${advice}`;
  }
  const had = limit === undefined ? "" : `: the container's memory limit is ${limit}`;
  return `the process of container ${name} ran out of heap (exit code ${exitCode})${had}; ${advice}`;
}

type ContainerResources = { readonly limits?: Readonly<Record<string, string | number>> };

/** PT1. Of the last lines of a log: its last error; else its last line. Without times, which are others with each end. */
function lastError(tail: string): string {
  const lines = tail.split("\n").filter((line) => line.trim() !== "");
  const texts = lines.map(textOf);
  const found = texts.findLast(({ isError }) => isError) ?? texts.at(-1);
  return (found?.text ?? "").slice(0, TEXT_MAX);
}

function textOf(line: string): { readonly text: string; readonly isError: boolean } {
  const entry = parsed(line);
  if (entry === null) return { text: line.trim(), isError: /^\S*(Error|error)\b/.test(line.trim()) };
  const msg = String(entry.msg ?? "");
  const cause = String(entry.err?.message ?? entry.reason ?? "");
  return {
    text: cause === "" || msg.includes(cause) ? msg : `${msg}: ${cause}`,
    isError: Number(entry.level) >= ERROR_LEVEL,
  };
}

type LogLine = {
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly reason?: unknown;
  readonly err?: { readonly message?: unknown } | null;
};

/** A line of our own log; null: something else wrote it, or it is cut. */
function parsed(line: string): LogLine | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return null; // told as it is
  }
}

/** Restarts of the JobManager's containers, ever: a TaskManager's death shows in the restarts of the job. */
export function jobManagerRestarts(pods: readonly Pod[]): number {
  let restarts = 0;
  for (const { metadata, status } of pods) {
    if (metadata.labels?.[COMPONENT_LABEL] !== JOB_MANAGER_COMPONENT) continue;
    for (const { restartCount } of status?.containerStatuses ?? []) restarts += restartCount;
  }
  return restarts;
}
