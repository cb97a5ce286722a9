/**
 * Owns: the part of a StreamJob's spec about what happens to a job: `restart`, `recovery`, `upgrade`, `restore`, `deletion`.
 * Does not own: which combinations make sense (cel-rules.ts), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { duration, INT32_MAX, objectName, SECOND_MS, text, whole } from "./fields.ts";

/** What the runtime does after a failure. Each parameter belongs to the strategies that its description names. */
export const restartSchema = z.strictObject({
  strategy: z
    .enum(["none", "fixedDelay", "failureRate", "exponentialDelay"])
    .describe("Whether and when a failed job is restarted from its last checkpoint by its JobManager."),
  attempts: whole(0, INT32_MAX)
    .optional()
    .describe(
      "fixedDelay: restarts before the job fails, default 1. exponentialDelay: the same, default without end, at least 1.",
    ),
  delay: duration()
    .optional()
    .describe("fixedDelay, failureRate: time between a failure and the restart. Default 1s; up to 8760h."),
  maxFailures: whole(0, INT32_MAX)
    .optional()
    .describe("failureRate: failures within `interval` that are borne. Default 1; 0 or more."),
  interval: duration({ minMs: 1 })
    .optional()
    .describe("failureRate: the time in which failures count. Default 1m; 1ms to 8760h."),
  initialBackoff: duration({ minMs: 1 })
    .optional()
    .describe("exponentialDelay: the first delay. Default 1s; 1ms to 8760h."),
  maxBackoff: duration({ minMs: 1 })
    .optional()
    .describe("exponentialDelay: the longest delay, not below `initialBackoff`. Default 1m; 1ms to 8760h."),
  multiplier: z
    .number()
    .min(1)
    .max(1000)
    .optional()
    .describe("exponentialDelay: each delay is this many times the one before. Default 1.5; 1 to 1000."),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("exponentialDelay: each delay varies by this fraction, both ways. Default 0.1; 0 to 1."),
  resetAfter: duration({ minMs: 1 })
    .optional()
    .describe(
      "exponentialDelay: after this time without a failure the delay starts small again. Default 1h; 1ms to 8760h.",
    ),
});

/** What the operator does when the job itself gave up. */
export const recoverySchema = z.strictObject({
  onFailed: z
    .enum(["never", "resume"])
    .optional()
    .describe(
      "`resume`: a failed job is started again from its newest state. Default never: it stays failed until the spec changes.",
    ),
  attemptsMax: whole(1, 1000).optional().describe("How often in a row it is started again. Default 3; 1 to 1000."),
  backoffInitial: duration({ minMs: SECOND_MS })
    .optional()
    .describe("Time before the first attempt; it doubles with each. Default 10s; 1s to 8760h."),
  backoffMax: duration({ minMs: SECOND_MS })
    .optional()
    .describe("Longest time between attempts, not below `backoffInitial`. Default 5m; 1s to 8760h."),
  resetAfter: duration({ minMs: SECOND_MS })
    .optional()
    .describe("After running this long the attempts count from 0 again. Default 10m; 1s to 8760h."),
});

/** How a changed spec replaces the running job. */
export const upgradeSchema = z.strictObject({
  mode: z
    .enum(["savepoint", "last-state", "stateless"])
    .optional()
    .describe(
      "What the new version starts from. Default savepoint: the old one stops with a savepoint. last-state: the newest checkpoint, " +
        "the old one is not asked. stateless: nothing, all state is given up.",
    ),
  standby: z
    .enum(["warm", "cold"])
    .optional()
    .describe(
      "warm: the new pods are started before the old job stops, which needs room for both. cold: after. Default warm.",
    ),
  savepointTimeout: duration({ minMs: SECOND_MS })
    .optional()
    .describe(
      "When no savepoint could be taken for so long, lastStateMaxAge decides. One that is in progress is given up after " +
        "checkpoints.timeout, and the old job runs on. Default 10m; 1s to 8760h.",
    ),
  retryBackoffMax: duration({ minMs: SECOND_MS })
    .optional()
    .describe("Longest time between attempts of a blocked upgrade. Default 5m; 1s to 8760h."),
  lastStateMaxAge: duration({ minMs: SECOND_MS })
    .optional()
    .describe(
      "When no savepoint can be taken, the newest checkpoint is used if it is not older than this. " +
        "Default: never, the upgrade waits; 1s to 8760h.",
    ),
  deployTimeout: duration({ minMs: SECOND_MS })
    .optional()
    .describe(
      "Time for the new pods to get ready, and again from activation to the first checkpoint, before the new version counts as " +
        "failed. Default 5m; 1s to 8760h.",
    ),
  rollback: z
    .boolean()
    .optional()
    .describe("Whether a version that fails before it is stable is replaced by the last stable one. Default true."),
  stability: z
    .strictObject({
      window: duration()
        .optional()
        .describe(
          "How long after its first checkpoint a version is watched before it is stable. Default 60s; up to 8760h.",
        ),
      maxRestarts: whole(0, 1000)
        .optional()
        .describe("Restarts within the window that are borne; one more is a failed version. Default 2; 0 to 1000."),
    })
    .optional()
    .describe("When a version is stable."),
  approval: z
    .enum(["auto", "manual"])
    .optional()
    .describe("manual: a change waits for the annotation streamjob.dev/approve with its generation. Default auto."),
  allowNonRestoredState: z
    .boolean()
    .optional()
    .describe(
      "Whether the change that is applied with it may leave behind state that no operator of the new version takes; it is used once: " +
        "apply false before true to allow it again. Default false: such a version is refused.",
    ),
});

/** What the very first incarnation starts from; used once. */
export const restoreSchema = z.strictObject({
  path: text(4096).optional().describe("A savepoint or checkpoint to start from."),
  snapshot: objectName()
    .optional()
    .describe("A StreamJobSnapshot of the same namespace to start from; it is waited for."),
  allowNonRestoredState: z
    .boolean()
    .optional()
    .describe(
      "Whether state in it that no operator of the job takes may be left behind; later upgrades have upgrade.allowNonRestoredState. " +
        "Default false: it is refused.",
    ),
});

/** What happens when the StreamJob is deleted. */
export const deletionSchema = z.strictObject({
  savepoint: z
    .boolean()
    .optional()
    .describe("Whether the job is stopped with a savepoint. Default false: it is cancelled."),
  savepointTimeout: duration({ minMs: SECOND_MS })
    .optional()
    .describe("After this time deletion goes on without the savepoint. Default 10m; 1s to 8760h."),
  keepState: z.boolean().optional().describe("Whether the checkpoints stay; savepoints always do. Default true."),
});
