/** Owns: why pods do not run, in words, from their statuses. */
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

/** Restarts of all containers, ever. */
export function containerRestarts(pods: readonly Pod[]): number {
  let restarts = 0;
  for (const { status } of pods)
    for (const { restartCount } of status?.containerStatuses ?? []) restarts += restartCount;
  return restarts;
}
