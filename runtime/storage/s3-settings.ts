/**
 * Owns: how S3 is reached from this thread: the settings of the job that runs here (options `s3.*`), and what the environment says.
 * Not here: the store (s3/), which is loaded only when one is opened.
 * Called by: JobManager and slots, when they know their job's configuration; open-store.ts.
 *
 * S3S1 A setting that the job does not have comes from the environment: AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_CA_BUNDLE,
 *     STREAMJOB_S3_PATH_STYLE_ACCESS and the credential chain of the AWS SDK. So a command that knows no job reaches the store, too.
 */

/** The job's `s3.*` options. `null`: the environment's, or none. */
export type S3Settings = {
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly pathStyleAccess: boolean;
  readonly accessKey: string | null;
  readonly secretKey: string | null;
  /** PEM file with authorities to trust beside the known ones. */
  readonly caFile: string | null;
  readonly encryption: "none" | "sse-s3" | "sse-kms";
  /** Id or ARN of the KMS key; null: the account's default. */
  readonly encryptionKey: string | null;
  /** Of a part; objects that are not larger go in one request. */
  readonly partMiB: number;
  /** Parts of one object that are uploaded at the same time. */
  readonly concurrentUploads: number;
  /** Of one request, the first attempt included. */
  readonly attemptsMax: number;
  readonly connectTimeoutMs: number;
  /** Of one attempt; a second more for each MiB. */
  readonly requestTimeoutMs: number;
};

/** What holds where no job says otherwise; the same as in settings/table.ts (test/architecture/settings.test.ts). */
export const S3_DEFAULTS: S3Settings = {
  endpoint: null,
  region: null,
  pathStyleAccess: false,
  accessKey: null,
  secretKey: null,
  caFile: null,
  encryption: "none",
  encryptionKey: null,
  partMiB: 8,
  concurrentUploads: 4,
  attemptsMax: 5,
  connectTimeoutMs: 5000,
  requestTimeoutMs: 20_000,
};

let inForce = S3_DEFAULTS;

/** Stores that this thread opens from now on are reached so. */
export function useS3Settings(settings: S3Settings): void {
  inForce = settings;
}

export function s3SettingsInForce(): S3Settings {
  return inForce;
}
