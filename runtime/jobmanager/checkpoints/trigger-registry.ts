/**
 * Owns: what became of each trigger, by its id.
 *
 * TR1 An id seen before names that trigger for as long as it is remembered: unfinished ones always, finished ones among the
 *     last FINISHED_MAX (JC2).
 */
import type { ErrorInfo, Random } from "../../../base/index.ts";
import type { TriggerState } from "../control.ts";

const FINISHED_MAX = 1000;

export class TriggerRegistry {
  readonly #states = new Map<string, TriggerState>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get(triggerId: string): TriggerState | null {
    return this.#states.get(triggerId) ?? null;
  }

  /** Its id: the one given, or a fresh one. */
  open(triggerId: string | null): string {
    const id = triggerId ?? this.#random.hex(16);
    this.#states.set(id, { kind: "inProgress" });
    return id;
  }

  complete(triggerId: string, location: string, checkpointId: number): void {
    this.#finish(triggerId, { kind: "completed", location, checkpointId });
  }

  fail(triggerId: string, error: ErrorInfo): void {
    this.#finish(triggerId, { kind: "failed", error });
  }

  #finish(triggerId: string, state: TriggerState): void {
    // Put last: the map's order is then that of finishing.
    this.#states.delete(triggerId);
    this.#states.set(triggerId, state);
    let surplus = this.#states.size - FINISHED_MAX;
    for (const [id, { kind }] of this.#states) {
      if (surplus <= 0) return;
      if (kind === "inProgress") continue;
      this.#states.delete(id);
      surplus--;
    }
  }
}
