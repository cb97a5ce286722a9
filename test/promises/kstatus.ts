/**
 * Owns: the algorithm of kstatus (kubernetes-sigs/cli-utils) for kinds that it has no rules of its own for: what Flux, Helm 4 and
 * `kubectl wait` make of an object.
 */
import type { StreamJob, StreamJobSnapshot } from "../../crds/index.ts";

export type Verdict = "Terminating" | "InProgress" | "Failed" | "Current";

type Seen = {
  readonly observedGeneration?: number | undefined;
  readonly conditions?:
    | readonly { readonly type: string; readonly status: string; readonly observedGeneration?: number | undefined }[]
    | undefined;
};

/** In its order: deletion, generation, the first of Reconciling and Stalled that is True, Ready; what says nothing is Current. */
export function kstatus({ metadata, status }: StreamJob | StreamJobSnapshot): Verdict {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const { observedGeneration, conditions = [] }: Seen = status ?? {};
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return "InProgress";
  for (const { type, status: value } of conditions) {
    if (type === "Reconciling" && value === "True") return "InProgress";
    if (type === "Stalled" && value === "True") return "Failed";
  }
  const ready = conditions.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}

/** `kubectl wait --for=condition=Ready`: its word on an object that may be of an older generation's. */
export function isReadyToKubectl({ metadata, status }: StreamJob): boolean {
  const { conditions = [] }: Seen = status ?? {};
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") return false;
  return ready.observedGeneration === undefined || ready.observedGeneration >= (metadata.generation ?? 0);
}
