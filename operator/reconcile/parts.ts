/**
 * Owns: that a part of a decision that throws costs that part, and never the rest of it (P-38).
 *
 * PAR1 What the part has changed in the draft is taken back: half of a part is no decision.
 * PAR2 That it threw, and where, needs a person: Stalled says so with the text, whatever else would be said.
 */
import { AssertionFailure } from "../../base/index.ts";
import type { Draft } from "./status/draft.ts";
import type { DecisionFailure } from "./actions/plan.ts";

export class Parts {
  readonly failures: DecisionFailure[] = [];
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** What `decide` says; `otherwise` when it threw. */
  run<T>(part: string, decide: () => T, otherwise: T): T {
    const mark = this.#draft.mark();
    try {
      return decide();
    } catch (error) {
      this.#draft.backTo(mark);
      this.failures.push({ part, error });
      return otherwise;
    }
  }

  /** PAR2 */
  tell(generation: number): void {
    const [first] = this.failures;
    if (first === undefined) return;
    const message = `deciding about generation ${generation} failed (${first.part}): ${textOf(first.error)}`;
    this.#draft.stalled = { reason: "DecisionFailed", message: `${message}; ${adviceOn(first.error)}` };
    this.#draft.event("Warning", "ReconcileFailed", message);
  }
}

function adviceOn(error: unknown): string {
  const isDefect = error instanceof AssertionFailure;
  return isDefect
    ? "this is a bug in the operator, please report it"
    : "the running version is still managed: correct the manifest and apply it again";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
