/**
 * Owns: one look at a StreamJob and all that belongs to it, as an Observed.
 * Not here: where the objects come from (the watch caches, given), what follows (operator/reconcile).
 * Called by: the controller, before each decision.
 *
 * OV1 No request to the API server: what is known is in the caches, own writes included.
 * OV2 A look ends within its deadline, whatever JobManagers do.
 * OV3 The same world gives the same Observed, whatever the order in which it was listed.
 * OV4 What it knows of the StreamJob's own objects is of one moment: read in one turn, before JobManagers are asked. Read later, some of
 *     them could be those of a job that is gone while the rest is of one that runs. What others need of it is read last.
 */
import {
  type ReadStatus,
  STORAGE_ANNOTATION,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobStatus,
} from "../../crds/index.ts";
import type { Clock, Log } from "../../base/index.ts";
import type { JobManagerApi } from "../engine/index.ts";
import type { ObjectKey } from "../kubernetes/api/index.ts";
import {
  incarnationJobId,
  type NamedPlace,
  type Observed,
  type Refusal,
  type RestoreSnapshotView,
  readSnapshotStatusOf,
  readStatusOf,
} from "../reconcile/index.ts";
import {
  byName,
  disruptionBudgetsOf,
  earlierPodsOf,
  incarnationsOf,
  restServiceOf,
  storagePodsOf,
} from "./children.ts";
import type { ExceptionMemory, ExceptionNews } from "./exception-memory.ts";
import { type JobLinks, nameOf } from "./job-links.ts";
import { askJobManagers, type JobManagerViews } from "./jobmanager-views.ts";
import type { ObjectReaders } from "./object-reader.ts";
import { revisionsOf } from "./revisions.ts";
import { verdictOf } from "./stored-status.ts";

export type ObserveDeps = {
  readonly readers: ObjectReaders;
  readonly links: JobLinks;
  readonly jobManagers: JobManagerApi;
  readonly exceptions: ExceptionMemory;
  /** What was refused when the plans before were carried out. */
  readonly refusals: { of(job: StreamJob): readonly Refusal[] };
  readonly clock: Clock;
  readonly log: Log;
  /** For all JobManagers together. Default 2000. */
  readonly jobManagersDeadlineMs?: number;
};

export type Look = {
  readonly observed: Observed;
  /** To be marked as told when the plan made of it has been carried out. */
  readonly news: ExceptionNews | null;
};

const JOB_MANAGERS_DEADLINE_MS = 2000;

const nothingAsked: JobManagerViews = {
  byIncarnation: new Map(),
  stopTrigger: null,
  savepointTrigger: null,
  preflight: null,
  disposals: {},
  collection: null,
  news: null,
};

/** What there is of the StreamJob; null: there is none of that name. */
export async function observe(key: ObjectKey, deps: ObserveDeps, signal: AbortSignal): Promise<Look | null> {
  const { readers, links } = deps;
  const job = readers.StreamJob.get(key);
  if (job === null) return null;
  const incarnations = incarnationsOf(job, readers);
  const snapshots = links
    .snapshotsOf(key.namespace, key.name)
    .flatMap((name) => readers.StreamJobSnapshot.get({ namespace: key.namespace, name }) ?? [])
    .sort(byName);
  const ours = {
    job,
    validated: verdictOf(job),
    revisions: revisionsOf(job, readers, deps.log),
    earlierPods: earlierPodsOf(job, readers),
    snapshots,
    restoreSnapshot: restoreSnapshotOf(job, readers),
    storagePods: storagePodsOf(job, readers),
    restService: restServiceOf(job, readers),
    disruptionBudgets: disruptionBudgetsOf(job, readers),
  };
  const stored: ReadStatus<StreamJobStatus> = readStatusOf(job);
  const views = await askWithin(deps, signal, (inner) => {
    if (stored.kind === "unreadable") return Promise.resolve(nothingAsked);
    return askJobManagers({ ...deps, job, status: stored.status, incarnations, snapshots, signal: inner });
  });
  const observed: Observed = {
    ...ours,
    incarnations: incarnations.map((incarnation) => ({
      ...incarnation,
      jobManager: views.byIncarnation.get(incarnation.number) ?? {
        kind: "unreachable",
        message: "it was not asked: the status of the StreamJob cannot be read",
      },
    })),
    foreignReferences: foreignReferencesOf(job, snapshots, links),
    storesInUse: storesInUse(job, stored, links),
    storeNamers: storeNamers(job, stored, links),
    stopTrigger: views.stopTrigger,
    savepointTrigger: views.savepointTrigger,
    preflight: views.preflight,
    disposals: views.disposals,
    collection: views.collection,
    refusals: deps.refusals.of(job),
    exceptions: views.news?.exceptions ?? [],
    newestException: views.news?.newest ?? newestKnown(stored, deps),
  };
  return { observed, news: views.news };
}

/** Of the job that runs or ran last. */
function newestKnown(stored: ReadStatus<StreamJobStatus>, { exceptions }: ObserveDeps): Observed["newestException"] {
  const jobId = stored.kind === "read" ? stored.status.active?.jobId : undefined;
  return jobId === undefined ? null : exceptions.newest(jobId);
}

/** OV2 */
async function askWithin<T>(
  { clock, jobManagersDeadlineMs = JOB_MANAGERS_DEADLINE_MS }: ObserveDeps,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const onAbort = (): void => deadline.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = clock.after(jobManagersDeadlineMs, () =>
    deadline.abort(new Error(`the JobManagers did not answer within ${jobManagersDeadlineMs} ms`)),
  );
  try {
    return await ask(deadline.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

function restoreSnapshotOf(job: StreamJob, readers: ObjectReaders): RestoreSnapshotView {
  const name = job.spec.restore?.snapshot;
  if (name === undefined) return { kind: "none" };
  const snapshot = readers.StreamJobSnapshot.get({ namespace: job.metadata.namespace ?? "", name });
  if (snapshot === null) return { kind: "missing", name };
  const stored = readSnapshotStatusOf(snapshot);
  if (stored.kind === "unreadable") return { kind: "pending", name, phase: "unreadable" };
  const { phase, location } = stored.status;
  if (phase !== "Completed" || location === undefined) return { kind: "pending", name, phase };
  return { kind: "completed", name, location };
}

/** Of this job's savepoints, those that another job needs: the only ones that a decision about this job can be about. */
function foreignReferencesOf(
  job: StreamJob,
  snapshots: readonly StreamJobSnapshot[],
  links: JobLinks,
): ReadonlySet<string> {
  const { name, namespace } = job.metadata;
  const isForeign = (other: string): boolean => other !== name;
  return new Set(
    snapshots.flatMap((snapshot) => {
      const stored = readSnapshotStatusOf(snapshot);
      const location = stored.kind === "read" ? stored.status.location : undefined;
      if (location === undefined) return [];
      const isNeeded =
        links.jobsThatRestore(namespace, snapshot.metadata.name).some(isForeign) ||
        links.jobsThatName(namespace, location).some(isForeign);
      return isNeeded ? [location] : [];
    }),
  );
}

/** Of the job's stores, those in which a checkpoint is that another job, of whatever namespace, names. */
function storesInUse(job: StreamJob, stored: ReadStatus<StreamJobStatus>, links: JobLinks): ReadonlySet<string> {
  if (stored.kind === "unreadable") return new Set();
  const uris = stored.status.stores.map(({ storeUri }) => storeUri);
  return new Set(uris.filter((uri) => links.jobsThatNameStore(uri).some((who) => who !== nameOf(job))));
}

/** Stores of which the status does not tell any more, too. */
function storeNamers(job: StreamJob, stored: ReadStatus<StreamJobStatus>, links: JobLinks): readonly NamedPlace[] {
  if (stored.kind === "unreadable" || job.metadata.annotations?.[STORAGE_ANNOTATION] === undefined) return [];
  return Array.from({ length: stored.status.incarnations }, (_, index) => {
    const location = `/${incarnationJobId(job, index + 1)}`;
    const others = links.jobsThatNameStore(location).filter((who) => who !== nameOf(job));
    return others.map((who) => ({ location, by: `StreamJob ${who}` }));
  }).flat();
}
