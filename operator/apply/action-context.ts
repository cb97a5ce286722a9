/**
 * Owns: what every action is given.
 */
import type { StreamJob } from "../../crds/index.ts";
import type { Clock } from "../../runtime/base/index.ts";
import type { JobManagerApi, JobManagerTarget } from "../jobmanager/index.ts";
import { callWithin, type KubernetesApi, type ObjectKey } from "../kubernetes/index.ts";
import { incarnationJobId } from "../reconcile/index.ts";
import type { WrittenCaches } from "./written-cache.ts";

/** Who owns the fields that the operator applies. */
export const FIELD_MANAGER = "streamjob-operator";

export type ActionContext = {
  readonly api: KubernetesApi;
  readonly caches: WrittenCaches;
  readonly jobManagers: JobManagerApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For one call to the API server. */
  readonly callTimeoutMs: number;
  /** As it was looked at, or as the last own write left it. */
  job: StreamJob;
};

export const keyOf = (context: ActionContext, name: string): ObjectKey => ({
  namespace: context.job.metadata.namespace ?? "",
  name,
});

/** One call to the API server, within its time. */
export function call<T>(
  { clock, callTimeoutMs, signal }: ActionContext,
  what: string,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return callWithin({ clock, timeoutMs: callTimeoutMs, signal, what }, send);
}

export function targetOf({ job }: ActionContext, incarnation: number): JobManagerTarget {
  const { name, namespace = "" } = job.metadata;
  return { namespace, job: name, incarnation, jobId: incarnationJobId(job, incarnation) };
}
