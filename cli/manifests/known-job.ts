/**
 * Owns: what `diff` can find out of a StreamJob that would be changed: what the operator decides by, as far as reading goes.
 * Does not own: the decision (operator/reconcile), its words (change-outlook.ts).
 *
 * KJ1 What could not be had is said, with what it leaves open: who may not list pods gets an answer all the same.
 * KJ2 The kept revisions have to be had: without them it is not known what runs, and every change would look like a new version.
 * KJ3 JobManagers are asked what the operator would ask them now, and told nothing.
 */
import { JOB_LABEL, type StreamJob, type StreamJobSnapshot } from "../../crds/index.ts";
import { type Answer, incarnationOf, isOwnedBy, type JobManagerTarget } from "../../operator/engine/index.ts";
import { isApiError, type Kinds } from "../../operator/kubernetes/api/index.ts";
import {
  incarnationJobId,
  type Known,
  preflightRestore,
  questionOf,
  readSnapshotStatusOf,
  statusOf,
} from "../../operator/reconcile/index.ts";
import { validateStreamJob } from "../../crds/index.ts";
import type { CommandContext } from "./command-context.ts";
import { revisionsOf } from "./job-facts.ts";
import { podsOf } from "./job-pods.ts";
import { listAll } from "./named-objects.ts";

type Sources = Pick<CommandContext, "api" | "jobManagers">;

/** `notes`: what could not be found out, in words (KJ1). */
export type Found = { readonly known: Known; readonly notes: readonly string[] };

/** `job`: as it would be. `live`: as it is; null: not there. Errors: ApiError, STATUS_UNREADABLE. */
export async function findOut(sources: Sources, live: StreamJob | null, next: StreamJob): Promise<Found> {
  const notes: string[] = [];
  const job = live?.status === undefined ? next : { ...next, status: live.status };
  const { namespace, name, uid } = job.metadata;
  const { api } = sources;
  const restoreSnapshot = await restoreSnapshotOf(sources, job);
  if (live === null) {
    const nothing = { revisions: [], snapshots: [], disruptionBudgets: [], incarnations: [] };
    return { known: { ...nothing, job, restoreSnapshot, stopTrigger: null, preflight: null }, notes };
  }
  const allowed = async <T>(what: string, open: string, read: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await read();
    } catch (error) {
      if (!isApiError(error, "Forbidden")) throw error;
      notes.push(`you may not list ${what}, so it is not known here ${open}`);
      return [];
    }
  };
  const labels = { [JOB_LABEL]: name };
  const revisions = await revisionsOf(api, live); // KJ2
  const snapshots = await allowed("StreamJobSnapshots", "which savepoints were asked for", () =>
    listAll(api, "StreamJobSnapshot", { namespace }),
  );
  const disruptionBudgets = await allowed("PodDisruptionBudgets", "which of them change", () =>
    listAll(api, "PodDisruptionBudget", { namespace, labels }),
  );
  const pods = await allowed("pods", "how often they restarted, nor whether some of an earlier run are left", () =>
    podsOf(api, live),
  );
  const incarnations = await incarnationsOf(sources, job, pods);
  const { active } = statusOf(job);
  const isSilent = incarnations.some(
    ({ number, jobManager }) => number === active?.incarnation && jobManager.kind !== "answering",
  );
  if (isSilent && active?.ended === null) {
    notes.push(
      `the JobManager of incarnation ${active.incarnation} did not answer: what has become of its job since the operator looked is not known here`,
    );
  }
  return {
    known: {
      job,
      revisions,
      snapshots: snapshots.filter(({ spec }) => spec.jobRef.name === name),
      restoreSnapshot,
      disruptionBudgets: disruptionBudgets.filter((budget) => isOwnedBy(budget, uid)),
      incarnations,
      ...(await answersOf(sources, job)),
    },
    notes,
  };
}

async function restoreSnapshotOf({ api }: Sources, { metadata, spec }: StreamJob): Promise<Known["restoreSnapshot"]> {
  const name = spec.restore?.snapshot;
  if (name === undefined) return { kind: "none" };
  const snapshot: StreamJobSnapshot | null = await api.get("StreamJobSnapshot", {
    namespace: metadata.namespace,
    name,
  });
  if (snapshot === null) return { kind: "missing", name };
  const stored = readSnapshotStatusOf(snapshot);
  if (stored.kind === "unreadable") return { kind: "pending", name, phase: "unreadable" };
  const { phase, location } = stored.status;
  if (phase !== "Completed" || location === undefined) return { kind: "pending", name, phase };
  return { kind: "completed", name, location };
}

/** Those that the status names, and any of which a pod is left. */
async function incarnationsOf(
  { jobManagers }: Sources,
  job: StreamJob,
  pods: readonly Kinds["Pod"][],
): Promise<Known["incarnations"]> {
  const { active, operation } = statusOf(job);
  const named = [active?.incarnation, operation?.from, operation?.to];
  const numbers = new Set([...named, ...pods.map(incarnationOf)].flatMap((number) => number ?? []));
  return Promise.all(
    [...numbers].map(async (number) => {
      const own = pods.filter((pod) => incarnationOf(pod) === number);
      const answer = await ask((signal) => jobManagers.incarnation(targetOf(job, number), signal));
      if (answer.kind === "answer")
        return { number, pods: own, jobManager: { kind: "answering", incarnation: answer.value } as const };
      return { number, pods: own, jobManager: { kind: "unreachable", message: answer.message } as const };
    }),
  );
}

/** KJ3 */
async function answersOf({ jobManagers }: Sources, job: StreamJob): Promise<Pick<Known, "stopTrigger" | "preflight">> {
  const status = statusOf(job);
  const { operation } = status;
  const question = questionOf(operation);
  if (question === "stopTrigger" && operation?.from) {
    const target = targetOf(job, operation.from);
    const answer = await ask((signal) => jobManagers.trigger(target, operation.triggerId, signal));
    const isKnown = answer.kind === "answer";
    return {
      stopTrigger: isKnown ? (answer.value ?? { kind: "unknown" }) : { kind: "unreachable", message: answer.message },
      preflight: null,
    };
  }
  const from = question === "preflight" ? preflightRestore(status, validateStreamJob(job)) : null;
  if (from === null || !operation?.to) return { stopTrigger: null, preflight: null };
  const target = targetOf(job, operation.to);
  const answer = await ask((signal) => jobManagers.preflight(target, from, signal));
  return { stopTrigger: null, preflight: answer.kind === "answer" ? answer.value : null };
}

/** The port ends each call by itself (JA1). */
function ask<T>(call: (signal: AbortSignal) => Promise<Answer<T>>): Promise<Answer<T>> {
  return call(new AbortController().signal);
}

function targetOf(job: StreamJob, incarnation: number): JobManagerTarget {
  const { namespace, name } = job.metadata;
  return { namespace, job: name, incarnation, jobId: incarnationJobId(job, incarnation) };
}
