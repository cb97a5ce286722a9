/**
 * Owns: what is asked of a StreamJob's JobManagers in one look, and the answers as values.
 * Not here: the calls (operator/jobmanager), what follows from answers (operator/reconcile).
 *
 * JOV1 Asked are at most the incarnations that the status names (active, from, to), all at once, under one deadline: a JobManager that
 *     hangs costs that time once (P-33).
 * JOV2 No pod is `absent`; a pod that was not asked or does not answer is `unreachable` (OB1).
 * JOV3 A trigger, a preflight or a disposal is asked about only while the status or an object says that one is open.
 */
import {
  CLEANUP_FINALIZER,
  COMPONENT_LABEL,
  JOB_MANAGER_COMPONENT,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobStatus,
} from "../../crds/index.ts";
import {
  type Answer,
  isForGood,
  disposalTriggerId,
  type JobManagerApi,
  type JobManagerTarget,
  type TriggerState,
} from "../engine/index.ts";
import {
  type DisposalView,
  incarnationJobId,
  type JobManagerView,
  type Observed,
  preflightRestore,
  questionOf,
  readSnapshotStatusOf,
  type TriggerView,
} from "../reconcile/index.ts";
import type { IncarnationObjects } from "./children.ts";
import type { ExceptionMemory, ExceptionNews } from "./exception-memory.ts";
import { verdictOf } from "./stored-status.ts";

export type Asking = {
  readonly job: StreamJob;
  readonly status: StreamJobStatus;
  readonly incarnations: readonly IncarnationObjects[];
  readonly snapshots: readonly StreamJobSnapshot[];
  readonly jobManagers: JobManagerApi;
  readonly exceptions: ExceptionMemory;
  readonly signal: AbortSignal;
};

export type JobManagerViews = {
  readonly byIncarnation: ReadonlyMap<number, JobManagerView>;
  readonly stopTrigger: TriggerView | null;
  readonly savepointTrigger: TriggerView | null;
  readonly preflight: Observed["preflight"];
  readonly disposals: Readonly<Record<string, DisposalView>>;
  readonly collection: DisposalView | null;
  readonly news: ExceptionNews | null;
};

const noPod = { kind: "unreachable", message: "its JobManager has no pod" } as const;

/** Asks all that is to be asked. Never rejects. */
export async function askJobManagers(asking: Asking): Promise<JobManagerViews> {
  const { status, incarnations } = asking;
  const { active, operation, savepoint } = status;
  const question = questionOf(operation);
  const named = new Set([active?.incarnation, operation?.from, operation?.to]);
  const [answers, stopTrigger, savepointTrigger, preflight, disposals, collection] = await Promise.all([
    Promise.all(
      incarnations.map((each) =>
        named.has(each.number) ? askIncarnation(asking, each) : Promise.resolve(unasked(each)),
      ),
    ),
    operation !== undefined && question === "stopTrigger"
      ? askTrigger(asking, operation.from, operation.triggerId)
      : null,
    savepoint === undefined ? null : askTrigger(asking, active?.incarnation ?? null, savepoint.triggerId),
    question === "preflight" ? askPreflight(asking) : null,
    askDisposals(asking),
    askCollection(asking),
  ]);
  return {
    byIncarnation: new Map(incarnations.map(({ number }, index) => [number, answers[index]?.view ?? noPod])),
    stopTrigger,
    savepointTrigger,
    preflight,
    disposals,
    collection,
    news: answers.find(({ news }) => news !== null)?.news ?? null,
  };
}

type IncarnationAnswer = { readonly view: JobManagerView; readonly news: ExceptionNews | null };

const seen = (view: JobManagerView): IncarnationAnswer => ({ view, news: null });

async function askIncarnation(asking: Asking, incarnation: IncarnationObjects): Promise<IncarnationAnswer> {
  const { job, status, jobManagers, exceptions, signal } = asking;
  if (!hasJobManagerPod(incarnation)) return seen({ kind: "absent" });
  const target = targetOf(job, incarnation.number);
  const answer = await jobManagers.incarnation(target, signal);
  // It is there and says no, as while it starts: what it does is not known.
  if (answer.kind === "refused") return seen(refusedView(answer));
  if (answer.kind === "unreachable") return seen(answer);
  const view: JobManagerView = { kind: "answering", incarnation: answer.value };
  const isActive = incarnation.number === status.active?.incarnation;
  const trouble = isActive ? exceptions.newTrouble(answer.value) : null;
  if (trouble === null) return seen(view);
  const told = await jobManagers.exceptions(target, signal);
  return { view, news: told.kind === "answer" ? exceptions.news(target.jobId, trouble, told.value) : null };
}

const refusedView = ({ status, message }: { readonly status: number; readonly message: string }) =>
  ({ kind: "unreachable", message: `it answers ${status}: ${message}` }) as const;

/** Of an incarnation that no question is about. */
function unasked(incarnation: IncarnationObjects): IncarnationAnswer {
  if (!hasJobManagerPod(incarnation)) return seen({ kind: "absent" });
  return seen({ kind: "unreachable", message: "it was not asked: the status does not name this incarnation" });
}

/** A pod that has ended for good answers no more, whatever its object's age. */
function hasJobManagerPod({ pods }: IncarnationObjects): boolean {
  return pods.some(
    ({ metadata, status }) =>
      metadata.labels?.[COMPONENT_LABEL] === JOB_MANAGER_COMPONENT &&
      status?.phase !== "Succeeded" &&
      status?.phase !== "Failed",
  );
}

function targetOf(job: StreamJob, incarnation: number): JobManagerTarget {
  const { name, namespace } = job.metadata;
  return { namespace, job: name, incarnation, jobId: incarnationJobId(job, incarnation) };
}

async function askTrigger(asking: Asking, number: number | null, triggerId: string): Promise<TriggerView> {
  const incarnation = asking.incarnations.find((each) => each.number === number);
  if (number === null || incarnation === undefined || !hasJobManagerPod(incarnation)) return noPod;
  return triggerView(await asking.jobManagers.trigger(targetOf(asking.job, number), triggerId, asking.signal));
}

function triggerView(answer: Answer<TriggerState | null>): TriggerView {
  if (answer.kind === "answer") return answer.value ?? { kind: "unknown" };
  if (answer.kind === "unreachable") return answer;
  return refusedView(answer);
}

async function askPreflight(asking: Asking): Promise<Observed["preflight"]> {
  const { status, incarnations, job, jobManagers, signal } = asking;
  const from = preflightRestore(status, verdictOf(job));
  const incarnation = incarnations.find(({ number }) => number === status.operation?.to);
  if (from === null || incarnation === undefined || !hasJobManagerPod(incarnation)) return null;
  const answer = await jobManagers.preflight(targetOf(job, incarnation.number), from, signal);
  if (answer.kind === "answer") return answer.value;
  // It does not even take the question: waiting would not change that (P-37).
  if (answer.kind === "refused" && isForGood(answer.status)) {
    return {
      kind: "incompatible",
      reasons: [`its JobManager refuses to check it (${answer.status}): ${answer.message}`],
    };
  }
  return answer.kind === "refused" ? { kind: "unanswered", reason: answer.message } : null;
}

/** Of snapshots that are being deleted together with their files, by name. What nobody could be asked about is not in it. */
async function askDisposals(asking: Asking): Promise<Readonly<Record<string, DisposalView>>> {
  const open = asking.snapshots.flatMap((snapshot) => {
    const { deletionTimestamp, finalizers = [], name } = snapshot.metadata;
    const stored = readSnapshotStatusOf(snapshot);
    const location = stored.kind === "read" ? stored.status.location : undefined;
    const isOpen =
      deletionTimestamp !== undefined &&
      finalizers.includes(CLEANUP_FINALIZER) &&
      snapshot.spec.disposeOnDelete !== false;
    return isOpen && location !== undefined ? [{ name, location }] : [];
  });
  if (open.length === 0) return {};
  const views = await Promise.all(
    open.map(async ({ name, location }) => [name, await askDisposal(asking, disposalTriggerId(location))] as const),
  );
  return Object.fromEntries(views.flatMap(([name, view]) => (view === null ? [] : [[name, view] as const])));
}

/** Of `status.collecting`; null: nobody could be asked, or answered. */
async function askCollection(asking: Asking): Promise<DisposalView | null> {
  const { job, status, incarnations, jobManagers, signal } = asking;
  const { collecting, active } = status;
  const incarnation = incarnations.find(({ number }) => number === active?.incarnation);
  if (collecting === undefined || incarnation === undefined || !hasJobManagerPod(incarnation)) return null;
  const answer = await jobManagers.collection(targetOf(job, incarnation.number), collecting.triggerId, signal);
  if (answer.kind !== "answer") return null;
  return answer.value === null ? { kind: "unknown" } : disposalView(answer.value);
}

function disposalView(state: TriggerState): DisposalView {
  return state.kind === "completed" ? { kind: "done" } : state;
}

/** Any incarnation may have been asked to dispose of it; the first that knows tells. */
async function askDisposal(
  { job, incarnations, jobManagers, signal }: Asking,
  triggerId: string,
): Promise<DisposalView | null> {
  const asked = incarnations.filter(hasJobManagerPod);
  const answers = await Promise.all(
    asked.map(({ number }) => jobManagers.disposal(targetOf(job, number), triggerId, signal)),
  );
  const known = answers.flatMap((answer) =>
    answer.kind === "answer" && answer.value !== null ? [answer.value] : [],
  )[0];
  if (known !== undefined) return disposalView(known);
  return answers.some(({ kind }) => kind === "answer") ? { kind: "unknown" } : null;
}
