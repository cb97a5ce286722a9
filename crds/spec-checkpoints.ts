/**
 * Owns: the part of a StreamJob's spec about keeping state: `checkpoints` and `savepoints`.
 * Does not own: which combinations make sense (cel-rules.ts), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { settings } from "../settings/index.ts";
import { CRON_ADVICE, CRON_PATTERN } from "./cron.ts";
import { duration, objectName, text, VALIDATIONS, whole } from "./fields.ts";
import { choiceField, durationField, textField, wholeField } from "./setting-fields.ts";

const { checkpoints } = settings;
const isSchedule = new RegExp(CRON_PATTERN);

const storageSchema = z.strictObject({
  path: textField(settings.checkpoints.storage.path),
  s3: z
    .strictObject({
      endpoint: text(2048)
        .regex(/^https?:\/\//, "must be a URL that begins with http:// or https://")
        .optional()
        .describe("URL of the store. Default: that of the region."),
      bucket: text(255).describe("Name of the bucket."),
      prefix: z.string().max(1024).optional().describe("Prefix of every object's key. Default: empty."),
      region: text(64).optional().describe("Region of the bucket. Default us-east-1."),
      credentialsSecret: objectName()
        .optional()
        .describe(
          "Secret with the keys accessKeyId and secretAccessKey. Default: the pod's own identity (its service account).",
        ),
    })
    .optional()
    .describe("A bucket of an S3 store. Not supported in this version; refused. Set path: s3://bucket/prefix instead."),
});

/** Automatic snapshots from which a failed job recovers. */
export const checkpointsSchema = z.strictObject({
  interval: durationField(checkpoints.interval),
  mode: choiceField(checkpoints.mode),
  timeout: durationField(checkpoints.timeout),
  minPause: durationField(checkpoints.minPause),
  maxConcurrent: wholeField(checkpoints.maxConcurrent),
  tolerableFailures: wholeField(checkpoints.tolerableFailures),
  retain: z
    .strictObject({ count: wholeField(checkpoints.retain.count) })
    .optional()
    .describe("How many older checkpoints are kept."),
  incremental: z
    .boolean()
    .optional()
    .describe(
      "Whether a checkpoint stores only the changes since the previous one. Default false. Not supported in this version; true is refused.",
    ),
  unaligned: z
    .boolean()
    .optional()
    .describe("Whether barriers overtake records. Default false. Not supported in this version; true is refused."),
  storage: storageSchema
    .optional()
    .describe("Where checkpoints and savepoints go; at most one of its fields. Default: chosen by the control plane."),
});

/** Snapshots that are requested by people or taken on a schedule. */
export const savepointsSchema = z.strictObject({
  path: textField(settings.savepoints.path),
  schedule: z
    .string()
    .max(256)
    .refine((schedule) => isSchedule.test(schedule), CRON_ADVICE)
    .meta({ [VALIDATIONS]: [{ rule: `self.matches('${CRON_PATTERN}')`, message: CRON_ADVICE }] })
    .optional()
    .describe(
      "When savepoints are taken, as five cron fields in UTC: minute, hour, day, month, weekday. Default: no schedule.",
    ),
  retain: z
    .strictObject({
      count: whole(1, 1000)
        .optional()
        .describe("Maximum number of scheduled and upgrade savepoints kept. Default 10; 1 to 1000."),
      age: duration({ minMs: 60_000 })
        .optional()
        .describe(
          "Scheduled and upgrade savepoints older than this are deleted. Default: age does not matter; 1m to 8760h.",
        ),
    })
    .optional()
    .describe("Which savepoints are kept. A savepoint that the job, a rollback or another job needs is never deleted."),
});
