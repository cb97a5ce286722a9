/**
 * Owns: one look at one StreamJob: observe, decide, apply; and when to look again.
 * Called by: the work queue of a term, never twice at a time for one job.
 *
 * LO1 A look ends within its deadline, whatever the API server and JobManagers do: its worker is free for the next then (S33).
 * LO2 What fails is looked at again with a growing delay, what was outdated too: the change that made it so brings a look at once.
 * LO3 Polls give way to changes: the more jobs wait for a worker, the later a job that only wants to look again comes back. A thousand
 *     jobs that start together would else keep each other from starting.
 * LO4 A look begins in a turn of its own: sockets, watches, and the timer that renews the lease get theirs in between. Where API
 *     server and JobManagers are in this process, no look would ever wait for anything else.
 */
import type { StreamJob } from "../../crds/index.ts";
import { AssertionFailure, type Clock, type Log, nextTurn, type Random } from "../../runtime/base/index.ts";
import { type ApplyDeps, type ApplyOutcome, apply, releaseOrphan } from "../apply/index.ts";
import type { WorkQueue } from "../kubernetes/index.ts";
import { type ObserveDeps, observe, orphansOf, storedStatus } from "../observe/index.ts";
import { type Observed, type Plan, type ReconcileSettings, reconcile } from "../reconcile/index.ts";
import type { ControllerMetrics } from "./metrics.ts";
import { measurePlan } from "./plan-figures.ts";
import { parseKey } from "./wiring.ts";

export type LookDeps = {
  readonly observe: ObserveDeps;
  readonly apply: ApplyDeps;
  readonly settings: ReconcileSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ControllerMetrics;
  readonly queue: Pick<WorkQueue, "addAfter" | "retry" | "figures">;
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

type LookOutcome = ApplyOutcome["kind"] | "gone" | "aborted";

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
  if (seen === null) return lookForOrphans(key, deps, signal, deadline);
  const plan = decide(seen.observed, deps);
  logSilence(key, seen.observed, plan, deps.log);
  // A write that has been sent is waited for also when the controller stops: the gate lets no other follow.
  const outcome = await apply(plan, seen.observed, deps.apply, AbortSignal.any([deadline, deps.hardStop]));
  if (outcome.kind === "done") {
    if (seen.news !== null) deps.observe.exceptions.markTold(seen.news);
    if (plan.wakeAfterMs !== null) queue.addAfter(key, pollDelayMs(plan.wakeAfterMs, deps));
    measurePlan(seen.observed, plan, clock.nowMs(), metrics);
  }
  retryWhereNeeded(key, outcome, deps);
  return outcome.kind;
}

/** There is no such StreamJob: its snapshots may still wait for somebody to let them go (RT3). */
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

/** Why JobManagers do not answer differs from poll to poll; the status only says that they do not, and does not change with it. */
function logSilence(key: string, { job, incarnations }: Observed, plan: Plan, log: Log): void {
  const status = plan.status ?? storedStatus(job);
  const named = new Set([status?.active?.incarnation, status?.upgrade?.from, status?.upgrade?.to]);
  for (const { number, jobManager } of incarnations) {
    if (jobManager.kind !== "unreachable" || !named.has(number)) continue;
    const facts = { job: key, incarnation: number, why: jobManager.message };
    if (plan.status === null) log.debug(facts, "a JobManager does not answer");
    else log.info(facts, "a JobManager does not answer");
  }
}

/** LO3. Slow polls come a little earlier each time by chance, so that jobs that began together do not stay together. */
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
