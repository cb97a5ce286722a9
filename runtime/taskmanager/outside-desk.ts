/**
 * Owns: what an operator has at hand that asks something outside and goes on when it is answered (OP6).
 * Not here: when the task goes on with it (task.ts), what was asked and in which order it is emitted (operators/async).
 *
 * OUD1 What fails while it is emitted is blamed on the operator, as if its record had failed.
 * OUD2 Whatever is asked outside is among what the task waits for, by name (HK1), so that a call that is never answered is found.
 */
import type { OutsideDesk } from "../ports/index.ts";
import { blaming, type Operator } from "./code-owner.ts";
import type { TaskEmissions } from "./emission-desk.ts";
import type { HookCalls } from "./hook-calls.ts";

export type OutsideParts = {
  readonly operator: Operator;
  /** Its place in the chain. */
  readonly index: number;
  readonly emissions: TaskEmissions;
  /** null: the task is not built yet, or failed. */
  readonly hooks: () => HookCalls | null;
  readonly wake: () => void;
  /** Whatever the task reads from is to give little at a time. */
  readonly slowDown: () => void;
};

export function outsideDesk({ operator, index, emissions, hooks, wake, slowDown }: OutsideParts): OutsideDesk {
  return {
    await: (what) => {
      const calls = hooks();
      const wait = calls?.enter(operator, what);
      return () => {
        if (wait !== undefined) calls?.leave(wait);
      };
    },
    holdInput: (isHeld) => {
      emissions.hold(index, isHeld);
      if (isHeld) slowDown();
      else wake();
    },
    emitSoon: (emit) => {
      emissions.defer(index, blaming(operator, emit));
      wake();
    },
  };
}
