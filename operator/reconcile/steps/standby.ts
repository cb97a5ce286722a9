/**
 * Owns: step Standby: the new incarnation's pods start, load the job and wait; what ran before runs on.
 *
 * STAN1 A job that cannot even be loaded never costs the running one anything: it is refused here.
 * STAN2 When nothing runs any more (cold), pods that do not come within `deployTimeout` are a failed version (P-25).
 * STAN3 What is on its way out is not let run: it is waited for and made anew (P-19). Pods without their StatefulSet are.
 * STAN4 `deployTimeout` counts from when the StatefulSets are there, and once more while the API server takes them not: an operator that
 *     was away meanwhile is no fault of the version.
 * STAN5 What the API server refuses to make is said with its words, at once (refusals.ts), and waited for: a quota or a policy may change.
 *     With nothing running any more it is a failed version after `deployTimeout`, like pods that do not come.
 */
import { type KubernetesObject, parseTime } from "../../../crds/index.ts";
import { refuseTarget, rollbackRevision } from "../operation/failure.ts";
import { hasTouchedOld } from "../operation/operation.ts";
import { standbyTrouble } from "../facts/pod-trouble.ts";
import type { ObservedIncarnation } from "../facts/observed.ts";
import { refusedByApi } from "../actions/refusals.ts";
import { done, entering, type Step, type StepContext, type StepOutcome, waiting } from "./step.ts";

const POLL_MS = 100;
const SLOW_POLL_MS = 1000;
/** From then on it is looked at less often. */
const QUICK_MS = 30_000;

export const standby: Step = {
  enter: entering("Standby", "the new pods start and wait"),
  advance,
  keeps: { to: true },
  isStuck: ({ next: { view } }) => view.kind !== "answering" || view.incarnation.phase === "refused",
};

function advance(context: StepContext): StepOutcome {
  const { draft, situation, operation, version } = context;
  const incarnation = context.next.objects;
  if (version === null) {
    const message = `the revision ${operation.revision} is gone; apply the manifest again`;
    draft.stalled = { reason: "RevisionLost", message };
    draft.wait(message, SLOW_POLL_MS);
    return waiting;
  }
  const { taskManager, upgrade } = version.spec;
  const wanted = taskManager.replicas;
  const pollMs = draft.nowMs - parseTime(operation.stepSince) < QUICK_MS ? POLL_MS : SLOW_POLL_MS;
  const refused = refusedByApi(situation.observed)?.message ?? null;
  if (incarnation === null && refused === null) {
    const [earlier] = situation.observed.earlierPods.get(operation.to ?? 0) ?? [];
    // CHI5
    const why =
      earlier === undefined ? "" : `: waiting for pod ${earlier} of an earlier StreamJob of the same name to go`;
    draft.wait(`creating incarnation ${operation.to}${why}`, pollMs);
    return waiting;
  }
  if (incarnation === null) return notMade(context, refused ?? "", upgrade.deployTimeoutMs);
  const waitedMs = draft.nowMs - waitedSinceMs(context, incarnation, upgrade.deployTimeoutMs);
  const { jobManager } = incarnation;
  const leaving = nameOfLeaving(incarnation);
  if (jobManager.kind === "answering") {
    const { phase, error, taskManagersReady } = jobManager.incarnation;
    if (phase === "refused") return refuseTarget(context, error?.message ?? "the JobManager gives no reason");
    // Activated by an operator that died before it could say so.
    if (phase === "activating" || phase === "active" || phase === "ended") return done;
    if (phase === "standby" && taskManagersReady >= wanted && isWhole(incarnation) && leaving === null) return done;
  }
  const trouble =
    leaving === null
      ? standbyTrouble(incarnation.pods)
      : `${leaving} is being deleted; it is created again when it is gone`;
  const problem =
    trouble ?? refused ?? (jobManager.kind === "answering" ? (jobManager.incarnation.error?.message ?? null) : null);
  const progress =
    jobManager.kind === "answering"
      ? `${jobManager.incarnation.taskManagersReady} of ${wanted} TaskManagers of incarnation ${operation.to} are ready`
      : `the JobManager of incarnation ${operation.to} is starting`;
  // One that ends again and again answers in between: what it answers is no progress.
  const story = trouble === null ? progress : `incarnation ${operation.to} is not ready`;
  draft.wait(problem === null ? story : `${story}: ${problem}`, pollMs);
  const isLate = waitedMs > upgrade.deployTimeoutMs;
  if (trouble !== null || isLate) {
    const message = `incarnation ${operation.to} is not ready${problem === null ? "" : `: ${problem}`}`;
    if (isLate && mayGoBack(context)) return refuseTarget(context, message);
    draft.blocked = { reason: "NotReady", message };
    // With nothing running before it, nothing runs at all.
    if (operation.from === null || isLate) {
      draft.stalled = { reason: "NotReady", message: `${message}; correct the manifest and apply it again` };
    }
  }
  return waiting;
}

/** STAN5 */
function notMade(context: StepContext, refused: string, limitMs: number): StepOutcome {
  const { draft, operation } = context;
  draft.wait(`incarnation ${operation.to} cannot be created: ${refused}`, SLOW_POLL_MS);
  const isLate = draft.nowMs - parseTime(operation.missingSince ?? operation.stepSince) > limitMs;
  if (isLate && operation.missingSince === undefined) draft.operation({ missingSince: draft.now });
  else if (isLate && mayGoBack(context)) return refuseTarget(context, refused);
  return waiting;
}

/** STAN4. Since when it is waited for the pods, in epoch milliseconds. */
function waitedSinceMs({ draft, operation }: StepContext, incarnation: ObservedIncarnation, limitMs: number): number {
  const since = parseTime(operation.missingSince ?? operation.stepSince);
  if (!isWhole(incarnation)) {
    if (draft.nowMs - since <= limitMs || operation.missingSince !== undefined) return since;
    draft.operation({ missingSince: draft.now });
    return draft.nowMs;
  }
  const sets = [incarnation.jobManagerSet, incarnation.taskManagerSet];
  return Math.max(since, ...sets.map((set) => parseTime(set?.metadata.creationTimestamp ?? operation.stepSince)));
}

/** Both of its StatefulSets are there. */
function isWhole({ jobManagerSet, taskManagerSet }: ObservedIncarnation): boolean {
  return jobManagerSet !== null && taskManagerSet !== null;
}

/** STAN2, FA4 */
function mayGoBack({ draft, situation, operation }: StepContext): boolean {
  if (operation.kind === "rollback" || !hasTouchedOld(operation, draft.status.active)) return false;
  return rollbackRevision(situation, draft.status.stable?.revision, operation.revision) !== null;
}

/** STAN3. Something of it that is being deleted; null: nothing is. */
function nameOfLeaving({
  configMap,
  service,
  jobManagerSet,
  taskManagerSet,
  pods,
}: ObservedIncarnation): string | null {
  const objects: readonly (KubernetesObject | null)[] = [configMap, service, jobManagerSet, taskManagerSet, ...pods];
  const leaving = objects.find((object) => object?.metadata.deletionTimestamp !== undefined);
  return leaving === undefined || leaving === null ? null : `${leaving.kind} ${leaving.metadata.name}`;
}
