/**
 * Owns: the part of a StreamJob's spec about keeping state: `checkpoints` and `savepoints`.
 * Does not own: which combinations make sense (cel-rules.ts), defaults (defaults.ts). Called by: stream-job-spec.ts.
 */
import { z } from "zod";
import { settings } from "../settings/index.ts";
import { CRON_ADVICE, CRON_PATTERN } from "./cron.ts";
import { duration, objectName, text, VALIDATIONS, whole } from "./fields.ts";
import { choiceField, durationField, locationField, wholeField } from "./setting-fields.ts";

const { checkpoints } = settings;
const isSchedule = new RegExp(CRON_PATTERN);

const secretKey = (what: string, otherwise: string) =>
  text(253).optional().describe(`Key of the Secret that holds the ${what}. Default: ${otherwise}.`);

/** Credentials come from a Secret, which the operator never reads. */
const s3Schema = z.strictObject({
  endpoint: text(2048)
    .regex(/^https?:\/\//, "must be a URL that begins with http:// or https://")
    .optional()
    .describe("URL of the S3 server. Default: AWS in the region."),
  region: text(64).optional().describe("Region of the buckets. Default: that of the pods' environment, or us-east-1."),
  pathStyleAccess: z
    .boolean()
    .optional()
    .describe(
      "Whether the bucket is part of the path instead of the host name, as most servers other than AWS need. Default: false.",
    ),
  credentials: z
    .strictObject({
      secretName: objectName().describe("Name of the Secret, in the job's namespace."),
      accessKeyId: secretKey("access key", "accessKeyId"),
      secretAccessKey: secretKey("secret key", "secretAccessKey"),
      sessionToken: secretKey("session token of temporary credentials", "none"),
    })
    .optional()
    .describe(
      "Access key and secret key, which the pods get as environment variables from a Secret. " +
        "Default: the pod's own identity (web identity of its service account, role of the machine).",
    ),
  encryption: z
    .strictObject({
      algorithm: z.enum(["SSE-S3", "SSE-KMS"]).describe("Server-side encryption requested for every object."),
      key: text(2048)
        .optional()
        .describe("Id or ARN of the KMS key; only with SSE-KMS. Default: the account's key for S3."),
    })
    .optional()
    .describe("Encryption of what the job writes. Default: what the bucket is set to."),
  ca: z
    .strictObject({
      configMapName: objectName().describe("Name of the ConfigMap, in the job's namespace."),
      key: text(253).optional().describe("Its key with certificates in PEM. Default: ca.crt."),
    })
    .optional()
    .describe("Certificate authorities to trust in addition to the well-known ones. Default: none."),
});

const storageSchema = z.strictObject({
  path: locationField(settings.checkpoints.storage.path),
  s3: s3Schema
    .optional()
    .describe(
      "How the pods reach S3, wherever the job names an s3:// location: path, savepoints.path, restore. Default: AWS, with the pod's own identity.",
    ),
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
      "Whether a checkpoint stores only the changes since the previous one. Those of SQL's column tables always do; other state is stored whole, and nothing else can be chosen in this version: true is refused.",
    ),
  unaligned: z
    .boolean()
    .optional()
    .describe("Whether barriers overtake records. Default false. Not supported in this version; true is refused."),
  storage: storageSchema
    .optional()
    .describe("Where checkpoints and savepoints go; and how S3 is reached. Default: chosen by the control plane."),
});

/** Snapshots that are requested by people or taken on a schedule. */
export const savepointsSchema = z.strictObject({
  path: locationField(settings.savepoints.path),
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
