/**
 * Owns: the part of a StreamJob's spec about what happens to a job: `restart`, `recovery`, `upgrade`, `restore`, `deletion`.
 * Does not own: which combinations make sense (cel-rules.ts), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { strategyNames } from "../settings/index.ts";
import { duration, location, objectName, SECOND_MS, whole } from "./fields.ts";
import { type RestartParameter, restartDecimal, restartDuration, restartWhole } from "./setting-fields.ts";

/** What the runtime does after a failure. Each parameter belongs to the strategies that its description names. */
export const restartSchema = z.strictObject({
  strategy: z
    .enum(strategyNames)
    .describe("Whether and when the JobManager restarts a failed job from its last checkpoint."),
  attempts: restartWhole("attempts"),
  delay: restartDuration("delay"),
  maxFailures: restartWhole("maxFailures"),
  interval: restartDuration("interval"),
  initialBackoff: restartDuration("initialBackoff"),
  maxBackoff: restartDuration("maxBackoff"),
  multiplier: restartDecimal("multiplier"),
  jitter: restartDecimal("jitter"),
  resetAfter: restartDuration("resetAfter"),
} satisfies Record<RestartParameter | "strategy", z.ZodType>);

/** What the operator does when the job itself gave up. */
export const recoverySchema = z.strictObject({
  onFailed: z
    .enum(["never", "resume"])
    .optional()
    .describe(
      "`resume`: a FAILED job is restarted from its newest state. Default never: it stays FAILED until the spec changes.",
    ),
  attemptsMax: whole(1, 1000).optional().describe("Maximum number of consecutive attempts. Default 3; 1 to 1000."),
  backoffInitial: duration({ minMs: SECOND_MS })
    .optional()
    .describe("Delay before the first attempt; it doubles with each attempt. Default 10s; 1s to 8760h."),
  backoffMax: duration({ minMs: SECOND_MS })
    .optional()
    .describe("Longest delay between attempts, not below `backoffInitial`. Default 5m; 1s to 8760h."),
  resetAfter: duration({ minMs: SECOND_MS })
    .optional()
    .describe("After the job has run this long, the count of attempts is reset to 0. Default 10m; 1s to 8760h."),
});

/** How a changed spec replaces the running job. */
export const upgradeSchema = z.strictObject({
  mode: z
    .enum(["savepoint", "last-state", "stateless"])
    .optional()
    .describe(
      "What the new version starts from. Default savepoint: the old version stops with a savepoint. last-state: the newest checkpoint; " +
        "the old version is not asked for a savepoint. stateless: nothing, all state is discarded.",
    ),
  standby: z
    .enum(["warm", "cold"])
    .optional()
    .describe(
      "warm: the new pods start before the old job stops, which needs capacity for both. cold: they start after it has stopped. Default warm.",
    ),
  savepointTimeout: duration({ minMs: SECOND_MS })
    .optional()
    .describe(
      "If no savepoint could be taken within this time, lastStateMaxAge decides. A savepoint in progress is aborted after " +
        "checkpoints.timeout, and the old job keeps running. Default 10m; 1s to 8760h.",
    ),
  retryBackoffMax: duration({ minMs: SECOND_MS })
    .optional()
    .describe("Longest delay between attempts of a blocked upgrade. Default 5m; 1s to 8760h."),
  lastStateMaxAge: duration({ minMs: SECOND_MS })
    .optional()
    .describe(
      "If no savepoint can be taken, the newest checkpoint is used, provided it is not older than this. " +
        "Default: it is never used; the upgrade waits. 1s to 8760h.",
    ),
  deployTimeout: duration({ minMs: SECOND_MS })
    .optional()
    .describe(
      "Time for the new pods to become ready, and again from activation to the first checkpoint, before the new version counts as " +
        "failed. Default 5m; 1s to 8760h.",
    ),
  rollback: z
    .boolean()
    .optional()
    .describe(
      "Whether a version that fails before it is stable is rolled back to the last stable version. Default true.",
    ),
  stability: z
    .strictObject({
      window: duration()
        .optional()
        .describe(
          "How long a version must run after its first checkpoint before it counts as stable. Default 60s; up to 8760h.",
        ),
      maxRestarts: whole(0, 1000)
        .optional()
        .describe(
          "Restarts tolerated within the window; with one more, the version counts as failed. Default 2; 0 to 1000.",
        ),
    })
    .optional()
    .describe("When a version counts as stable."),
  approval: z
    .enum(["auto", "manual"])
    .optional()
    .describe(
      "manual: a change is rolled out only when the annotation streamjob.dev/approve holds its generation. Default auto.",
    ),
  allowNonRestoredState: z
    .boolean()
    .optional()
    .describe(
      "Whether the change that is applied together with it may leave behind state that no operator of the new version restores. It is used once: " +
        "to allow it again, apply false, then true. Default false: such a version is refused.",
    ),
});

/** What the first incarnation starts from; used once. */
export const restoreSchema = z.strictObject({
  path: location().optional().describe("A savepoint or checkpoint to start from."),
  snapshot: objectName()
    .optional()
    .describe("A StreamJobSnapshot in the same namespace to start from; the job waits until it is Completed."),
  allowNonRestoredState: z
    .boolean()
    .optional()
    .describe(
      "Whether state in it that no operator of the job restores may be left behind. For later upgrades, set upgrade.allowNonRestoredState. " +
        "Default false: such a restore is refused.",
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
    .describe("After this time the deletion proceeds without the savepoint. Default 10m; 1s to 8760h."),
  keepState: z
    .boolean()
    .optional()
    .describe(
      "Whether the checkpoints of all incarnations are kept; savepoints are always kept. Default true. false: a pod deletes them after the last pod of the job.",
    ),
  cleanUpTimeout: duration({ minMs: SECOND_MS })
    .optional()
    .describe(
      "After this time the deletion proceeds though the checkpoints could not be deleted, or transactions that the job has left in Kafka or MySQL could not be settled, as when these cannot be reached; then the checkpoints are kept. Default 10m; 1s to 8760h.",
    ),
});
