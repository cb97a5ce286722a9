/**
 * Owns: in which order TaskManagers went, and which of them went while another one was not ready.
 */
import { COMPONENT_LABEL } from "../../crds/index.ts";
import type { KubernetesApi, Pod } from "../../operator/kubernetes/api/index.ts";
import { NAMESPACE } from "../promises/rig.ts";
import { isReady } from "./pods-of-job.ts";

export class TaskManagerEvictions {
  count = 0;
  /** `<one> while <other>`. */
  readonly together: string[] = [];
  readonly #there = new Map<string, Pod>();
  readonly #ending = new AbortController();

  /** Of all jobs in the namespace. */
  static async open(api: KubernetesApi): Promise<TaskManagerEvictions> {
    const evictions = new TaskManagerEvictions();
    const labels = { [COMPONENT_LABEL]: "taskmanager" };
    const { items, resourceVersion } = await api.list("Pod", { namespace: NAMESPACE, labels });
    for (const pod of items) evictions.#there.set(pod.metadata.name, pod);
    const { signal } = evictions.#ending;
    void api.watch("Pod", { namespace: NAMESPACE, labels, resourceVersion, signal }, (event) => {
      if (event.type !== "BOOKMARK") evictions.#see(event.object);
    });
    return evictions;
  }

  close(): void {
    this.#ending.abort();
  }

  #see(pod: Pod): void {
    const { name, uid, deletionTimestamp } = pod.metadata;
    const before = this.#there.get(name);
    const goes = before?.metadata.uid === uid && isGoing(pod) && !(before !== undefined && isGoing(before));
    this.#there.set(name, pod);
    if (!goes || deletionTimestamp === undefined) return;
    this.count++;
    // By name: a pod that is gone is not ready until its successor is.
    for (const other of this.#there.values())
      if (other.metadata.name !== name && !isReady(other)) this.together.push(`${name} while ${other.metadata.name}`);
  }
}

const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
