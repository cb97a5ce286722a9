/**
 * Owns: what a controller is started with, its defaults, and the parts that all of its terms use.
 */
import type { Clock, Log, Random } from "../../base/index.ts";
import type { OperatorFailpointName } from "../apply/index.ts";
import type { CertificateAuthority, CertificatePolicy, JobManagerApi } from "../engine/index.ts";
import type { Backoff } from "../kubernetes/machinery/index.ts";
import type { KubernetesApi, ObjectKey } from "../kubernetes/api/index.ts";
import type { ReconcileSettings } from "../reconcile/index.ts";
import type { ControllerMetrics } from "./metrics.ts";

export type ElectionOptions = {
  readonly lease: ObjectKey;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
};

export type ControllerOptions = {
  readonly api: KubernetesApi;
  readonly jobManagers: JobManagerApi;
  readonly settings: Omit<ReconcileSettings, "certificates">;
  /** Certifies the processes of jobs. Default null: nobody does. */
  readonly certificates?: { readonly authority: CertificateAuthority; readonly policy: CertificatePolicy } | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Unique per process. */
  readonly identity: string;
  /** Whose StreamJobs are reconciled; at least one. Default null: those of all namespaces. */
  readonly namespaces?: readonly string[] | null;
  /** null: this is the only controller there can be, such as one that lives in the API server's own process. */
  readonly election: ElectionOptions | null;
  /** Metrics and health by HTTP; null: none. Default host 127.0.0.1; port 0: any free one. */
  readonly endpoints: { readonly host?: string; readonly port: number } | null;
  /** StreamJobs that are worked on at a time. Default 16. */
  readonly workers?: number;
  /** For one look at one StreamJob. Default 10 000. */
  readonly reconcileDeadlineMs?: number;
  /** For all of its JobManagers together. Default 2000. */
  readonly jobManagersDeadlineMs?: number;
  /** Delays after failed looks. Default 50 ms to 10 s. */
  readonly backoff?: Backoff;
  /** For tests: called at each failpoint instead of the process's own. */
  readonly reach?: (name: OperatorFailpointName) => void;
};

export type Limits = {
  readonly workers: number;
  readonly reconcileDeadlineMs: number;
  readonly jobManagersDeadlineMs: number;
  readonly backoff: Backoff;
};

export function limitsOf(options: ControllerOptions): Limits {
  return {
    workers: options.workers ?? 16,
    reconcileDeadlineMs: options.reconcileDeadlineMs ?? 10_000,
    jobManagersDeadlineMs: options.jobManagersDeadlineMs ?? 2000,
    // Most of what fails comes right without an event that would tell: a JobManager that answers again.
    backoff: options.backoff ?? { firstMs: 50, maxMs: 10_000 },
  };
}

/** What every term is given; both ports are counted. */
export type RunningParts = {
  readonly options: ControllerOptions;
  readonly limits: Limits;
  readonly api: KubernetesApi;
  readonly jobManagers: JobManagerApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ControllerMetrics;
};
