/**
 * Owns: buckets and stores of tests on real S3 servers. Each test has a place of its own.
 */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { S3_DEFAULTS, type S3Settings } from "../../runtime/storage/index.ts";
import { S3ObjectStore } from "../../runtime/storage/s3/index.ts";
import { systemRandom } from "../../base/index.ts";
import type { S3Server } from "../environment/index.ts";

/** How a server is reached. */
export function settingsFor(server: S3Server, changes: Partial<S3Settings> = {}): S3Settings {
  const { endpoint, region, accessKey, secretKey } = server;
  return { ...S3_DEFAULTS, endpoint, region, accessKey, secretKey, pathStyleAccess: true, ...changes };
}

/** A client of the server, for what no store does. */
export function clientOf({ endpoint, region, accessKey, secretKey }: S3Server): S3Client {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}

/** A bucket that nobody else has. */
export async function newBucket(server: S3Server): Promise<string> {
  const bucket = `streamjob-${systemRandom.hex(8)}`;
  const client = clientOf(server);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return bucket;
}

/** An empty store in the bucket. */
export function storeIn(bucket: string, settings: S3Settings, prefix: string = systemRandom.hex(8)): S3ObjectStore {
  return new S3ObjectStore({ bucket, prefix, settings, callTimeoutMs: 60_000 });
}

/** What jobs in other processes are told. */
export function environmentFor({ endpoint, region, accessKey, secretKey }: S3Server): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    STREAMJOB_S3_PATH_STYLE_ACCESS: "true",
  };
}
