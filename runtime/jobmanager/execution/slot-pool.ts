/**
 * Owns: the registered TaskManagers, when each was last heard, and which slot serves which of the job's shared slots.
 * Not here: connections (task-manager-links.ts), tasks (execution.ts).
 *
 * SLP1 Subtask i of every vertex runs in shared slot i (JG3); a shared slot is served by one slot of one TaskManager, or by none.
 * SLP2 Shared slots are spread: each goes to the TaskManager that serves fewest so far, the one registered first among equals.
 * SLP4 Slots of a TaskManager that leaves serve what runs there, and are given to nothing else.
 * SLP3 An assignment gives all slots that were asked for, or changes nothing.
 */
import type { TaskManagerId } from "../../../base/index.ts";
import type { SlotLocation } from "../../rpc/index.ts";
import type { TaskManagerView } from "../control.ts";

export type TaskManagerInfo = {
  readonly id: TaskManagerId;
  readonly host: string;
  readonly pid: number;
  /** Data port of each slot. */
  readonly dataPorts: readonly number[];
};

type Member = {
  readonly info: TaskManagerInfo;
  /** By the monotonic clock, for loss; and by the wall clock, for people. */
  heardMs: number;
  heardAtMs: number;
  /** SLP4 */
  isLeaving: boolean;
};

export type AssignOutcome = { readonly kind: "assigned" } | { readonly kind: "missing"; readonly missing: number };

export class SlotPool {
  readonly #members = new Map<TaskManagerId, Member>();
  /** Index = shared slot. */
  readonly #serving: (SlotLocation | undefined)[] = [];

  get taskManagers(): number {
    return this.#staying().length;
  }

  get slots(): number {
    let count = 0;
    for (const member of this.#staying()) count += member.info.dataPorts.length;
    return count;
  }

  has(id: TaskManagerId): boolean {
    return this.#members.has(id);
  }

  add(info: TaskManagerInfo, monotonicMs: number, nowMs: number): void {
    this.#members.set(info.id, { info, heardMs: monotonicMs, heardAtMs: nowMs, isLeaving: false });
  }

  heard(id: TaskManagerId, monotonicMs: number, nowMs: number): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    member.heardMs = monotonicMs;
    member.heardAtMs = nowMs;
  }

  /** Those not heard for longer than `timeoutMs`. */
  silent(monotonicMs: number, timeoutMs: number): TaskManagerId[] {
    return [...this.#members.values()]
      .filter((member) => monotonicMs - member.heardMs > timeoutMs)
      .map((member) => member.info.id);
  }

  /** SLP4 */
  retire(id: TaskManagerId): void {
    const member = this.#members.get(id);
    if (member !== undefined) member.isLeaving = true;
  }

  /** Its slots serve no longer. */
  remove(id: TaskManagerId): void {
    this.#members.delete(id);
    this.#serving.forEach((location, shared) => {
      if (location?.taskManagerId === id) this.#serving[shared] = undefined;
    });
  }

  location(shared: number): SlotLocation | undefined {
    return this.#serving[shared];
  }

  /** Gives each of the `wanted` shared slots a place; those for which `isBusy` keep theirs, all others may move (SLP2, SLP3). */
  assign(wanted: readonly number[], isBusy: (shared: number) => boolean): AssignOutcome {
    const kept = this.#serving.map((location, shared) => (isBusy(shared) ? location : undefined));
    const open = wanted.filter((shared) => kept[shared] === undefined);
    const free = this.#freeSlots(kept);
    const places = open.map(() => takeLeastLoaded(free));
    const missing = places.filter((place) => place === undefined).length;
    if (missing > 0) return { kind: "missing", missing };
    this.#serving.length = 0;
    this.#serving.push(...kept);
    open.forEach((shared, index) => {
      this.#serving[shared] = places[index];
    });
    return { kind: "assigned" };
  }

  view(): readonly TaskManagerView[] {
    return [...this.#members.values()].map(({ info, heardAtMs, isLeaving }) => {
      const used = this.#serving.filter((location) => location?.taskManagerId === info.id).length;
      const slots = info.dataPorts.length;
      return {
        id: info.id,
        host: info.host,
        pid: info.pid,
        slots,
        freeSlots: isLeaving ? 0 : slots - used,
        lastHeartbeatMs: heardAtMs,
      };
    });
  }

  #staying(): readonly Member[] {
    return [...this.#members.values()].filter(({ isLeaving }) => !isLeaving);
  }

  #freeSlots(kept: readonly (SlotLocation | undefined)[]): FreeSlots[] {
    const taken = new Set(kept.map((location) => (location === undefined ? "" : slotName(location))));
    return this.#staying().map(({ info }) => {
      const all = info.dataPorts.map(
        (dataPort, slot): SlotLocation => ({ taskManagerId: info.id, slot, host: info.host, dataPort }),
      );
      const locations = all.filter((location) => !taken.has(slotName(location)));
      return { load: all.length - locations.length, locations };
    });
  }
}

type FreeSlots = { load: number; readonly locations: SlotLocation[] };

function takeLeastLoaded(free: readonly FreeSlots[]): SlotLocation | undefined {
  let best: FreeSlots | undefined;
  for (const candidate of free) {
    if (candidate.locations.length > 0 && (best === undefined || candidate.load < best.load)) best = candidate;
  }
  if (best === undefined) return undefined;
  best.load++;
  return best.locations.shift();
}

function slotName(location: SlotLocation): string {
  return `${location.taskManagerId}#${location.slot}`;
}
