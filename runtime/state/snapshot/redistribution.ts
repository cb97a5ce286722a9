/**
 * Owns: which items of operator state a subtask gets on restore (SP-9). Pure.
 *
 * RD1 split: each item goes to exactly one subtask. At the parallelism it had, each subtask gets its own list back: a region that
 *     restarts alone must not take from tasks that still run. At another one all items are counted in order of old subtasks,
 *     and item k goes to subtask k mod parallelism.
 * RD2 union: every subtask gets all items in order of old subtasks.
 * RD3 broadcast: all old subtasks had the same; a new one gets one copy, of an old one that has any.
 * RD4 State that nobody declares again is written as it is shared out: `kept` of all subtasks together is what was there.
 */
import { unreachable } from "../../../base/index.ts";
import type { Redistribution } from "../../checkpoint/index.ts";

export type Share<T> = {
  /** What the state holds when it is declared. */
  readonly items: readonly T[];
  /** What this subtask writes again while it is not. */
  readonly kept: readonly T[];
};

/** `lists`: index = old subtask. */
export function shareOf<T>(
  kind: Redistribution,
  lists: readonly (readonly T[])[],
  subtask: number,
  parallelism: number,
): Share<T> {
  const mine = (items: readonly T[]): T[] => items.filter((_, index) => index % parallelism === subtask);
  switch (kind) {
    case "split": {
      const items = lists.length === parallelism ? (lists[subtask] ?? []) : mine(lists.flat());
      return { items, kept: items };
    }
    case "union": {
      const items = lists.flat();
      return { items, kept: lists.length === parallelism ? (lists[subtask] ?? []) : mine(items) };
    }
    case "broadcast": {
      const filled = lists.filter((list) => list.length > 0);
      const items = filled[subtask % Math.max(1, filled.length)] ?? [];
      return { items, kept: items };
    }
    default:
      return unreachable(kind);
  }
}
