/** Room `operator/kubernetes/machinery`: what a controller needs beside the port: watch cache, work queue, lease elector, write gate, events. */
export type { Backoff } from "./backoff.ts";
export type { CacheChange } from "./cached-objects.ts";
export { type Leadership, LeaseElector, type LeaseElectorOptions } from "./lease-elector.ts";
export { EventRecorder, type EventRecorderFigures, type EventRecorderOptions, type EventText } from "./recorder.ts";
export { withRetriedReads } from "./retry.ts";
export { callWithin } from "./waiting.ts";
export { WatchCache, type WatchCacheFigures, type WatchCacheOptions } from "./watch-cache.ts";
export { WorkQueue, type WorkQueueFigures, type WorkQueueOptions } from "./work-queue.ts";
export { type GateAnswer, guarded, type WriteGate } from "./write-gate.ts";
