/**
 * Owns: whether a look sees what the one before it saw, so that nothing can follow from it. Jobs that run undisturbed are asked how they
 * are; nothing is decided about them over and over.
 * Called by: look.ts.
 *
 * SLK1 Only after a plan with nothing to do that was carried out: what it decided is what would be decided again.
 * SLK2 What the clock decides is decided in time: when the plan waits for it, and at the latest after DECIDE_EVERY_MS.
 * SLK3 Objects are compared by identity: caches give the same one until it changes (KA1). All else is compared by content. One more
 *     checkpoint is no difference: what follows from it has time until SLK2.
 */
import type { Clock } from "../../base/index.ts";
import type { Observed, Plan } from "../reconcile/index.ts";

/** SLK2. What is late, or older than it may be, is known that much later at most. */
const DECIDE_EVERY_MS = 30_000;
/** SLK3. Members of what a JobManager tells that move on by themselves. */
const advancing: ReadonlySet<string> = new Set(["lastCheckpoint", "completedCheckpoints"]);

type Settled = { readonly observed: Observed; readonly wakeAfterMs: number; readonly untilMs: number };

export class SettledLooks {
  readonly #clock: Clock;
  readonly #settled = new Map<string, Settled>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When to look again; null: something has to be decided. */
  wakeAfterMs(key: string, observed: Observed): number | null {
    const settled = this.#settled.get(key);
    if (settled === undefined) return null;
    const leftMs = settled.untilMs - this.#clock.monotonicMs();
    if (leftMs <= 0 || !isSame(settled.observed, observed)) {
      this.#settled.delete(key);
      return null;
    }
    return Math.min(settled.wakeAfterMs, leftMs);
  }

  /** The plan has been carried out. */
  note(
    key: string,
    observed: Observed,
    { status, actions, events, failures = [], wakeAfterMs, dueAfterMs }: Plan,
  ): void {
    const isEmpty = status === null && actions.length === 0 && events.length === 0 && failures.length === 0;
    if (!isEmpty || wakeAfterMs === null) {
      this.#settled.delete(key);
      return;
    }
    const untilMs = this.#clock.monotonicMs() + Math.min(DECIDE_EVERY_MS, dueAfterMs ?? DECIDE_EVERY_MS);
    this.#settled.set(key, { observed, wakeAfterMs, untilMs });
  }

  forget(key: string): void {
    this.#settled.delete(key);
  }
}

/** SLK3 */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || "metadata" in a) return false;
  if (a instanceof Map || a instanceof Set) return b instanceof a.constructor && isSame([...a], [...(b as typeof a)]);
  const [before, after] = [Object.entries(a), Object.entries(b)];
  if (before.length !== after.length) return false;
  return before.every(([name, value], index) => {
    const [otherName, other] = after[index] ?? [];
    if (name !== otherName) return false;
    if (advancing.has(name)) return (value === null) === (other === null);
    return isSame(value, other);
  });
}
