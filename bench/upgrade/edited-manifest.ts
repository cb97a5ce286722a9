/**
 * Owns: an upgrade as a person asks for it: the manifest is applied with other arguments, and is waited for until it is Ready; the
 * moments in which the operator's record moved on.
 * Called by: streamjob-system.ts, cluster-system.ts.
 *
 * EDM1 Each version changes the job's arguments, which costs a savepoint upgrade: the dearest kind of change.
 * EDM2 Nothing is cleverly prepared: the pods of the new version start when the manifest is applied.
 * EDM3 Moments are those in which a watch brought them: what is written to the API server and is not seen by others has not happened.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readStreamJobStatus, type StreamJob, type StreamJobStatus } from "../../crds/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import type { Moments } from "./upgraded-system.ts";

const WAIT_MS_MAX = 120_000;

/** Applies the manifest; resolves when its generation is Ready. Errors: it FAILED, or is not Ready after 2 minutes. */
export async function applyUntilReady(api: KubernetesApi, job: StreamJob): Promise<Moments> {
  const { namespace, name } = job.metadata;
  const { resourceVersion, items } = await api.list("StreamJob", { namespace });
  const before = items.find(({ metadata }) => metadata.name === name)?.metadata.generation ?? 0;
  const stop = new AbortController();
  const moments = new Map<string, number>();
  const ready = Promise.withResolvers<void>();
  const watch = api.watch("StreamJob", { namespace, resourceVersion, signal: stop.signal }, (event) => {
    if (event.type === "BOOKMARK" || event.object.metadata.name !== name) return;
    const { generation = 0 } = event.object.metadata;
    const read = readStreamJobStatus(event.object.status);
    if (generation <= before || read.kind !== "read") return;
    note(moments, read.status, generation);
    if (read.status.phase === "Failed") ready.reject(new Error(`the job failed: ${conditionsText(read.status)}`));
    if (moments.has("Ready")) ready.resolve();
  });
  const patience = new AbortController();
  const late = sleep(WAIT_MS_MAX, undefined, { signal: patience.signal }).then(async () => {
    const { status } = (await api.get("StreamJob", job.metadata)) ?? {};
    throw new Error(`the job is not Ready after ${WAIT_MS_MAX / 1000} s: ${JSON.stringify(status)}`);
  });
  late.catch(() => {});
  try {
    await api.apply("StreamJob", job, { fieldManager: "bench" });
    await Promise.race([ready.promise, late]);
  } finally {
    patience.abort();
    stop.abort();
    await watch;
  }
  return moments;
}

function note(moments: Map<string, number>, { operation, conditions }: StreamJobStatus, generation: number): void {
  const nowMs = performance.timeOrigin + performance.now();
  const first = (name: string): void => void (moments.has(name) || moments.set(name, nowMs));
  if (operation?.toGeneration === generation) first(operation.step);
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready?.status === "True" && ready.observedGeneration === generation) first("Ready");
}

const conditionsText = ({ conditions }: StreamJobStatus): string => JSON.stringify(conditions);
