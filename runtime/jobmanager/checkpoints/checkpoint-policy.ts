/**
 * Owns: when the next periodic checkpoint may start. Pure; times by the monotonic clock.
 *
 * CHP1 Never before `intervalMs` after the start of the last, nor `minPauseMs` after the END of the last (CK-3).
 * CHP2 Never with `maxConcurrent` in flight: then the end of one, not a time, is waited for (CK-3).
 * CHP3 Failures in a row are borne up to the tolerable number; one success forgets them (CK-5).
 */
import type { CheckpointSettings } from "../../graph/index.ts";

export type TriggerFacts = {
  /** When all tasks began to run together. */
  readonly runningSinceMs: number;
  readonly lastStartMs: number | null;
  readonly lastEndMs: number | null;
  readonly inFlight: number;
};

export type NextTrigger =
  | { readonly kind: "at"; readonly timeMs: number }
  | { readonly kind: "whenOneEnds" }
  /** CK-1 */
  | { readonly kind: "never" };

export function nextTrigger(settings: CheckpointSettings, facts: TriggerFacts): NextTrigger {
  if (settings.intervalMs === null) return { kind: "never" };
  if (facts.inFlight >= settings.maxConcurrent) return { kind: "whenOneEnds" };
  const byInterval =
    Math.max(facts.runningSinceMs, facts.lastStartMs ?? Number.NEGATIVE_INFINITY) + settings.intervalMs;
  const byPause = facts.lastEndMs === null ? byInterval : facts.lastEndMs + settings.minPauseMs;
  return { kind: "at", timeMs: Math.max(byInterval, byPause) };
}

/** Whether `consecutive` counted failures in a row fail the job over. */
export function isBeyondTolerance(settings: CheckpointSettings, consecutive: number): boolean {
  return settings.tolerableFailures !== null && consecutive > settings.tolerableFailures;
}
