/**
 * Owns: how a process's memory is divided: TaskManager into process, threads, network, reserve and the heaps of its slots; JobManager into
 * process, reserve and heap. Pure. docs/sizing.md is the same in words.
 * Does not own: how much there is (main/pod-memory.ts, operator/engine-native/pod-memory.ts). Called by: both, cli/jobs/local-cluster.ts.
 *
 * MDL1 What is divided is never more than what there is: a container that keeps to the rules is not killed for its memory.
 * MDL2 What does not fit is said with every part and with the size that would do.
 */
import { StreamError } from "../base/index.ts";
import { formOf, type Setting } from "./setting.ts";
import { settings } from "./table.ts";

/** All sizes are in MiB. null: follows from the process's memory. */
export type MemorySettings = {
  /** Of a TaskManager's process; null: what its container has. */
  readonly processMiB: number | null;
  /** Of a TaskManager's memory, for network buffers. */
  readonly networkFraction: number;
  readonly slotHeapMiB: number | null;
  readonly slotYoungMiB: number | null;
  /** Of a slot's heap, for rows of batch queries. */
  readonly managedFraction: number;
  /** Where the other rows go; null: the system's folder. */
  readonly spillFolder: string | null;
  /** Of the JobManager's process. */
  readonly jobManagerHeapMiB: number | null;
};

/** The heap of one slot's thread. */
export type SlotMemory = { readonly heapMiB: number; readonly youngMiB: number };

export type TaskManagerMemory = {
  readonly totalMiB: number;
  readonly processMiB: number;
  readonly threadsMiB: number;
  readonly networkMiB: number;
  readonly reserveMiB: number;
  readonly slot: SlotMemory;
};

export type Division<Memory> =
  | { readonly kind: "fits"; readonly memory: Memory }
  | { readonly kind: "tooSmall"; readonly message: string };

/** Code, main thread and its heap; measured idle: 110. */
const PROCESS_MIB = 128;
/** Of a thread beside its heap; measured idle, with the code that every job loads: 25. */
const THREAD_MIB = 32;
const NETWORK_MIB_MIN = 16;
const NETWORK_MIB_MAX = 1024;
/** For buffers of connectors and uploads, and for what the allocator does not give back. */
const RESERVE_FRACTION = 0.1;
const RESERVE_MIB_MIN = 32;
/** With less a thread cannot load a job. */
const SLOT_HEAP_MIB_MIN = 32;
/** With a larger one collections take too long; `slot.heap.size` may ask for it. */
const SLOT_HEAP_MIB_MAX = 4096;
/** Records live shortly; a larger one is collected less often (measured by bench wordcount). */
const YOUNG_MIB_MAX = 64;
/** Of a slot's heap in all. */
const YOUNG_FRACTION = 0.25;
const YOUNG_MIB_MIN = 3;
const JOB_MANAGER_PROCESS_MIB = 96;
const JOB_MANAGER_HEAP_MIB_MIN = 64;
const MACHINE_FRACTION = 0.5;

/** Reads them from options as after `-D`. Errors: OPTION_INVALID. */
export function memorySettings(options: Readonly<Record<string, string>>): MemorySettings {
  const { process, networkFraction, slotHeap, slotYoung, managedFraction, spillFolder, jobManagerHeap } =
    settings.memory;
  const read = (setting: Setting & { readonly default: number | null }): number | null => {
    const text = options[setting.option];
    if (text === undefined) return setting.default;
    const value = Number(text.trim());
    const { min, max } = setting as { readonly min: number; readonly max: number };
    const isNumber = (setting.kind === "whole" ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text.trim());
    if (isNumber && value >= min && value <= max) return value;
    const message = `${setting.option} is ${JSON.stringify(text)}; give ${formOf(setting)}`;
    throw new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
  };
  return {
    processMiB: read(process),
    networkFraction: read(networkFraction) ?? networkFraction.default,
    slotHeapMiB: read(slotHeap),
    slotYoungMiB: read(slotYoung),
    managedFraction: read(managedFraction) ?? managedFraction.default,
    spillFolder: options[spillFolder.option] ?? spillFolder.default,
    jobManagerHeapMiB: read(jobManagerHeap),
  };
}

/** Of a process that has `totalMiB` (MDL1). */
export function divideTaskManager(totalMiB: number, slots: number, given: MemorySettings): Division<TaskManagerMemory> {
  const memory = dividedAs(totalMiB, slots, given);
  if (memory !== null) return { kind: "fits", memory };
  let enoughMiB = Math.ceil(totalMiB);
  while (dividedAs(enoughMiB, slots, given) === null) enoughMiB++;
  const { processMiB, threadsMiB, networkMiB, reserveMiB } = sharesOf(enoughMiB, slots, given);
  const each = given.slotHeapMiB ?? SLOT_HEAP_MIB_MIN;
  const parts = `${processMiB} MiB for the process, ${threadsMiB} for ${slots === 1 ? "the slot thread" : `${slots} slot threads`}, ${networkMiB} for network buffers, ${reserveMiB} in reserve, and a heap of ${each} for each slot`;
  const message = `a TaskManager with ${slots} ${slots === 1 ? "slot" : "slots"} needs ${enoughMiB} MiB and has ${Math.floor(totalMiB)} MiB: ${parts}. Give it ${enoughMiB}Mi or more${slots === 1 ? "" : ", or fewer slots"}`;
  return { kind: "tooSmall", message };
}

/** On a machine where nobody limits the process: the heaps may take half of it. */
export function slotMemoryOfMachine(machineMiB: number, slots: number, given: MemorySettings): SlotMemory {
  return {
    heapMiB: given.slotHeapMiB ?? Math.min(SLOT_HEAP_MIB_MAX, Math.floor((machineMiB * MACHINE_FRACTION) / slots)),
    youngMiB: given.slotYoungMiB ?? YOUNG_MIB_MAX,
  };
}

/** The heap of a JobManager's process that has `totalMiB`. */
export function divideJobManager(totalMiB: number, given: MemorySettings): Division<{ readonly heapMiB: number }> {
  const left = (total: number): number => Math.floor(total - JOB_MANAGER_PROCESS_MIB - reserveOf(total));
  const heapMiB = given.jobManagerHeapMiB ?? left(totalMiB);
  const needed = given.jobManagerHeapMiB ?? JOB_MANAGER_HEAP_MIB_MIN;
  if (left(totalMiB) >= needed) return { kind: "fits", memory: { heapMiB } };
  let enoughMiB = Math.ceil(totalMiB);
  while (left(enoughMiB) < needed) enoughMiB++;
  const parts = `${JOB_MANAGER_PROCESS_MIB} MiB for the process, ${reserveOf(enoughMiB)} in reserve, and a heap of ${needed}`;
  const message = `a JobManager needs ${enoughMiB} MiB and has ${Math.floor(totalMiB)} MiB: ${parts}. Give it ${enoughMiB}Mi or more`;
  return { kind: "tooSmall", message };
}

const reserveOf = (totalMiB: number): number => Math.max(RESERVE_MIB_MIN, Math.floor(totalMiB * RESERVE_FRACTION));

function sharesOf(totalMiB: number, slots: number, { networkFraction }: MemorySettings) {
  const networkMiB = Math.floor(totalMiB * networkFraction);
  return {
    totalMiB,
    processMiB: PROCESS_MIB,
    threadsMiB: THREAD_MIB * slots,
    networkMiB: Math.min(NETWORK_MIB_MAX, Math.max(NETWORK_MIB_MIN, networkMiB)),
    reserveMiB: reserveOf(totalMiB),
  };
}

/** null: they do not fit. */
function dividedAs(totalMiB: number, slots: number, given: MemorySettings): TaskManagerMemory | null {
  const shares = sharesOf(totalMiB, slots, given);
  const { processMiB, threadsMiB, networkMiB, reserveMiB } = shares;
  const eachMiB = Math.floor((totalMiB - processMiB - threadsMiB - networkMiB - reserveMiB) / slots);
  const youngMiB =
    given.slotYoungMiB ?? Math.max(YOUNG_MIB_MIN, Math.min(YOUNG_MIB_MAX, Math.floor(eachMiB * YOUNG_FRACTION)));
  const heapMiB = given.slotHeapMiB ?? Math.min(SLOT_HEAP_MIB_MAX, eachMiB - youngMiB);
  const fits = given.slotHeapMiB === null ? eachMiB >= SLOT_HEAP_MIB_MIN && heapMiB > 0 : heapMiB + youngMiB <= eachMiB;
  return fits ? { ...shares, slot: { heapMiB, youngMiB } } : null;
}
