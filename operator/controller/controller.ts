/**
 * Owns: the controller as a whole: it stands for election, runs a term while it leads, tells its health and metrics, and ends.
 * Called by: the CLI's operator, the embedded control plane, benches.
 *
 * CT1 Only who leads looks and writes; who waits costs nothing but its tries to get the lease.
 * CT2 When nothing changes it sends no request, but to keep its lease, where there is one.
 * CT3 After `stop` has resolved it writes nothing, calls nobody, and holds neither timers nor sockets.
 */
import type { Registry } from "prom-client";
import { type Endpoints, startEndpoints, type Verdict } from "../../base/endpoints.ts";
import { assert } from "../../base/index.ts";
import { ApiError } from "../kubernetes/api/index.ts";
import { LeaseElector, type WriteGate } from "../kubernetes/machinery/index.ts";
import { storedStatus, watchedKinds } from "../observe/index.ts";
import { type ControllerOptions, limitsOf, type RunningParts } from "./controller-options.ts";
import { measuredApi, measuredJobManagers } from "./measured-ports.ts";
import { createMetrics, type MeasuredState } from "./metrics.ts";
import { startTerm, type Term } from "./term.ts";

export interface Controller {
  /** Where metrics and health are; null: nowhere. */
  readonly port: number | null;
  readonly registry: Registry;
  readonly isLeading: boolean;
  health(): Verdict;
  readiness(): Verdict;
  /** Resolves when it leads and knows all that there is. Errors: Unavailable when it is stopped before. */
  whenSynced(): Promise<void>;
  /** Ends quickly: what was sent is waited for, for a second at most (CT3). */
  stop(): Promise<void>;
}

/** A look that takes this many times its deadline stands still. */
const STUCK_FACTOR = 3;

const alwaysLeading: WriteGate = { ask: () => ({ kind: "open" }) };

/** Errors: StreamError PORT_IN_USE. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const running = new RunningController(options);
  await running.start();
  return running;
}

class RunningController implements Controller {
  readonly registry: Registry;
  readonly #parts: RunningParts;
  readonly #elector: LeaseElector | null;
  readonly #stopping = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  #term: Term | null = null;
  #isSynced = false;
  #endpoints: Endpoints | null = null;
  #run: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  constructor(options: ControllerOptions) {
    const { clock, random, log, election, identity } = options;
    assert(identity !== "", "a controller needs an identity");
    const metrics = createMetrics(() => this.#state());
    this.registry = metrics.registry;
    const api = measuredApi(options.api, metrics);
    const jobManagers = measuredJobManagers(options.jobManagers, metrics);
    this.#parts = { options, limits: limitsOf(options), api, jobManagers, clock, random, log, metrics };
    this.#elector = election === null ? null : new LeaseElector({ api, clock, random, log, identity, ...election });
    this.#firstSync.promise.catch(() => {});
  }

  async start(): Promise<void> {
    const { endpoints } = this.#parts.options;
    if (endpoints !== null) {
      this.#endpoints = await startEndpoints({
        host: endpoints.host ?? "127.0.0.1",
        port: endpoints.port,
        metrics: () => this.registry.metrics(),
        contentType: this.registry.contentType,
        checks: { "/healthz": () => this.health(), "/readyz": () => this.readiness() },
        log: this.#parts.log,
      });
    }
    this.#elector?.start();
    this.#run = this.#leadAgainAndAgain();
  }

  get port(): number | null {
    return this.#endpoints?.port ?? null;
  }

  get isLeading(): boolean {
    return this.#term !== null && (this.#elector?.isLeading ?? true);
  }

  health(): Verdict {
    const { reconcileDeadlineMs } = this.#parts.limits;
    const longestMs = this.#term?.queue.figures().longestRunningMs ?? 0;
    if (longestMs <= STUCK_FACTOR * reconcileDeadlineMs) return { isGood: true, reason: "ok" };
    return { isGood: false, reason: `a look has been running for ${Math.round(longestMs / 1000)} s` };
  }

  readiness(): Verdict {
    if (this.#stopping.signal.aborted) return { isGood: false, reason: "the controller is stopping" };
    if (this.#term === null && this.#elector !== null) return { isGood: true, reason: "waiting for the lease" };
    if (this.#isSynced) return { isGood: true, reason: "leading" };
    const missing = this.#term?.missing() ?? watchedKinds;
    return { isGood: false, reason: `waiting for the first list of ${missing.join(", ")}` };
  }

  whenSynced(): Promise<void> {
    return this.#firstSync.promise;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const reason = new ApiError("Unavailable", "the controller was stopped");
    this.#stopping.abort(reason);
    this.#firstSync.reject(reason);
    // The term ends before the lease is given back: its last writes are this process's own.
    await this.#run;
    await this.#elector?.stop();
    await this.#endpoints?.close();
  }

  async #leadAgainAndAgain(): Promise<void> {
    const { signal } = this.#stopping;
    const { log } = this.#parts;
    while (!signal.aborted) {
      const leadership = await this.#lead(signal);
      if (leadership === null) return;
      const term = startTerm(this.#parts, leadership.gate);
      this.#term = term;
      const ended = whenAborted(AbortSignal.any([signal, leadership.signal]));
      term.whenSynced().then(
        () => {
          if (this.#term !== term || signal.aborted) return;
          this.#isSynced = true;
          this.#firstSync.resolve();
          log.info({ jobs: term.objects.StreamJob.figures().objects }, "the caches are complete; reconciling");
        },
        (error: unknown) => log.info({ err: error }, "the term ended before the first lists were complete"),
      );
      await ended;
      this.#isSynced = false;
      await term.end(signal.aborted ? "the operator is stopping" : "this process no longer leads");
      this.#term = null;
    }
  }

  /** null: the controller was stopped meanwhile. */
  async #lead(signal: AbortSignal): Promise<{ readonly gate: WriteGate; readonly signal: AbortSignal } | null> {
    if (this.#elector === null) return { gate: alwaysLeading, signal };
    try {
      return await this.#elector.whenLeading(signal);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  #state(): MeasuredState {
    const term = this.#term;
    const figures = term?.queue.figures();
    const jobsByPhase = new Map<string, number>();
    for (const job of term?.objects.StreamJob.list() ?? []) {
      const phase = storedStatus(job)?.phase ?? "Unreadable";
      jobsByPhase.set(phase, (jobsByPhase.get(phase) ?? 0) + 1);
    }
    return {
      queueDepth: figures?.depth ?? 0,
      queueDelayed: figures?.delayed ?? 0,
      queueFailing: figures?.failing ?? 0,
      longestReconcileMs: figures?.longestRunningMs ?? 0,
      isLeader: this.isLeading,
      jobsByPhase,
      objectsByKind: new Map(watchedKinds.map((kind) => [kind, term?.objects[kind].figures().objects ?? 0])),
    };
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
