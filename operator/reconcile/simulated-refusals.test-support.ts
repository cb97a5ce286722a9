/**
 * Owns: for tests: an API server and JobManagers that answer with "no", and the memory of it that an operator has.
 * Not here: what actions do when they are allowed (simulated-world.test-support.ts).
 */
import { isBuiltOn } from "./actions/dependence.ts";
import type { Refusal } from "./facts/observed.ts";
import type { Action } from "./actions/plan.ts";
import { subjectOf } from "./actions/refusals.ts";

export class SimulatedRefusals {
  /** What it is answered with; null: it is allowed. */
  refuse: (action: Action) => Pick<Refusal, "message" | "isFinal"> | null = () => null;
  #known: ReadonlyMap<string, Refusal> = new Map();

  get all(): readonly Refusal[] {
    return [...this.#known.values()];
  }

  /** As operator/apply: all but what is built on a refusal. `act`: whether it succeeded. `crashAfter`: so many are done. */
  carryOut(actions: readonly Action[], crashAfter: number, act: (action: Action) => boolean): "done" | "stopped" {
    // The status that tells of them has been written.
    this.#known = new Map([...this.#known].map(([subject, each]) => [subject, { ...each, isNews: false }]));
    const refused = new Map<string, Refusal>();
    const failed: Action[] = [];
    for (const [index, action] of actions.entries()) {
      if (index >= crashAfter) return "stopped";
      if (failed.some((before) => isBuiltOn(action, before))) continue;
      const refusal = this.refuse(action);
      if (refusal !== null) {
        failed.push(action);
        const subject = subjectOf(action);
        const isNews = this.#known.get(subject)?.message !== refusal.message;
        refused.set(subject, { subject, ...refusal, isNews });
      } else if (!act(action)) return "stopped";
    }
    this.#known = refused;
    return "done";
  }
}
