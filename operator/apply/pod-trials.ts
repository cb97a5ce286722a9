/**
 * Owns: when it is asked about a pod that is missing whether the API server would take it (MIP1).
 * Called by: apply, for each such action of a plan.
 *
 * PDT1 Not before it has been missing for PATIENCE_MS: a StatefulSet makes its pods within moments, and most are never asked about.
 * PDT2 What the API server would take is asked about again only after AGAIN_MS: the StatefulSet makes it when it tries next. What it
 *     would not take is tried as any refused action (REM2).
 * PDT3 Bounded: a pod that no plan has asked about for a while is forgotten.
 */
import type { Clock } from "../../base/index.ts";
import type { Pod } from "../kubernetes/api/index.ts";

const PATIENCE_MS = 5000;
const AGAIN_MS = 30_000;
/** Longer than between two looks, and than a refusal waits. */
const FORGOTTEN_MS = 90_000;

type Trial = { readonly dueMs: number; readonly plannedMs: number };

export class PodTrials {
  readonly #clock: Clock;
  readonly #trials = new Map<string, Trial>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A plan wants to know of it. */
  isDue(pod: Pod): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { plannedMs }] of this.#trials) {
      if (nowMs - plannedMs > FORGOTTEN_MS) this.#trials.delete(key);
    }
    const { dueMs } = this.#trials.get(keyOf(pod)) ?? { dueMs: nowMs + PATIENCE_MS };
    this.#trials.set(keyOf(pod), { dueMs, plannedMs: nowMs });
    return nowMs >= dueMs;
  }

  noteAccepted(pod: Pod): void {
    const nowMs = this.#clock.monotonicMs();
    this.#trials.set(keyOf(pod), { dueMs: nowMs + AGAIN_MS, plannedMs: nowMs });
  }
}

/** Of one StatefulSet: its successor of the same name has its own. */
const keyOf = ({ metadata: { name, ownerReferences } }: Pod): string => `${ownerReferences?.[0]?.uid}/${name}`;
