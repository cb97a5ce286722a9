/**
 * Owns: what the memory of a component's container means for its process: what it is told, and whether it would do.
 * Does not own: how memory is divided (settings/memory-model.ts). Called by: pod-container.ts, native-engine.ts.
 *
 * PME1 The limit counts, else the request: of the spec, else of the pod template. Without either the process is told nothing.
 */
import { StreamError } from "../../base/index.ts";
import type { ResolvedSpec, Resources } from "../../crds/index.ts";
import { divideJobManager, divideTaskManager, type MemorySettings, memorySettings } from "../../settings/index.ts";
import type { Component } from "../engine/index.ts";

const MIB = 2 ** 20;

/** PME1, in MiB, rounded down; null: nothing is set. */
export function containerMemoryMiB(spec: ResolvedSpec, component: Component): number | null {
  const { resources, podTemplate } = component === "jobmanager" ? spec.jobManager : spec.taskManager;
  const containers: unknown = podTemplate?.spec?.containers;
  // What is no list there is told where pods are made of it (user-template.ts).
  const named = (Array.isArray(containers) ? containers : []) as readonly { readonly name?: string }[];
  const container = named.find(({ name }) => name === component);
  const ofTemplate = (container as { readonly resources?: Resources } | undefined)?.resources;
  const texts = [
    resources?.limits?.["memory"],
    ofTemplate?.limits?.["memory"],
    resources?.requests?.["memory"],
    ofTemplate?.requests?.["memory"],
  ];
  const bytes = texts.map(bytesOf).find((found) => found !== null) ?? null;
  return bytes === null ? null : Math.floor(bytes / MIB);
}

/** For the JobManager's Node: MiB of heap; null: Node chooses. */
export function jobManagerHeapMiB(spec: ResolvedSpec): number | null {
  const given = memoryOptions(spec);
  const totalMiB = containerMemoryMiB(spec, "jobmanager");
  if (typeof given === "string") return null; // its process says so
  if (totalMiB === null) return given.jobManagerHeapMiB;
  const division = divideJobManager(totalMiB, given);
  return division.kind === "fits" ? division.memory.heapMiB : null;
}

/** Why pods of this spec would not start; null: as far as is known, they would. */
export function memoryRefusal(spec: ResolvedSpec): string | null {
  const given = memoryOptions(spec);
  if (typeof given === "string") return given;
  const jobManagerMiB = containerMemoryMiB(spec, "jobmanager");
  const taskManagerMiB = given.processMiB ?? containerMemoryMiB(spec, "taskmanager");
  const jobManager = jobManagerMiB === null ? null : divideJobManager(jobManagerMiB, given);
  if (jobManager?.kind === "tooSmall") return `${jobManager.message} (spec.jobManager.resources.limits.memory)`;
  const taskManager = taskManagerMiB === null ? null : divideTaskManager(taskManagerMiB, spec.taskManager.slots, given);
  if (taskManager?.kind !== "tooSmall") return null;
  return `${taskManager.message} (spec.taskManager.resources.limits.memory, spec.taskManager.slots)`;
}

/** What `config` says; a text: what is wrong with it. */
function memoryOptions({ config }: ResolvedSpec): MemorySettings | string {
  try {
    return memorySettings(config);
  } catch (error) {
    if (error instanceof StreamError) return `spec.config: ${error.message}`;
    throw error;
  }
}

const factors: Readonly<Record<string, number>> = {
  m: 0.001,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** An amount as Kubernetes writes it; null: none, or one that the API server refuses. */
function bytesOf(quantity: string | number | undefined): number | null {
  const match = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(String(quantity ?? ""));
  const factor = factors[match?.[2] ?? "?"];
  return match === null || factor === undefined ? null : Number(match[1]) * factor;
}
