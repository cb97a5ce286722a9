/**
 * Owns: what became of all pods from a moment on, in the order in which the API server did it.
 *
 * POTI1 Nothing is missed: it is a watch from the list on, in the API server's own process.
 */
import { INCARNATION_LABEL } from "../../crds/index.ts";
import type { Pod } from "../../operator/kubernetes/api/index.ts";
import { followWatch } from "./follow-watch.ts";
import { NAMESPACE, type Rig } from "./rig.ts";

export type PodMade = {
  readonly name: string;
  readonly incarnation: number;
  /** Names of pods of earlier incarnations that were there at that moment, even if they were going. */
  readonly beside: readonly string[];
};

export class PodTimeline {
  readonly made: PodMade[] = [];
  /** Names of pods, in order, as their deletion was asked for. */
  readonly doomed: string[] = [];
  readonly #there = new Map<string, Pod>();
  readonly #ending = new AbortController();

  static async open(rig: Rig): Promise<PodTimeline> {
    const timeline = new PodTimeline();
    const { items, resourceVersion } = await rig.api.list("Pod", { namespace: NAMESPACE });
    for (const pod of items) timeline.#there.set(pod.metadata.uid ?? "", pod);
    const signal = timeline.#ending.signal;
    void followWatch(rig, "Pod", { namespace: NAMESPACE, resourceVersion, signal }, (event) => {
      if (event.type !== "BOOKMARK") timeline.#see(event.type, event.object);
    });
    return timeline;
  }

  /** Of pods that were made beside one of an earlier incarnation. */
  get overlaps(): readonly PodMade[] {
    return this.made.filter(({ beside }) => beside.length > 0);
  }

  close(): void {
    this.#ending.abort();
  }

  #see(type: "ADDED" | "MODIFIED" | "DELETED", pod: Pod): void {
    const { name, uid = "", deletionTimestamp } = pod.metadata;
    const before = this.#there.get(uid);
    if (type === "ADDED") this.made.push({ name, incarnation: numberOf(pod), beside: this.#olderThan(numberOf(pod)) });
    const isNewlyDoomed = before?.metadata.deletionTimestamp === undefined;
    if ((deletionTimestamp !== undefined || type === "DELETED") && isNewlyDoomed) this.doomed.push(name);
    if (type === "DELETED") this.#there.delete(uid);
    else this.#there.set(uid, pod);
  }

  #olderThan(number: number): readonly string[] {
    return [...this.#there.values()].filter((pod) => numberOf(pod) < number).map(({ metadata }) => metadata.name);
  }
}

function numberOf({ metadata }: Pod): number {
  return Number(metadata.labels?.[INCARNATION_LABEL] ?? 0);
}
