/**
 * Owns: whether and when a job is started again after a failure (RS-1 … RS-4, RS-8). Pure: time and chance are arguments.
 * Not here: which tasks are restarted (scheduler.ts), the defaults (graph: effectiveRestartStrategy).
 * Called by failure-decision.ts once per failure that is not part of one already being handled.
 *
 * RST1 A terminal error fails the job at once, whatever the strategy (RS-8).
 * RST2 fixed-delay(n, d): failures 1 … n restart after d; failure n+1 fails (RS-2).
 * RST3 failure-rate(m, T, d): a failure with m others in the T before it fails (RS-3). Two failures exactly T apart count together.
 * RST4 exponential: a failure up to the moment of a restart already planned joins it and changes nothing (RS-4).
 * RST5 exponential: after `resetAfterMs` without a failure since the last restart, the delay and the count begin anew.
 */
import { type Destiny, unreachable } from "../../../base/index.ts";
import type { RestartStrategy } from "../../graph/index.ts";

/** What a strategy remembers. Times by the monotonic clock. */
export type RestartMemory = {
  /** Failures that led to a restart: all of them, or for failure-rate those that still count. */
  readonly failuresMs: readonly number[];
  readonly attempts: number;
  /** The restart planned last. */
  readonly plannedMs: number | null;
  /** The next exponential delay before jitter; null: the initial one. */
  readonly nextDelayMs: number | null;
};

export const NO_FAILURES: RestartMemory = { failuresMs: [], attempts: 0, plannedMs: null, nextDelayMs: null };

export type Failure = {
  readonly destiny: Destiny;
  readonly nowMs: number;
  /** In [0, 1): decides the jitter. */
  readonly chance: number;
};

export type RestartDecision =
  | { readonly kind: "restart"; readonly atMs: number; readonly delayMs: number; readonly isMerged: boolean }
  /** `reason` completes "the job is not restarted: …". */
  | { readonly kind: "fail"; readonly reason: string };

export type RestartStep = { readonly decision: RestartDecision; readonly memory: RestartMemory };

export function decideRestart(strategy: RestartStrategy, memory: RestartMemory, failure: Failure): RestartStep {
  if (failure.destiny === "terminal") return fail(memory, "the error is one that trying again cannot cure");
  switch (strategy.kind) {
    case "none":
      return fail(memory, "the restart strategy is none");
    case "fixed-delay":
      if (memory.attempts >= strategy.attempts) {
        return fail(memory, `all ${strategy.attempts} attempts of the restart strategy fixed-delay are used up`);
      }
      return restart(memory, failure.nowMs, strategy.delayMs);
    case "failure-rate":
      return decideByRate(strategy, memory, failure);
    case "exponential-delay":
      return decideExponential(strategy, memory, failure);
    default:
      return unreachable(strategy);
  }
}

type FailureRate = Extract<RestartStrategy, { kind: "failure-rate" }>;
type Exponential = Extract<RestartStrategy, { kind: "exponential-delay" }>;

function decideByRate(strategy: FailureRate, memory: RestartMemory, failure: Failure): RestartStep {
  const recent = memory.failuresMs.filter((timeMs) => failure.nowMs - timeMs <= strategy.intervalMs);
  if (recent.length >= strategy.maxFailures) {
    return fail(
      memory,
      `more than ${strategy.maxFailures} failures in ${strategy.intervalMs} ms (restart strategy failure-rate)`,
    );
  }
  return restart({ ...memory, failuresMs: [...recent, failure.nowMs] }, failure.nowMs, strategy.delayMs);
}

function decideExponential(strategy: Exponential, memory: RestartMemory, failure: Failure): RestartStep {
  const { plannedMs } = memory;
  if (plannedMs !== null && failure.nowMs <= plannedMs) {
    const delayMs = plannedMs - failure.nowMs;
    return { decision: { kind: "restart", atMs: plannedMs, delayMs, isMerged: true }, memory };
  }
  const isHealthyAgain = plannedMs !== null && failure.nowMs - plannedMs >= strategy.resetAfterMs;
  const known = isHealthyAgain ? NO_FAILURES : memory;
  if (strategy.attempts !== null && known.attempts >= strategy.attempts) {
    return fail(memory, `all ${strategy.attempts} attempts of the restart strategy exponential-delay are used up`);
  }
  const baseMs = Math.min(strategy.maxMs, known.nextDelayMs ?? strategy.initialMs);
  const jittered = baseMs * (1 + strategy.jitter * (2 * failure.chance - 1));
  const delayMs = Math.round(Math.min(strategy.maxMs, Math.max(0, jittered)));
  const nextDelayMs = Math.min(strategy.maxMs, baseMs * strategy.multiplier);
  return restart({ ...known, nextDelayMs }, failure.nowMs, delayMs);
}

function restart(memory: RestartMemory, nowMs: number, delayMs: number): RestartStep {
  const atMs = nowMs + delayMs;
  return {
    decision: { kind: "restart", atMs, delayMs, isMerged: false },
    memory: { ...memory, attempts: memory.attempts + 1, plannedMs: atMs },
  };
}

function fail(memory: RestartMemory, reason: string): RestartStep {
  return { decision: { kind: "fail", reason }, memory };
}
