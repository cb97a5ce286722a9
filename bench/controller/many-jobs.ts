/**
 * Owns: the StreamJobs of the controller's bench: making them, waiting until all are Ready, and changing some, one after the other.
 *
 * MJ1 One change is timed from the write of a manifest to the status that speaks of its generation, as a watcher sees it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readStreamJobStatus, type StreamJob } from "../../crds/index.ts";
import { certificatePolicy, certificateTerm } from "../../operator/engine/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";

/** Between two changes. */
const PAUSE_MS = 20;
const SETTLED_MS_MAX = 300_000;
const CREATED_AT_ONCE = 8;

export class ManyJobs {
  readonly #api: KubernetesApi;
  readonly #jobs: number;
  readonly #namespace: string;

  constructor(api: KubernetesApi, jobs: number, namespace: string) {
    this.#api = api;
    this.#jobs = jobs;
    this.#namespace = namespace;
  }

  async create(): Promise<void> {
    const indexes = Array.from({ length: this.#jobs }, (_, index) => index);
    for (let first = 0; first < this.#jobs; first += CREATED_AT_ONCE) {
      const some = indexes.slice(first, first + CREATED_AT_ONCE);
      await Promise.all(some.map((index) => this.#api.create("StreamJob", this.#manifest(index, 0))));
    }
  }

  /** Resolves when each is Ready for its generation; looks that often. */
  async settled(lookEveryMs: number): Promise<void> {
    let ready = 0;
    for (let waitedMs = 0; waitedMs < SETTLED_MS_MAX; waitedMs += lookEveryMs) {
      const { items } = await this.#api.list("StreamJob", { namespace: this.#namespace });
      ready = items.filter(isReady).length;
      if (ready === this.#jobs) return;
      await sleep(lookEveryMs);
    }
    throw new Error(`${ready} of ${this.#jobs} StreamJobs are Ready after ${SETTLED_MS_MAX / 1000} s`);
  }

  /** Milliseconds, ascending (MJ1). */
  async timeChanges(changes: number): Promise<number[]> {
    const api = this.#api;
    const { resourceVersion } = await api.list("StreamJob", { namespace: this.#namespace });
    const waiting = new Map<string, { readonly generation: number; readonly sentMs: number }>();
    const latencies: number[] = [];
    const stop = new AbortController();
    const options = { namespace: this.#namespace, resourceVersion, signal: stop.signal };
    const watch = api.watch("StreamJob", options, (event) => {
      if (event.type === "BOOKMARK") return;
      const { metadata, status } = event.object;
      const sent = waiting.get(metadata.name);
      if (sent === undefined || (status?.observedGeneration ?? -1) < sent.generation) return;
      waiting.delete(metadata.name);
      latencies.push(performance.now() - sent.sentMs);
    });
    for (let change = 1; change <= changes; change++) {
      const index = (change * 7919) % this.#jobs;
      const { metadata, spec } = this.#manifest(index, change);
      const { generation = 0 } = (await api.get("StreamJob", metadata))?.metadata ?? {};
      waiting.set(metadata.name, { generation: generation + 1, sentMs: performance.now() });
      await api.patch("StreamJob", metadata, { spec });
      await sleep(PAUSE_MS);
    }
    for (let tries = 0; waiting.size > 0; tries++) {
      if (tries > 600) throw new Error(`${waiting.size} changes were not seen to be reconciled after a minute`);
      await sleep(100);
    }
    stop.abort(new Error("measured"));
    await watch;
    return latencies.toSorted((a, b) => a - b);
  }

  /** How many have certificates whose term began in that time: milliseconds since 1970. */
  async certificatesDue(fromMs: number, toMs: number): Promise<number> {
    const { items } = await this.#api.list("StreamJob", { namespace: this.#namespace });
    const isDue = (job: StreamJob): boolean => {
      const read = readStreamJobStatus(job.status);
      const jobId = read.kind === "unreadable" ? undefined : read.status.active?.jobId;
      if (jobId === undefined) return false;
      const termAt = (atMs: number): number => certificateTerm(jobId, atMs, certificatePolicy).number;
      return termAt(fromMs) !== termAt(toMs);
    };
    return items.filter(isDue).length;
  }

  #manifest(index: number, change: number): StreamJob {
    return {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: `job-${index}`, namespace: this.#namespace },
      spec: {
        job: { module: "/job.ts" },
        parallelism: 1,
        savepoints: { retain: { count: 1 + change } },
        upgrade: { stability: { window: "1s" } },
      },
    };
  }
}

function isReady({ status, metadata }: StreamJob): boolean {
  const read = readStreamJobStatus(status);
  if (read.kind === "unreadable") return false;
  const ready = read.status.conditions.find(({ type }) => type === "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}
