/**
 * Owns: who of several operators leads, by a Lease; and until when this one may write.
 * Not here: refusing writes (write-gate.ts). Called by: the controller's start. After client-go's leaderelection.
 *
 * LE1 Nobody's clock is compared with another's. That a holder is gone is judged by the local monotonic time since its record was last
 *     seen to change; the times in the record are for people.
 * LE2 A term's gate is open until renewDeadline after the last successful renewal *was sent*. Others take over no sooner than
 *     leaseDuration after they saw it. The gate reads the clock when asked, and what it once refused stays refused: a process that was
 *     stopped and goes on, or whose timers are late, cannot write (P-32).
 * LE3 Every write of the record is bound to the resourceVersion that was judged: of two who try, one gets Conflict.
 * LE4 A renewal whose outcome is not known does not extend the term; the next try reads back first.
 * LE5 `stop` shuts the gate first and gives the lease back then, so that the next one need not wait.
 * LE6 A new term is never the continuation of an old one, even if nobody led in between: what was decided in the old one is void.
 */
import { assert, type Clock, type Log, type Random } from "../../../base/index.ts";
import {
  ApiError,
  type CallOptions,
  isApiError,
  type KubernetesApi,
  type Lease,
  microTime,
  type ObjectKey,
} from "../api/index.ts";
import { callWithin, pause } from "./waiting.ts";
import type { GateAnswer, WriteGate } from "./write-gate.ts";

export type LeaseElectorOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lease: ObjectKey;
  /** Unique per process: a pod's name is not, its container may be started again. */
  readonly identity: string;
  /** How long others wait for a holder that no longer renews. Default 15 000; told to them in whole seconds, rounded up. */
  readonly leaseDurationMs?: number;
  /** How long after its last renewal a holder may write. Below leaseDuration. Default 10 000. */
  readonly renewDeadlineMs?: number;
  /** Between two tries. Default 2000. */
  readonly retryPeriodMs?: number;
};

/** A term of leading: from winning the lease to losing it. */
export type Leadership = {
  /** Rises with each change of the holder, whoever it is. */
  readonly transitions: number;
  /** Ends with the term, as soon as the process notices. What must not be late asks the gate. */
  readonly signal: AbortSignal;
  /** Of this term alone: it never opens again. */
  readonly gate: WriteGate;
};

/** A holder is believed to renew within this time, whatever its record says. */
const LEASE_SECONDS_MAX = 3600;

type Term = {
  readonly leadership: Leadership;
  readonly ending: AbortController;
  lease: Lease;
  validUntilMs: number;
  /** Whether `lease` is what the server has, as far as is known (LE4). */
  isCertain: boolean;
  shutReason: string | null;
};

type Waiter = { resolve(leadership: Leadership): void; reject(reason: unknown): void };

type Observed = { readonly resourceVersion: string | undefined; readonly sinceMs: number };

export class LeaseElector {
  readonly #options: LeaseElectorOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #term: Term | null = null;
  #observed: Observed | null = null;
  #holder: string | null = null;
  #hasLed = false;
  #run: Promise<void> | null = null;

  constructor(options: LeaseElectorOptions) {
    const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2000, identity } = options;
    assert(identity !== "", "an elector needs an identity");
    assert(leaseDurationMs > renewDeadlineMs, "leaseDuration must be longer than renewDeadline");
    assert(renewDeadlineMs > retryPeriodMs * 1.2, "renewDeadline must be longer than 1.2 × retryPeriod");
    this.#options = options;
    this.#leaseDurationMs = leaseDurationMs;
    this.#renewDeadlineMs = renewDeadlineMs;
    this.#retryPeriodMs = retryPeriodMs;
  }

  /** Begins to stand for election; once. It stands again after each term, until `stop`. */
  start(): void {
    assert(this.#run === null, "the elector was started before");
    this.#run = this.#stand();
  }

  /** Ends the term, if there is one, and gives the lease back. End what writes before: from here on it is refused. */
  async stop(): Promise<void> {
    const term = this.#term;
    if (term !== null) this.#end(term, "the operator is stopping");
    const reason = new ApiError("Unavailable", "the elector was stopped");
    this.#stopping.abort(reason);
    for (const waiter of this.#waiters) waiter.reject(reason);
    await this.#run;
    // Also when the term was lost for want of renewals: the record may still be ours.
    if (this.#hasLed) await this.#release();
  }

  get isLeading(): boolean {
    return this.writeGate.ask().kind === "open";
  }

  /** Who holds the lease as far as was seen; null: nobody. */
  get holder(): string | null {
    return this.#holder;
  }

  /** The gate of whatever term is the present one. Work that belongs to one term asks that term's own gate (LE6). */
  readonly writeGate: WriteGate = {
    ask: () => this.#term?.leadership.gate.ask() ?? { kind: "shut", reason: "this process does not hold the lease" },
  };

  /** Resolves with the present term, or the next one. Errors: the signal's reason; Unavailable when the elector is stopped. */
  whenLeading(signal?: AbortSignal): Promise<Leadership> {
    const ended = [signal, this.#stopping.signal].find((each) => each?.aborted === true);
    if (ended !== undefined) return Promise.reject(ended.reason);
    if (this.#term !== null && this.isLeading) return Promise.resolve(this.#term.leadership);
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = (): void => done(() => reject(signal?.reason));
      const waiter: Waiter = {
        resolve: (leadership) => done(() => resolve(leadership)),
        reject: (reason) => done(() => reject(reason)),
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort);
    });
  }

  async #stand(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const term = await this.#tryToAcquire();
      if (term !== null && !signal.aborted) await this.#lead(term);
      if (signal.aborted) return;
      // Jitter, so that candidates do not come in step.
      await pause(this.#options.clock, this.#retryPeriodMs * (1 + this.#options.random.next() * 0.2), signal);
    }
  }

  /** One try to become the holder; null: not this time. Never rejects. */
  async #tryToAcquire(): Promise<Term | null> {
    const { clock, log, api, lease: key } = this.#options;
    try {
      const timeoutMs = this.#renewDeadlineMs / 2;
      const found = await this.#call("get", timeoutMs, (options) => api.get("Lease", key, options));
      this.#observe(found);
      if (found !== null && !this.#isFree(found)) return null;
      const sentMs = clock.monotonicMs();
      const wanted = this.#record(found);
      const lease = await this.#call("take", timeoutMs, (options) =>
        found === null ? api.create("Lease", wanted, options) : api.update("Lease", wanted, options),
      );
      this.#observe(lease);
      return this.#begin(lease, sentMs);
    } catch (error) {
      const isRace = isApiError(error, "Conflict", "AlreadyExists");
      if (isRace) log.debug({ lease: key }, "another instance took the lease first");
      else if (!this.#stopping.signal.aborted) log.warn({ lease: key, err: error }, "could not stand for election");
      return null;
    }
  }

  /** Renews until the term is over. Never rejects. */
  async #lead(term: Term): Promise<void> {
    const { clock, log, lease: key } = this.#options;
    const { signal } = term.ending;
    let isAtOnce = false;
    while (this.#leftMs(term) > 0) {
      await pause(clock, isAtOnce ? 0 : Math.min(this.#retryPeriodMs, this.#leftMs(term)), signal);
      if (signal.aborted) return;
      if (this.#leftMs(term) <= 0) break;
      try {
        await this.#renew(term);
        isAtOnce = false;
      } catch (error) {
        if (signal.aborted) return;
        // Someone wrote the record: whether it is still ours has to be known now. Once, or two writers could go in a circle.
        isAtOnce = !isAtOnce && isApiError(error, "Conflict");
        term.isCertain = false;
        log.warn({ lease: key, err: error, leftMs: Math.round(this.#leftMs(term)) }, "could not renew the lease");
      }
      if (signal.aborted) return;
    }
    this.#end(term, `the lease was not renewed for ${this.#renewDeadlineMs} ms`);
  }

  async #renew(term: Term): Promise<void> {
    const { clock, api, lease: key, identity } = this.#options;
    const timeoutMs = (): number => Math.min(this.#leftMs(term), this.#renewDeadlineMs / 2);
    if (!term.isCertain) {
      const found = await this.#call("get", timeoutMs(), (options) => api.get("Lease", key, options));
      this.#observe(found);
      if (found === null || found.spec.holderIdentity !== identity) {
        this.#end(term, `the lease was taken by ${found?.spec.holderIdentity || "nobody: it was deleted or released"}`);
        return;
      }
      term.lease = found;
    }
    const sentMs = clock.monotonicMs();
    const wanted = this.#record(term.lease);
    const lease = await this.#call("renew", timeoutMs(), (options) => api.update("Lease", wanted, options));
    // The deadline may have passed while the answer was on its way, or while this process stood still (LE2).
    if (this.#leftMs(term) <= 0 || term.ending.signal.aborted) return;
    this.#observe(lease);
    term.lease = lease;
    term.isCertain = true;
    term.validUntilMs = sentMs + this.#renewDeadlineMs;
  }

  #begin(lease: Lease, sentMs: number): Term | null {
    const { log, lease: key, identity } = this.#options;
    const ending = new AbortController();
    const transitions = lease.spec.leaseTransitions ?? 0;
    const gate: WriteGate = { ask: () => this.#ask(term) };
    const term: Term = {
      leadership: { transitions, signal: ending.signal, gate },
      ending,
      lease,
      validUntilMs: sentMs + this.#renewDeadlineMs,
      isCertain: true,
      shutReason: null,
    };
    if (this.#leftMs(term) <= 0 || this.#stopping.signal.aborted) return null;
    this.#term = term;
    this.#hasLed = true;
    log.info({ lease: key, identity, transitions }, "leading");
    for (const waiter of this.#waiters) waiter.resolve(term.leadership);
    return term;
  }

  #ask(term: Term): GateAnswer {
    if (term.shutReason === null && this.#leftMs(term) <= 0) {
      term.shutReason = `the lease was not renewed for ${this.#renewDeadlineMs} ms`;
    }
    return term.shutReason === null ? { kind: "open" } : { kind: "shut", reason: term.shutReason };
  }

  #end(term: Term, reason: string): void {
    const { log, lease: key, identity } = this.#options;
    term.shutReason ??= reason;
    if (this.#term !== term) return;
    this.#term = null;
    log.info({ lease: key, identity, reason }, "no longer leading");
    term.ending.abort(new ApiError("Forbidden", `the term is over: ${reason}`));
  }

  /** Reads back first: a renewal may have been under way when the term was ended. Never rejects. */
  async #release(): Promise<void> {
    const { clock, api, log, lease: key, identity } = this.#options;
    const limits = { clock, timeoutMs: this.#retryPeriodMs, what: `release Lease ${key.namespace}/${key.name}` };
    try {
      await callWithin(limits, async (signal) => {
        const found = await api.get("Lease", key, { signal });
        if (found?.spec.holderIdentity !== identity) return;
        const renewTime = microTime(clock.nowMs());
        const spec = { ...found.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime };
        await api.update("Lease", { ...found, spec }, { signal });
        this.#holder = null;
      });
    } catch (error) {
      log.warn({ lease: key, err: error }, "could not give the lease back; the next operator waits until it expires");
    }
  }

  /** What this process would write over `found`. */
  #record(found: Lease | null): Lease {
    const { clock, lease: key, identity } = this.#options;
    const now = microTime(clock.nowMs());
    const isOurs = found?.spec.holderIdentity === identity;
    const transitions = found?.spec.leaseTransitions ?? 0;
    return {
      ...(found ?? { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: key }),
      spec: {
        ...found?.spec,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
        acquireTime: isOurs ? (found.spec.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: found === null || isOurs ? transitions : transitions + 1,
      },
    };
  }

  /** Remembers since when the record is as it is (LE1). */
  #observe(lease: Lease | null): void {
    this.#holder = lease?.spec.holderIdentity || null;
    const resourceVersion = lease?.metadata.resourceVersion;
    if (this.#observed !== null && this.#observed.resourceVersion === resourceVersion) return;
    this.#observed = { resourceVersion, sinceMs: this.#options.clock.monotonicMs() };
  }

  #isFree(lease: Lease): boolean {
    const { holderIdentity = "", leaseDurationSeconds } = lease.spec;
    if (holderIdentity === "" || holderIdentity === this.#options.identity) return true;
    const promisedMs = Math.min(leaseDurationSeconds ?? 0, LEASE_SECONDS_MAX) * 1000;
    const observed = this.#observed as Observed;
    return this.#options.clock.monotonicMs() - observed.sinceMs >= Math.max(promisedMs, this.#leaseDurationMs);
  }

  #leftMs(term: Term): number {
    return term.validUntilMs - this.#options.clock.monotonicMs();
  }

  #call<T>(verb: string, timeoutMs: number, call: (options: CallOptions) => Promise<T>): Promise<T> {
    const { clock, lease: key } = this.#options;
    const { signal } = this.#stopping;
    const what = `${verb} Lease ${key.namespace}/${key.name}`;
    return callWithin({ clock, timeoutMs, signal, what }, (inner) => call({ signal: inner }));
  }
}
