/**
 * Owns: what every action is given.
 */
import type { StreamJob } from "../../crds/index.ts";
import type { Clock, Log } from "../../base/index.ts";
import type { CertificateAuthority, JobManagerApi, JobManagerTarget } from "../engine/index.ts";
import { callWithin, type WriteGate } from "../kubernetes/machinery/index.ts";
import { type KubernetesApi, type ObjectKey } from "../kubernetes/api/index.ts";
import { incarnationJobId, type PlannedEvent } from "../reconcile/index.ts";
import type { WrittenCaches } from "./written-cache.ts";

/** Who owns the fields that the operator applies. */
export const FIELD_MANAGER = "streamjob-operator";

/** What a call to the API server takes. */
export type CallContext = {
  readonly api: KubernetesApi;
  readonly caches: WrittenCaches;
  readonly gate: WriteGate;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** For one call to the API server. */
  readonly callTimeoutMs: number;
  readonly namespace: string;
};

export type ActionContext = CallContext & {
  readonly jobManagers: JobManagerApi;
  /** null: nothing is certified. */
  readonly authority: CertificateAuthority | null;
  /** Tells people, at the StreamJob. */
  readonly tell: (event: PlannedEvent) => void;
  /** As it was looked at, or as the last own write left it. */
  job: StreamJob;
};

export const keyOf = ({ namespace }: CallContext, name: string): ObjectKey => ({ namespace, name });

/** One call to the API server, within its time. */
export function call<T>(
  { clock, callTimeoutMs, signal }: CallContext,
  what: string,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return callWithin({ clock, timeoutMs: callTimeoutMs, signal, what }, send);
}

export function targetOf({ job }: ActionContext, incarnation: number): JobManagerTarget {
  const { name, namespace } = job.metadata;
  return { namespace, job: name, incarnation, jobId: incarnationJobId(job, incarnation) };
}
