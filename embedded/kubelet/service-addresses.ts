/**
 * Owns: what cluster DNS does: which pod is behind a name, and on which port of this machine.
 * Called by: process-kubelet.ts for the environment of containers, and for whoever asks `addressOf`.
 *
 * SEA1 A pod's name needs no pod: its port is chosen before it exists, so that either side may start first.
 * SEA2 A Service leads to a pod that its selector finds: a ready one first, the lowest name among equals, none that is being deleted.
 */
import type { ObjectKey, Pod, Service } from "../../operator/kubernetes/api/index.ts";

export type AddressSources = {
  readonly service: (key: ObjectKey) => Service | null;
  /** Of a namespace. */
  readonly pods: (namespace: string) => readonly Pod[];
};

export type ServicePort = { readonly pod: ObjectKey; readonly containerPort: number };

/** The pod and its container port behind a port of a Service; null: there is none now. */
export function behindService(sources: AddressSources, key: ObjectKey, port: number): ServicePort | null {
  const service = sources.service(key);
  const selector = service?.spec.selector;
  if (service === null || selector === undefined) return null;
  const candidates = sources.pods(key.namespace).filter((pod) => isBehind(pod, service, selector));
  const pod = candidates.toSorted((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1))[0];
  if (pod === undefined) return null;
  // A headless Service has no ports of its own: a port is the pods' (clusterIP None).
  const target = service.spec.ports.find((candidate) => candidate.port === port)?.targetPort ?? port;
  const named = pod.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === target);
  return { pod: pod.metadata, containerPort: typeof target === "number" ? target : (named?.containerPort ?? port) };
}

/** Splits `<pod>.<service>[.<namespace>[.svc[.cluster.local]]]` or `<service>[…]`; `namespace` where none is in it. */
export function parseHost(
  host: string,
  namespace: string,
): { readonly kind: "pod" | "service"; readonly key: ObjectKey } | null {
  const isFull = /\.svc(\.cluster\.local)?$/.test(host);
  const parts = host.replace(/\.svc(\.cluster\.local)?$/, "").split(".");
  const [first, second, third] = parts;
  if (first === undefined || first === "" || parts.length > 3) return null;
  if (isFull && parts.length === 2) return { kind: "service", key: { namespace: second ?? namespace, name: first } };
  if (second === undefined) return { kind: "service", key: { namespace, name: first } };
  return { kind: "pod", key: { namespace: third ?? namespace, name: first } };
}

function isBehind(pod: Pod, service: Service, selector: Readonly<Record<string, string>>): boolean {
  const { labels = {}, deletionTimestamp } = pod.metadata;
  const isSelected = Object.entries(selector).every(([label, value]) => labels[label] === value);
  return (
    isSelected && deletionTimestamp === undefined && (isReady(pod) || service.spec.publishNotReadyAddresses === true)
  );
}

const rank = (pod: Pod): number => (isReady(pod) ? 0 : 1);

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
