/**
 * Owns: what a thread and its process measure of themselves: heap, garbage collection, memory, processor time. Names as those of
 * Prometheus' clients, so that dashboards for Node show them; `thread` tells threads apart.
 *
 * THF1 It costs a callback for each garbage collection, and nothing else until it is read.
 */
import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { MetricsPage } from "./metrics-page.ts";

/** Of the type `gc`; Node's types leave out its detail. */
type GcEntry = { readonly duration: number; readonly detail: { readonly kind: number } };

export type ThreadFigures = {
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly heapLimitBytes: number;
  /** Of buffers. */
  readonly externalBytes: number;
  /** Time in collections of the young generation, and in all others. */
  readonly gcMinorMs: number;
  readonly gcMajorMs: number;
};

/** Begins to count in this thread; the function reads. */
export function observeThread(): () => ThreadFigures {
  let gcMinorMs = 0;
  let gcMajorMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries() as unknown as readonly GcEntry[]) {
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) gcMinorMs += duration;
      else gcMajorMs += duration;
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => {
    const heap = getHeapStatistics();
    return {
      heapUsedBytes: heap.used_heap_size,
      heapTotalBytes: heap.total_heap_size,
      heapLimitBytes: heap.heap_size_limit,
      externalBytes: heap.external_memory,
      gcMinorMs,
      gcMajorMs,
    };
  };
}

export function addThreadFigures(page: MetricsPage, thread: string, figures: ThreadFigures): void {
  const gauge = (name: string, help: string, value: number): void =>
    page.add({ name, kind: "gauge", help }, { thread }, value);
  gauge("nodejs_heap_size_used_bytes", "Bytes in use of the heap of a thread.", figures.heapUsedBytes);
  gauge("nodejs_heap_size_total_bytes", "Bytes that the heap of a thread has taken.", figures.heapTotalBytes);
  gauge("nodejs_heap_size_limit_bytes", "Bytes at which the heap of a thread is full.", figures.heapLimitBytes);
  gauge("nodejs_external_memory_bytes", "Bytes of buffers of a thread, outside its heap.", figures.externalBytes);
  const gc = {
    name: "nodejs_gc_duration_seconds_total",
    kind: "counter",
    help: "Time in garbage collection.",
  } as const;
  page.add(gc, { thread, kind: "minor" }, figures.gcMinorMs / 1000);
  page.add(gc, { thread, kind: "major" }, figures.gcMajorMs / 1000);
}

export function addProcessFigures(page: MetricsPage): void {
  const { user, system } = process.cpuUsage();
  page.add(
    { name: "process_resident_memory_bytes", kind: "gauge", help: "Resident memory of the process." },
    {},
    process.memoryUsage.rss(),
  );
  page.add(
    { name: "process_cpu_seconds_total", kind: "counter", help: "Processor time of the process, all threads." },
    {},
    (user + system) / 1e6,
  );
}
