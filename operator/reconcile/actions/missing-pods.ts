/**
 * Owns: asking why a StatefulSet is without a pod that it should have.
 *
 * MIP1 Of a pod that the API server refuses (a quota, Pod Security, a webhook, a service account that does not exist) a StatefulSet tells
 *     only in Events, which the operator may not read. So it asks the API server itself whether it would take that pod, without making it:
 *     a "no" is a refusal like any other, and is in the status with its words (P-37).
 * MIP2 Asked is only where something waits for the pod: not of a job that runs, and not when all of it goes. How long a pod may be missing
 *     before it is asked about, and how often, is decided where it is asked (operator/apply/pod-trials.ts).
 */
import type { Pod, StatefulSet } from "../../kubernetes/api/index.ts";
import type { ObservedIncarnation } from "../facts/observed.ts";
import type { Action } from "./plan.ts";

/** Of an incarnation that is wanted. */
export function missingPods({
  jobManager,
  jobManagerSet,
  taskManagerSet,
  pods,
}: ObservedIncarnation): readonly Action[] {
  if (jobManager.kind === "answering" && jobManager.incarnation.job?.status === "RUNNING") return [];
  const there = new Set(pods.map(({ metadata }) => metadata.name));
  return [jobManagerSet, taskManagerSet].flatMap((set) => {
    if (set === null || set.metadata.deletionTimestamp !== undefined) return [];
    const ordinals = Array.from({ length: set.spec.replicas ?? 1 }, (_, ordinal) => ordinal);
    // What is true of one is true of the others.
    const missing = ordinals.find((ordinal) => !there.has(nameOf(set, ordinal)));
    return missing === undefined ? [] : [{ kind: "tryPod", pod: podOf(set, missing) } as const];
  });
}

const nameOf = ({ metadata }: StatefulSet, ordinal: number): string => `${metadata.name}-${ordinal}`;

/** As Kubernetes' own controller makes it. */
function podOf(set: StatefulSet, ordinal: number): Pod {
  const { namespace, name: owner, uid = "" } = set.metadata;
  const { metadata: { labels, annotations } = {}, spec } = set.spec.template;
  const name = nameOf(set, ordinal);
  const own = { "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": String(ordinal) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace,
      name,
      labels: { ...labels, ...own },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: owner, uid, controller: true }],
    },
    spec: { ...spec, hostname: name, subdomain: set.spec.serviceName },
  };
}
