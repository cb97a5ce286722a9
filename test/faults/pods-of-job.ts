/** Owns: where the pods of a job are. */
import assert from "node:assert/strict";
import type { Pod } from "../../operator/kubernetes/api/index.ts";
import type { Rig } from "../promises/rig.ts";

/** Records a second: few enough that those of the bounded word count last, whatever a busy machine needs. */
export const RATE = 100;

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;

/** Node of a pod. */
export async function nodeOf(rig: Rig, name: string): Promise<"node-a" | "node-b"> {
  const pod = (await rig.pods()).find(({ metadata }) => metadata.name === name);
  const node = pod?.spec.nodeName;
  assert.ok(node === "node-a" || node === "node-b", `pod ${name} is on ${node}`);
  return node;
}

export const otherThan = (node: "node-a" | "node-b"): "node-a" | "node-b" => (node === "node-a" ? "node-b" : "node-a");

/** Waits until there are so many pods, each of them ready on that node. */
export function allOn(rig: Rig, node: string, count: number): Promise<void> {
  return rig.until(`${count} ready pods on ${node}`, async () => {
    const pods = await rig.pods();
    return pods.length === count && pods.every((pod) => pod.spec.nodeName === node && isReady(pod));
  });
}

/** By name, the uids of all pods of the job. */
export async function podUids(rig: Rig): Promise<ReadonlyMap<string, string>> {
  return new Map((await rig.pods()).map(({ metadata }) => [metadata.name, metadata.uid ?? ""]));
}
