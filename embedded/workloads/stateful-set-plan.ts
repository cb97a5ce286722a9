/**
 * Owns: what a StatefulSet needs next: which pods are created and deleted, and its status. Pure.
 * Called by: stateful-set-controller.ts, which looks again after each change: a plan is the next steps, not all of them.
 *
 * SSP1 At most one pod of a name: a pod is made only when none of its name is there, not even one that is going or a stranger's.
 * SSP2 OrderedReady: one step at a time; a pod is made, deleted or replaced only when all below it are running and ready.
 *     Parallel: pods are made and, when there are too many, deleted at once; replacing is one at a time all the same.
 * SSP3 A set that is being deleted makes no pods; its own go by garbage collection.
 * SSP4 A new pod is of the newest template. (A cluster's controller makes one that dies in the midst of a rolling update of the old
 *     template, from the ControllerRevisions that it keeps; nothing here changes a set's template and waits.)
 */
import { createHash } from "node:crypto";
import type { Pod, StatefulSet } from "../../operator/kubernetes/api/index.ts";

export type StatefulSetFacts = {
  readonly set: StatefulSet;
  /** That it owns, by uid. */
  readonly pods: readonly Pod[];
  /** Whether a pod of this name that it does not own is there. */
  readonly isTaken: (podName: string) => boolean;
};

export type StatefulSetAction =
  | { readonly kind: "create"; readonly pod: Pod }
  | { readonly kind: "delete"; readonly pod: Pod; readonly reason: "ended" | "scaledDown" | "oldTemplate" };

export type StatefulSetStatus = {
  readonly observedGeneration: number;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly updatedReplicas: number;
};

export type StatefulSetPlan = {
  readonly actions: readonly StatefulSetAction[];
  /** null: it is right already. */
  readonly status: StatefulSetStatus | null;
};

export function planStatefulSet(facts: StatefulSetFacts): StatefulSetPlan {
  const { set, pods } = facts;
  if (set.metadata.deletionTimestamp !== undefined) return { actions: [], status: null }; // SSP3
  const revision = revisionOf(set);
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: pods.filter(isRunningAndReady).length,
    updatedReplicas: pods.filter((pod) => !isGoing(pod) && isOfRevision(pod, revision)).length,
  };
  return { actions: planPods(facts, revision), status: isWritten(set, status) ? null : status };
}

function planPods(facts: StatefulSetFacts, revision: string): StatefulSetAction[] {
  const { set, pods } = facts;
  const replicas = set.spec.replicas ?? 1;
  const isOrdered = (set.spec.podManagementPolicy ?? "OrderedReady") === "OrderedReady";
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const actions: StatefulSetAction[] = [];
  for (let ordinal = 0; ordinal < replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) {
      if (!facts.isTaken(podName(set, ordinal)))
        actions.push({ kind: "create", pod: buildPod(set, ordinal, revision) });
    } else if (hasEnded(pod) && !isGoing(pod)) {
      actions.push({ kind: "delete", pod, reason: "ended" });
    }
    if (isOrdered && (pod === undefined || !isHealthy(pod))) return actions; // SSP2
  }
  const surplus = [...byOrdinal].filter(([ordinal]) => ordinal >= replicas).toSorted(([a], [b]) => b - a);
  for (const [, pod] of surplus) {
    if (!isGoing(pod)) actions.push({ kind: "delete", pod, reason: "scaledDown" });
    if (isOrdered) return actions;
  }
  const old = planReplacement(set, byOrdinal, revision);
  const isEnded = actions.some((action) => action.kind === "delete" && action.pod === old);
  if (old !== null && !isEnded) actions.push({ kind: "delete", pod: old, reason: "oldTemplate" });
  return actions;
}

/** The pod of an older template to be deleted now: the highest one, when all above it are healthy and new. */
function planReplacement(set: StatefulSet, byOrdinal: ReadonlyMap<number, Pod>, revision: string): Pod | null {
  if (set.spec.updateStrategy?.type === "OnDelete") return null;
  for (let ordinal = (set.spec.replicas ?? 1) - 1; ordinal >= 0; ordinal--) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) return null;
    if (!isOfRevision(pod, revision) && !isGoing(pod)) return pod;
    if (!isHealthy(pod)) return null;
  }
  return null;
}

const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";
const REVISION_LABEL = "controller-revision-hash";

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The name of the set that a pod of this name would be of; null: of none. */
export function setNameOf(pod: string): string | null {
  return /^(?<set>.+)-\d+$/.exec(pod)?.groups?.["set"] ?? null;
}

function ordinalOf(set: StatefulSet, pod: Pod): number {
  return Number(pod.metadata.name.slice(set.metadata.name.length + 1));
}

function buildPod(set: StatefulSet, ordinal: number, revision: string): Pod {
  const { namespace, name, uid = "" } = set.metadata;
  const { metadata = {}, spec } = set.spec.template;
  const podNameHere = podName(set, ordinal);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace,
      name: podNameHere,
      labels: {
        ...metadata.labels,
        [POD_NAME_LABEL]: podNameHere,
        [POD_INDEX_LABEL]: String(ordinal),
        [REVISION_LABEL]: revision,
      },
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { ...spec, hostname: podNameHere, subdomain: set.spec.serviceName },
  };
}

/** Of equal templates equal, whatever the order of their members. */
function revisionOf(set: StatefulSet): string {
  const hash = createHash("sha256").update(JSON.stringify(set.spec.template, sorted)).digest("hex").slice(0, 10);
  return `${set.metadata.name.slice(0, 52)}-${hash}`;
}

function sorted(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const isOfRevision = (pod: Pod, revision: string): boolean => pod.metadata.labels?.[REVISION_LABEL] === revision;
const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
const hasEnded = (pod: Pod): boolean => pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
const isHealthy = (pod: Pod): boolean => isRunningAndReady(pod) && !isGoing(pod);

function isRunningAndReady(pod: Pod): boolean {
  if (pod.status?.phase !== "Running") return false;
  return pod.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

function isWritten(set: StatefulSet, status: StatefulSetStatus): boolean {
  const before = set.status ?? {};
  return (Object.keys(status) as (keyof StatefulSetStatus)[]).every((key) => before[key] === status[key]);
}
