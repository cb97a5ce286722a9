/** Owns: how a deletion waits for a pod that cleans up: it is looked at again soon, and not for ever. */
import { parseTime } from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import type { StorageOutcome } from "../storage/storage-pods.ts";

const POLL_MS = 500;

export type CleanUpWait = {
  /** What the pod does, for messages: `deleting the state`. */
  readonly doing: string;
  /** A time of the API; absent: it begins now. */
  readonly startedAt: string | undefined;
  readonly timeoutMs: number;
};

/** `trouble`: what Stalled is to say, when the pod has failed; null: it has not. Null as a whole: the time is over, the deletion goes on without it. */
export function waitForCleanUp(
  draft: Draft,
  outcome: Exclude<StorageOutcome, { readonly kind: "done" }>,
  { doing, startedAt, timeoutMs }: CleanUpWait,
): { readonly trouble: string | null } | null {
  const leftMs = parseTime(startedAt ?? draft.now) + timeoutMs - draft.nowMs;
  if (leftMs <= 0) return null;
  const message = `${doing}: ${outcome.message}`;
  draft.wait(message, Math.min(POLL_MS, leftMs));
  if (outcome.kind === "working") return { trouble: null };
  return { trouble: `${message}; it is retried, and the deletion goes on without it at ${draft.timeIn(leftMs)}` };
}
