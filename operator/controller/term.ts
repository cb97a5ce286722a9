/**
 * Owns: what runs while this process leads: caches, queue, recorder; from winning the lease to losing it.
 * Called by: the controller, once per term.
 *
 * TERM1 A term begins with fresh lists: what an earlier leader wrote is in them, and nothing that was decided before counts (LE6).
 * TERM2 At its end no look begins any more; the one write of each that was sent is waited for, the gate lets none follow (P-32).
 */
import type { StreamJob } from "../../crds/index.ts";
import { type ApplyDeps, PodTrials, RefusalMemory } from "../apply/index.ts";
import { EventRecorder, type GateAnswer, guarded, WorkQueue, type WriteGate } from "../kubernetes/machinery/index.ts";
import { ExceptionMemory, JobLinks, type ObserveDeps } from "../observe/index.ts";
import type { ReconcileSettings } from "../reconcile/index.ts";
import type { ControllerOptions, RunningParts } from "./controller-options.ts";
import { type LookDeps, look } from "./look.ts";
import { SettledLooks } from "./settled-looks.ts";
import { WatchedNamespaces, type WatchedObjectsByKind } from "./watched-namespaces.ts";

/** How long an ended term waits for writes that were sent, and then for Events that wait. */
const WRITE_GRACE_MS = 1000;
const EVENTS_GRACE_MS = 1000;

export type Term = {
  readonly objects: WatchedObjectsByKind;
  /** What has not been listed yet, for people. */
  missing(): string[];
  readonly queue: WorkQueue;
  /** Resolves when the first lists of every namespace are in; in each, work has begun as soon as its own were (WNS1). Errors: Unavailable when the term ended before. */
  whenSynced(): Promise<void>;
  /** Resolves when everything has ended; nothing is written after that. */
  end(reason: string): Promise<void>;
};

export function startTerm(parts: RunningParts, leading: WriteGate): Term {
  const { api, clock, random, log, options } = parts;
  let shut: string | null = null;
  let eventsShut: string | null = null;
  const gateOf = (closed: () => string | null): WriteGate => ({
    ask: (): GateAnswer => {
      const reason = closed();
      return reason === null ? leading.ask() : { kind: "shut", reason };
    },
  });
  const links = new JobLinks();
  const eventGate = gateOf(() => eventsShut);
  const recorder = new EventRecorder({
    api: guarded(api, eventGate),
    clock,
    random,
    log,
    controller: "streamjob.dev/operator",
    instance: options.identity,
  });
  const tell: ApplyDeps["onEvent"] = (object, event) => recorder.record(object, event);
  const hardStop = new AbortController();
  const { workers, backoff } = parts.limits;
  const queue: WorkQueue = new WorkQueue({
    clock,
    random,
    log,
    workers,
    backoff,
    work: (key, signal) => look(key, lookDeps, signal),
  });
  const namespaces = options.namespaces ?? null;
  const watched = new WatchedNamespaces({ api, clock, random, log, namespaces, links, look: (key) => queue.add(key) });
  const { objects } = watched;
  const refusals = new RefusalMemory(clock);
  const observeDeps: ObserveDeps = {
    readers: objects,
    links,
    jobManagers: parts.jobManagers,
    exceptions: new ExceptionMemory(),
    refusals,
    clock,
    log,
    jobManagersDeadlineMs: parts.limits.jobManagersDeadlineMs,
  };
  const applyDeps: ApplyDeps = {
    api,
    caches: objects,
    jobManagers: parts.jobManagers,
    authority: options.certificates?.authority ?? null,
    gate: gateOf(() => shut),
    clock,
    log,
    onEvent: tell,
    refusals,
    podTrials: new PodTrials(clock),
    onAction: (action, outcome) => parts.metrics.actions.inc({ action, outcome }),
    ...(options.reach === undefined ? {} : { reach: options.reach }),
  };
  const lookDeps: LookDeps = {
    observe: observeDeps,
    apply: applyDeps,
    refusals,
    settled: new SettledLooks(clock),
    settings: settingsOf(options),
    clock,
    random,
    log,
    metrics: parts.metrics,
    queue,
    deadlineMs: parts.limits.reconcileDeadlineMs,
    hardStop: hardStop.signal,
    onFailure: (job: StreamJob, note) => tell(job, { type: "Warning", reason: "ReconcileFailed", note }),
  };
  queue.start();
  const synced = watched.start();
  // Whoever waits for it learns of a failure; nobody has to.
  synced.catch(() => {});
  return {
    objects,
    missing: () => watched.missing(),
    queue,
    whenSynced: () => synced,
    async end(reason) {
      shut = reason;
      const grace = clock.after(WRITE_GRACE_MS, () => hardStop.abort(new Error(reason)));
      const eventsGrace = clock.after(WRITE_GRACE_MS + EVENTS_GRACE_MS, () => {
        eventsShut = reason;
      });
      await Promise.all([queue.stop(), watched.stop()]);
      await recorder.stop();
      grace.cancel();
      eventsGrace.cancel();
    },
  };
}

function settingsOf({ settings, certificates = null }: ControllerOptions): ReconcileSettings {
  if (certificates === null) return settings;
  const { authority, policy } = certificates;
  return { ...settings, certificates: { roots: authority.roots, policy } };
}
