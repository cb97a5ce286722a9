/**
 * Owns: the decision what a delete does to an object. Pure; called by LocalApiServer and, through it, the garbage collector.
 *
 * DEL1 An object with finalizers is only marked, and goes when the last one does.
 * DEL2 A pod is marked and given time: its kubelet removes it (a delete with grace 0) when its processes are gone. Every pod
 *     counts as bound to a node, because there is no scheduler here; one that has ended (Succeeded, Failed) goes at once.
 * DEL3 A second delete may shorten the grace, never lengthen it.
 */
import type { DeleteOptions, Kind } from "../../operator/kubernetes/api/index.ts";
import { type JsonObject, listAt, objectAt, type StoredMetadata, type StoredObject, textAt } from "./json-value.ts";

export const FOREGROUND_FINALIZER = "foregroundDeletion";
export const ORPHAN_FINALIZER = "orphan";

const POD_GRACE_SECONDS = 30;

export type DeletionDecision =
  | { readonly kind: "remove" }
  /** The object stays, with this metadata. */
  | { readonly kind: "mark"; readonly metadata: StoredMetadata }
  | { readonly kind: "nothing"; readonly reason: "already being deleted" };

export type DeletionRequest = Pick<DeleteOptions, "gracePeriodSeconds" | "propagation">;

export function decideDeletion(
  kind: Kind,
  object: StoredObject,
  request: DeletionRequest,
  nowMs: number,
): DeletionDecision {
  const { metadata } = object;
  const finalizers = finalizersFor(metadata, request);
  const graceSeconds = kind === "Pod" ? podGrace(object, request) : 0;
  if (metadata["deletionTimestamp"] !== undefined) return deleteAgain(metadata, finalizers, graceSeconds, nowMs);
  if (graceSeconds === 0 && finalizers.length === 0) return { kind: "remove" };
  const { generation } = metadata;
  return {
    kind: "mark",
    metadata: {
      ...withFinalizers(metadata, finalizers),
      deletionTimestamp: timestamp(nowMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
      ...(typeof generation === "number" ? { generation: generation + 1 } : {}),
    },
  };
}

/** Whether an object that is being deleted has nothing left to wait for. */
export function isDone(metadata: JsonObject): boolean {
  return (
    metadata["deletionTimestamp"] !== undefined &&
    metadata["deletionGracePeriodSeconds"] === 0 &&
    listAt(metadata, "finalizers").length === 0
  );
}

/** RFC 3339 with whole seconds, as Kubernetes writes times of metadata. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function deleteAgain(
  metadata: StoredMetadata,
  finalizers: readonly string[],
  graceSeconds: number,
  nowMs: number,
): DeletionDecision {
  const graceBefore = Number(metadata["deletionGracePeriodSeconds"] ?? 0);
  const grace = Math.min(graceBefore, graceSeconds);
  if (grace === 0 && finalizers.length === 0) return { kind: "remove" };
  const isSame = grace === graceBefore && finalizers.join() === listAt(metadata, "finalizers").join();
  if (isSame) return { kind: "nothing", reason: "already being deleted" };
  const beganMs = Date.parse(textAt(metadata, "deletionTimestamp")) - graceBefore * 1000;
  return {
    kind: "mark",
    metadata: {
      ...withFinalizers(metadata, finalizers),
      deletionTimestamp: timestamp(
        grace === graceBefore ? beganMs + grace * 1000 : Math.max(nowMs, beganMs + grace * 1000),
      ),
      deletionGracePeriodSeconds: grace,
    },
  };
}

function finalizersFor(metadata: JsonObject, { propagation }: DeletionRequest): string[] {
  const before = listAt(metadata, "finalizers").map(String);
  if (propagation === undefined) return before;
  const own = before.filter((name) => name !== FOREGROUND_FINALIZER && name !== ORPHAN_FINALIZER);
  if (propagation === "Foreground") return [...own, FOREGROUND_FINALIZER];
  return propagation === "Orphan" ? [...own, ORPHAN_FINALIZER] : own;
}

function withFinalizers(metadata: StoredMetadata, finalizers: readonly string[]): StoredMetadata {
  const { finalizers: _before, ...rest } = metadata;
  return (finalizers.length === 0 ? rest : { ...rest, finalizers }) as StoredMetadata;
}

function podGrace(pod: StoredObject, { gracePeriodSeconds }: DeletionRequest): number {
  const phase = textAt(objectAt(pod, "status"), "phase");
  if (phase === "Succeeded" || phase === "Failed") return 0;
  const own = objectAt(pod, "spec")["terminationGracePeriodSeconds"];
  return Math.max(0, gracePeriodSeconds ?? (typeof own === "number" ? own : POD_GRACE_SECONDS));
}
