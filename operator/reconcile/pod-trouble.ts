/** Owns: why pods do not run, in words, from their statuses. */
import { COMPONENT_LABEL, JOB_MANAGER_COMPONENT } from "../../crds/index.ts";
import type { Pod } from "../kubernetes/index.ts";

/** Waiting reasons that pass by themselves. */
const passing = new Set(["ContainerCreating", "PodInitializing"]);

/** The first trouble found; null: none. */
export function podTrouble(pods: readonly Pod[]): string | null {
  for (const { metadata, status } of pods) {
    for (const container of status?.containerStatuses ?? []) {
      const reason = container.state?.waiting?.reason;
      if (reason === undefined || passing.has(reason)) continue;
      const detail = container.state?.waiting?.message ?? lastEnd(container.lastState?.terminated);
      return `pod ${metadata.name}: ${reason}${detail === "" ? "" : `: ${detail}`}`;
    }
    const unscheduled = status?.conditions?.find(
      ({ type, status: value }) => type === "PodScheduled" && value === "False",
    );
    if (unscheduled !== undefined) return `pod ${metadata.name}: ${unscheduled.message ?? "cannot be scheduled"}`;
  }
  return null;
}

function lastEnd(end: { readonly exitCode: number; readonly message?: string } | undefined): string {
  return end === undefined
    ? ""
    : `it ended with exit code ${end.exitCode}${end.message === undefined ? "" : `, ${end.message}`}`;
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
