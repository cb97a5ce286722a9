/** Owns: limits that hold when the spec says nothing, or cannot be read. */
import { parseTime, type ResolvedSpec, type StreamJobStatus } from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import type { Situation, Target } from "./situation.ts";
import { waitLeftMs } from "./wall-wait.ts";

/** Before the second attempt at a savepoint; doubled each time, up to `upgrade.retryBackoffMax`. */
export const RETRY_BACKOFF_INITIAL_MS = 5000;
/** How long a deletion waits for its savepoint when the spec cannot be read. */
const DELETION_TIMEOUT_MS = 60_000;
/** How often a running job is looked at, once it is stable; before that, and while something is being done, more often. */
export const STEADY_POLL_MS = 5000;
export const YOUNG_POLL_MS = 1000;
/** `lastCheckpoint` in the status may be that old before it is written for its own sake: a quiet cluster sees no writes. */
export const CHECKPOINT_REFRESH_MS = 5 * 60_000;

/** How an upgrade of what runs goes: as the spec says, where the engine can (ENG2). */
export const standbyOf = ({ settings }: Pick<Situation, "settings">, { upgrade }: ResolvedSpec): "warm" | "cold" =>
  settings.engine.canStandBy ? upgrade.standby : "cold";

export const retryLimitMs = (target: Target): number =>
  target.kind === "valid" ? target.spec.upgrade.retryBackoffMaxMs : RETRY_BACKOFF_INITIAL_MS;

/** Until the next attempt at the savepoint of an operation; 0: it may be made. */
export const retryLeftMs = (
  { nowMs }: Pick<Draft, "nowMs">,
  { target }: Pick<Situation, "target">,
  { notBefore }: Pick<NonNullable<StreamJobStatus["operation"]>, "notBefore">,
): number => (notBefore === null ? 0 : waitLeftMs(parseTime(notBefore), nowMs, retryLimitMs(target)));

export const deletionTimeoutMs = (target: Target): number =>
  target.kind === "valid" ? target.spec.deletion.savepointTimeoutMs : DELETION_TIMEOUT_MS;
