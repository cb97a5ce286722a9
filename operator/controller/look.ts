/**
 * Owns: one look at one StreamJob: observe, decide, apply; and when to look again.
 * Called by: the work queue of a term, never twice at a time for one job.
 *
 * LOOK1 A look ends within its deadline, whatever the API server and JobManagers do: its worker is free for the next then (P-33).
 * LOOK2 What fails is looked at again with a growing delay, what was outdated too: the change that made it so brings a look at once.
 * LOOK3 Polls give way to changes: the more jobs wait for a worker, the later a job that only wants to look again comes back. A thousand
 *     jobs that start together would else keep each other from starting.
 * LOOK5 What was refused is decided upon in the next look, which comes at once when it is news; the refused action itself is tried again
 *     when the memory of refusals says so. What else the plan waits for is looked at as if nothing had been refused.
 * LOOK4 A look begins in a turn of its own: sockets, watches, and the timer that renews the lease get theirs in between. Where API
 *     server and JobManagers are in this process, no look would ever wait for anything else.
 */
import type { StreamJob } from "../../crds/index.ts";
import { AssertionFailure, type Clock, type Log, nextTurn, type Random } from "../../base/index.ts";
import { type ApplyDeps, type ApplyOutcome, apply, type RefusalMemory, releaseOrphan } from "../apply/index.ts";
import { isApiError } from "../kubernetes/api/index.ts";
import { type WorkQueue } from "../kubernetes/machinery/index.ts";
import { type ObserveDeps, observe, orphansOf, storedStatus } from "../observe/index.ts";
import { type Observed, type Plan, type ReconcileSettings, reconcile } from "../reconcile/index.ts";
import type { ControllerMetrics } from "./metrics.ts";
import { measurePlan } from "./plan-figures.ts";
import type { SettledLooks } from "./settled-looks.ts";
import { parseKey } from "./wiring.ts";

export type LookDeps = {
  readonly observe: ObserveDeps;
  readonly apply: ApplyDeps;
  /** The one that `observe` reads and `apply` asks. */
  readonly refusals: RefusalMemory;
  readonly settled: SettledLooks;
  readonly settings: ReconcileSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ControllerMetrics;
  readonly queue: Pick<WorkQueue, "add" | "addAfter" | "retry" | "figures">;
  readonly deadlineMs: number;
  /** Ends writes that are under way when a stopping controller has waited long enough. */
  readonly hardStop: AbortSignal;
  /** That deciding failed: told to people at the object. */
  readonly onFailure: (job: StreamJob, message: string) => void;
};

/** What one look takes of the processor, roughly: who polls waits about as long again as those before it in the queue take. */
const LOOK_MS = 2;
const SPREAD_FROM_MS = 500;
const SPREAD = 0.25;

/** `unchanged`: nothing had to be decided (SLK1). */
type LookOutcome = ApplyOutcome["kind"] | "unchanged" | "gone" | "aborted";

/** `signal` ends with the term or the controller. Errors: whatever observing and deciding threw. */
export async function look(key: string, deps: LookDeps, signal: AbortSignal): Promise<void> {
  const { clock, metrics } = deps;
  const beganMs = clock.monotonicMs();
  const deadline = new AbortController();
  const reason = new Error(`the look at ${key} took longer than ${deps.deadlineMs} ms`);
  const timer = clock.after(deps.deadlineMs, () => deadline.abort(reason));
  let outcome: LookOutcome | "failed" = "failed";
  try {
    await nextTurn();
    outcome = await lookWithin(key, deps, signal, deadline.signal);
  } finally {
    timer.cancel();
    metrics.reconciles.observe({ outcome }, (clock.monotonicMs() - beganMs) / 1000);
    if (outcome === "failed" && !signal.aborted) metrics.retries.inc();
  }
}

async function lookWithin(
  key: string,
  deps: LookDeps,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<LookOutcome> {
  const { queue, metrics, clock } = deps;
  const seen = await observe(parseKey(key), deps.observe, AbortSignal.any([signal, deadline]));
  if (signal.aborted) return "aborted";
  if (seen === null) {
    deps.settled.forget(key);
    return lookForOrphans(key, deps, signal, deadline);
  }
  const wakeAfterMs = seen.news === null ? deps.settled.wakeAfterMs(key, seen.observed) : null;
  if (wakeAfterMs !== null) {
    queue.addAfter(key, pollDelayMs(wakeAfterMs, deps));
    return "unchanged";
  }
  const plan = decide(seen.observed, deps);
  logFailures(key, plan, deps.log);
  logSilence(key, seen.observed, plan, deps.log);
  // A write that has been sent is waited for also when the controller stops: the gate lets no other follow.
  const outcome = await apply(plan, seen.observed, deps.apply, AbortSignal.any([deadline, deps.hardStop]));
  if (outcome.kind === "done" || outcome.kind === "refused") {
    if (seen.news !== null) deps.observe.exceptions.markTold(seen.news);
    lookAfterRefusals(key, seen.observed, outcome, deps);
    if (plan.wakeAfterMs !== null) queue.addAfter(key, pollDelayMs(plan.wakeAfterMs, deps));
    measurePlan(seen.observed, plan, clock.nowMs(), metrics);
  }
  if (outcome.kind === "done") deps.settled.note(key, seen.observed, plan);
  else deps.settled.forget(key);
  if (outcome.kind === "stopped" && outcome.action === "writeStatus") tellUnwritten(seen.observed, outcome, deps);
  retryWhereNeeded(key, outcome, deps);
  return outcome.kind;
}

/** LOOK5. The status is written: what this look was given of refusals has been told. */
function lookAfterRefusals(
  key: string,
  { job, refusals }: Observed,
  outcome: ApplyOutcome & { readonly kind: "done" | "refused" },
  deps: LookDeps,
): void {
  deps.refusals.markTold(job, refusals);
  const { isNews, dueInMs } = deps.refusals.note(job, outcome.kind === "refused" ? outcome.refused : []);
  if (isNews) deps.queue.add(key);
  if (dueInMs === null) return;
  deps.metrics.retries.inc();
  deps.queue.addAfter(key, dueInMs);
}

/** A status that the API server does not take can say nothing itself: an Event has to. */
function tellUnwritten({ job }: Observed, { error, reason }: { error: unknown; reason: string }, deps: LookDeps): void {
  if (!isApiError(error, "Invalid", "BadRequest", "Forbidden")) return;
  deps.onFailure(job, `the API server does not take the status, so nothing is done: ${reason}`);
}

/** There is no such StreamJob: its snapshots may still wait for somebody to let them go (RET3). */
async function lookForOrphans(
  key: string,
  deps: LookDeps,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<LookOutcome> {
  for (const snapshot of orphansOf(parseKey(key), deps.observe)) {
    if (signal.aborted) return "aborted";
    const outcome = await releaseOrphan(snapshot, deps.apply, AbortSignal.any([deadline, deps.hardStop]));
    retryWhereNeeded(key, outcome, deps);
    if (outcome.kind !== "done") return outcome.kind;
  }
  return "gone";
}

function retryWhereNeeded(key: string, { kind }: ApplyOutcome, { metrics, queue }: LookDeps): void {
  if (kind !== "outdated" && kind !== "stopped") return;
  metrics.retries.inc();
  queue.retry(key);
}

/** With the stack, which no status has; once for each status that tells of it. */
function logFailures(key: string, { failures = [], status }: Plan, log: Log): void {
  for (const { part, error } of failures) {
    if (status === null) log.debug({ job: key, part, err: error }, "a part of the decision failed");
    else log.error({ job: key, part, err: error }, "a part of the decision failed");
  }
}

/** Why JobManagers do not answer differs from poll to poll; the status only says that they do not, and does not change with it. */
function logSilence(key: string, { job, incarnations }: Observed, plan: Plan, log: Log): void {
  const status = plan.status ?? storedStatus(job);
  const named = new Set([status?.active?.incarnation, status?.operation?.from, status?.operation?.to]);
  for (const { number, jobManager } of incarnations) {
    if (jobManager.kind !== "unreachable" || !named.has(number)) continue;
    const facts = { job: key, incarnation: number, reason: jobManager.message };
    if (plan.status === null) log.debug(facts, "a JobManager does not answer");
    else log.info(facts, "a JobManager does not answer");
  }
}

/** LOOK3. Slow polls come a little earlier each time by chance, so that jobs that began together do not stay together. */
function pollDelayMs(wantedMs: number, { queue, random }: LookDeps): number {
  const spreadMs = wantedMs < SPREAD_FROM_MS ? wantedMs : wantedMs * (1 - SPREAD * random.next());
  return spreadMs + queue.figures().depth * LOOK_MS;
}

function decide(observed: Observed, { settings, clock, onFailure }: LookDeps): Plan {
  try {
    return reconcile(observed, settings, clock.nowMs());
  } catch (error) {
    const what =
      error instanceof AssertionFailure ? "a defect of the operator, please report it" : "it cannot be decided upon";
    onFailure(observed.job, `${what}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}
