/**
 * Owns: telling in time that the heap of a slot's thread is nearly full.
 * Called by: slot-program.ts, in the slot's thread. What it says when it is too late: slot-thread.ts (SLOT_OUT_OF_MEMORY).
 *
 * HEW1 Looked at is what a collection of all objects leaves: before one, what nobody needs any more counts as used.
 * HEW2 It is told once, and again only after it had come down in between. It costs a callback for each such collection.
 * HEW3 Buffers outside the heap (column tables) count as if they were in it, but for what the thread has a part of its own for: together they are
 *     what a slot's share of the memory holds.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Log } from "../../base/index.ts";

/** Of the type `gc`; Node's types leave out its detail. */
type GcEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };

/** Of the heap's limit: from here on it is told. docs/sizing.md says it too. */
const NEARLY_FULL = 0.85;
const RELAXED = 0.7;
const MIB = 2 ** 20;
/** Of buffers: the part of a slot's thread (docs/sizing.md). */
const BUFFERS_BYTES = 32 * MIB;

/** HEW2: whether it is to be told, from one look to the next. */
export function heapAlarm(): (usedBytes: number, limitBytes: number) => boolean {
  let isTold = false;
  return (usedBytes, limitBytes) => {
    const share = usedBytes / limitBytes;
    if (share < RELAXED) isTold = false;
    if (share < NEARLY_FULL || isTold) return false;
    isTold = true;
    return true;
  };
}

/** What counts against the heap's limit (HEW3). */
export function countedBytes(usedBytes: number, bufferBytes: number): number {
  return usedBytes + Math.max(0, bufferBytes - BUFFERS_BYTES);
}

/** Watches this thread's heap for as long as the thread lives. */
export function watchHeap(log: Log): void {
  const isNews = heapAlarm();
  const observer = new PerformanceObserver((list) => {
    const entries = list.getEntries() as unknown as readonly GcEntry[];
    if (!entries.some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)) return;
    const { used_heap_size: used, external_memory: buffers, heap_size_limit: limit } = getHeapStatistics();
    if (!isNews(countedBytes(used, buffers), limit)) return;
    log.warn(
      {
        heapUsedMiB: Math.round(used / MIB),
        buffersMiB: Math.round(buffers / MIB),
        heapLimitMiB: Math.round(limit / MIB),
      },
      "the heap of a slot's thread is nearly full; give the TaskManager more memory or fewer slots, or raise the parallelism",
    );
  });
  observer.observe({ entryTypes: ["gc"] });
}
