/**
 * Owns: objects that every API server takes, and waiting for what it does in its own time. Called by: the topics of the contract.
 */
import assert from "node:assert/strict";
import { sleep, systemClock } from "../../../base/index.ts";
import type { KubernetesObject, StreamJobSpec } from "../../../crds/index.ts";
import {
  type ApiErrorReason,
  type ConfigMap,
  isApiError,
  type Kind,
  type Kinds,
  type KubernetesApi,
  type Lease,
  type Pod,
  resources,
  type StatefulSet,
  type WatchEvent,
} from "../api/index.ts";

/** A garbage collector looks every 30 s for kinds that are new. */
const DEADLINE_MS = 90_000;

type Metadata = Omit<KubernetesObject["metadata"], "name" | "namespace">;

export function job(namespace: string, spec: Partial<StreamJobSpec> = {}, metadata: Metadata = {}): Kinds["StreamJob"] {
  return {
    apiVersion: resources.StreamJob.apiVersion,
    kind: "StreamJob",
    metadata: { name: "wc", namespace, ...metadata },
    spec: { job: { module: "/opt/streamjob/job/job.ts" }, ...spec },
  };
}

export function configMap(
  namespace: string,
  name: string,
  data: Record<string, string>,
  metadata: Metadata = {},
): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, ...metadata }, data };
}

/** Without replicas: no controller makes pods of it. */
export function statefulSet(namespace: string, env: readonly { name: string; value: string }[] = []): StatefulSet {
  const labels = { app: "wc" };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "wc", namespace },
    spec: {
      replicas: 0,
      serviceName: "wc",
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "example.invalid/wc:1", env }] } },
    },
  };
}

/** On a node that is not there: no kubelet will ever run or remove it. */
export function pod(namespace: string): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "wc-0", namespace },
    spec: {
      nodeName: "no-such-node",
      automountServiceAccountToken: false,
      containers: [{ name: "main", image: "example.invalid/wc:1" }],
    },
  };
}

export function lease(namespace: string, renewTime: string): Lease {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "leader", namespace },
    spec: { holderIdentity: "a", leaseDurationSeconds: 15, renewTime },
  };
}

export function ownedBy(owner: KubernetesObject, more: { blockOwnerDeletion?: boolean } = {}): Metadata {
  const { apiVersion, kind, metadata } = owner;
  return { ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "", ...more }] };
}

/** The call fails with one of these reasons; gives the error. */
export async function refused(call: Promise<unknown>, ...reasons: readonly ApiErrorReason[]) {
  const outcome = await call.then(
    () => ({ error: null }),
    (error: unknown) => ({ error }),
  );
  const { error } = outcome;
  assert.ok(error !== null, `it was accepted, not refused with ${reasons.join(" or ")}`);
  assert.ok(isApiError(error, ...reasons), `refused otherwise than with ${reasons.join(" or ")}: ${String(error)}`);
  return error;
}

/** The object, which has to be there. */
export async function present<K extends Kind>(
  api: KubernetesApi,
  kind: K,
  object: KubernetesObject,
): Promise<Kinds[K]> {
  const found = await api.get(kind, { namespace: object.metadata.namespace ?? "default", name: object.metadata.name });
  assert.ok(found !== null, `${kind} ${object.metadata.name} is not there`);
  return found;
}

export async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() < deadlineMs, `not within ${DEADLINE_MS} ms: ${what}`);
    await sleep(systemClock, 10);
  }
}

export async function isGone(api: KubernetesApi, kind: Kind, { metadata }: KubernetesObject): Promise<boolean> {
  return (await api.get(kind, { namespace: metadata.namespace ?? "default", name: metadata.name })) === null;
}

/** What a watcher heard, as "TYPE name", bookmarks left out. */
export class Heard<K extends Kind> {
  readonly events: Exclude<WatchEvent<K>, { type: "BOOKMARK" }>[] = [];
  readonly onEvent = (event: WatchEvent<K>): void => {
    if (event.type !== "BOOKMARK") this.events.push(event);
  };

  get lines(): string[] {
    return this.events.map(({ type, object }) => `${type} ${object.metadata.name}`);
  }

  /** Waits until so many were heard, and is sure that they are these. */
  async has(...lines: readonly string[]): Promise<void> {
    await eventually(
      `a watcher hears ${lines.join(", ")}; it heard ${this.lines.join(", ")}`,
      () => this.events.length >= lines.length,
    );
    assert.deepEqual(this.lines, lines);
  }
}
