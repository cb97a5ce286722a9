/**
 * Owns: how much memory a TaskManager's process has, and so what each slot gets (settings/memory-model.ts).
 * Called by: pod-taskmanager.ts, taskmanager-process.ts.
 *
 * PMY1 A container's own limit counts, also when it is lower than what its maker said. A process that others share a container with, as on
 *     a laptop, takes no more than its part of the machine, or what it was told.
 * PMY2 A process whose memory is too small for its slots does not start: it would be killed later, with less to read.
 */
import { totalmem } from "node:os";
import { type Log, StreamError } from "../base/index.ts";
import { podVariables } from "../contract/variables.ts";
import { divideTaskManager, type MemorySettings, type SlotMemory, slotMemoryOfMachine } from "../settings/index.ts";
import { invalidPodSetting } from "./pod-setting-error.ts";

const MIB = 2 ** 20;

export type PodMemory = {
  readonly slots: number;
  /** What the job's options say. */
  readonly given: MemorySettings;
  /** What the pod's maker said, in MiB (`podVariables.memoryMiB`). */
  readonly told: string | undefined;
  /** The process has its container for itself. */
  readonly isAlone: boolean;
};

/** Of each slot of a pod's TaskManager. Errors: MEMORY_TOO_SMALL (PMY2), OPTION_INVALID. */
export function memoryOfPod({ slots, given, told, isAlone }: PodMemory, log: Log): SlotMemory {
  const limits = [given.processMiB ?? toldMiB(told), isAlone ? containerMiB() : null].filter((limit) => limit !== null);
  if (limits.length === 0) return memoryBesideOthers(slots, given);
  const division = divideTaskManager(Math.min(...limits), slots, given);
  if (division.kind === "tooSmall") {
    throw new StreamError("MEMORY_TOO_SMALL", division.message, { destiny: "terminal" });
  }
  const { slot, ...shares } = division.memory;
  log.info({ ...shares, slots, slotHeapMiB: slot.heapMiB, slotYoungMiB: slot.youngMiB }, "memory is divided");
  return slot;
}

/** Of each slot of a process that nothing limits, or that shares its limit with others (PMY1). */
export function memoryBesideOthers(slots: number, given: MemorySettings): SlotMemory {
  return slotMemoryOfMachine(Math.min(totalmem() / MIB, containerMiB() ?? Number.POSITIVE_INFINITY), slots, given);
}

function toldMiB(told: string | undefined): number | null {
  if (told === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(told)) return Number(told);
  throw invalidPodSetting(`the variable ${podVariables.memoryMiB} is "${told}" and not a number of MiB`);
}

/** null: no limit is set, or one above all that the machine has. */
function containerMiB(): number | null {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit / MIB : null;
}
