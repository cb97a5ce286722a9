/**
 * Owns: what one look at the world found, as values: the only input of a decision, with the time.
 * Not here: how it is found (operator/observe), what follows from it (reconcile.ts).
 *
 * OB1 Absent and unreachable are different values, everywhere: what did not answer is never taken for gone (P-11).
 * OB2 Children are this very StreamJob's, by the uid of their owner, not by name (P-10, P-19).
 */
import type { StreamJob, StreamJobSnapshot, ValidatedStreamJob } from "../../../crds/index.ts";
import type { IncarnationView, JobException, PreflightView } from "../../engine/index.ts";
import type { NamedPlace } from "./named-places.ts";
import type { ConfigMap, Pod, PodDisruptionBudget, Service, StatefulSet } from "../../kubernetes/api/index.ts";

/** One incarnation's children, whole or in part. */
export type ObservedIncarnation = {
  readonly number: number;
  readonly configMap: ConfigMap | null;
  readonly service: Service | null;
  readonly jobManagerSet: StatefulSet | null;
  readonly taskManagerSet: StatefulSet | null;
  readonly pods: readonly Pod[];
  readonly jobManager: JobManagerView;
};

export type JobManagerView =
  /** No pod that could answer. */
  | { readonly kind: "absent" }
  /** There is a pod, and it does not answer, or answers nonsense: nothing is known. */
  | { readonly kind: "unreachable"; readonly message: string }
  | { readonly kind: "answering"; readonly incarnation: IncarnationView };

/** What became of a savepoint that was asked for. */
export type TriggerView =
  | { readonly kind: "inProgress" }
  | { readonly kind: "completed"; readonly location: string }
  | { readonly kind: "failed"; readonly message: string }
  /** The JobManager answers and knows no such trigger: not asked yet, or it has been started anew since. */
  | { readonly kind: "unknown" }
  | { readonly kind: "unreachable"; readonly message: string };

/** A revision of the spec as it was kept. */
export type SpecRevision = {
  readonly name: string;
  /** Of the parts of the spec that an incarnation runs with; equal hash = equal job. */
  readonly hash: string;
  /** Rises by one with each. */
  readonly number: number;
  /** The generation that first brought it. */
  readonly generation: number;
  readonly spec: StreamJob["spec"];
};

/** The snapshot that `spec.restore.snapshot` names. */
export type RestoreSnapshotView =
  | { readonly kind: "none" }
  | { readonly kind: "missing"; readonly name: string }
  | { readonly kind: "pending"; readonly name: string; readonly phase: string }
  | { readonly kind: "completed"; readonly name: string; readonly location: string };

export type Observed = {
  readonly job: StreamJob;
  readonly validated: ValidatedStreamJob;
  /** By number, ascending. */
  readonly revisions: readonly SpecRevision[];
  /** By number, ascending. */
  readonly incarnations: readonly ObservedIncarnation[];
  /** Of an earlier StreamJob of the same name, and not gone yet: by number of the incarnation, the names of its pods. */
  readonly earlierPods: ReadonlyMap<number, readonly string[]>;
  /** Of this job, by name. */
  readonly snapshots: readonly StreamJobSnapshot[];
  readonly restoreSnapshot: RestoreSnapshotView;
  /** Savepoint locations that other StreamJobs of the namespace restore from or name in their status. */
  readonly foreignReferences: ReadonlySet<string>;
  /** Of `status.stores`: stores in which other StreamJobs name a checkpoint. */
  readonly storesInUse: ReadonlySet<string>;
  /** Which other StreamJobs name which of its incarnations' stores; asked only when a person has the stores looked at. */
  readonly storeNamers: readonly NamedPlace[];
  /** Of `status.collecting` at the active JobManager; null: nothing was asked, or nobody answered. */
  readonly collection: DisposalView | null;
  /** Clean-up pods of this StreamJob. */
  readonly storagePods: readonly Pod[];
  /** `<job>-rest` */
  readonly restService: Service | null;
  readonly disruptionBudgets: readonly PodDisruptionBudget[];
  /** Of `status.operation.triggerId` at the JobManager of `status.operation.from`; null: nothing was asked. */
  readonly stopTrigger: TriggerView | null;
  /** Of `status.savepoint.triggerId` at the active JobManager; null: nothing was asked. */
  readonly savepointTrigger: TriggerView | null;
  /** Asked of the standby incarnation in step Preflight; `unanswered`: it cannot say yet, and why; null: not asked, or it did not answer. */
  readonly preflight: PreflightView | { readonly kind: "unanswered"; readonly reason: string } | null;
  /** Outcome of deleting a savepoint's files, by snapshot name: asked while a snapshot is being deleted. */
  readonly disposals: Readonly<Record<string, DisposalView>>;
  /** What was answered with "no" when the plan before was carried out, and has not been allowed since. */
  readonly refusals: readonly Refusal[];
  /** Of the job that runs or ran last, newest first: only those that no plan before this one was given. */
  readonly exceptions: readonly JobException[];
  /** Of the job that runs or ran last, whether it has been told or not; null: none is known. */
  readonly newestException: JobException | null;
};

/** An action that was answered with "no". */
export type Refusal = {
  /** Which action: `subjectOf` of refusals.ts. */
  readonly subject: string;
  /** What could not be done, and who said why, in one sentence without a full stop. */
  readonly message: string;
  /** Asked again the same way it is refused again: only another request helps. */
  readonly isFinal: boolean;
  /** No plan before this one was given it. */
  readonly isNews: boolean;
};

/** How a deletion of files goes, of a savepoint's or of a store's. */
export type DisposalView =
  | { readonly kind: "done" }
  | { readonly kind: "inProgress" }
  | { readonly kind: "failed"; readonly message: string }
  /** Not asked yet, or forgotten. */
  | { readonly kind: "unknown" };
