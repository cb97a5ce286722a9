/**
 * Owns: where the checkpoints of the bench go: a local folder, and a bucket of a MinIO that is started for it.
 */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { Environment, minioPart } from "../../test/environment/index.ts";

/** `directory`: null for the job's own folder. */
export type MeasuredStore = { readonly name: string; readonly directory: string | null };

export const storeNames = ["local", "s3"] as const;

const local: MeasuredStore = { name: "a local folder", directory: null };
const BUCKET = "streamjob-bench";

/** `s3`: the local folder, too, to compare with. Errors: MinIO cannot be had. */
export async function withStores(
  wanted: (typeof storeNames)[number],
  act: (stores: readonly MeasuredStore[]) => Promise<void>,
): Promise<void> {
  if (wanted === "local") return act([local]);
  const environment = new Environment({ tell: (line) => process.stderr.write(`${line}\n`) });
  try {
    const { endpoint, region, accessKey, secretKey } = await environment.start(minioPart);
    const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    client.destroy();
    // Inherited by the job's processes.
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      STREAMJOB_S3_PATH_STYLE_ACCESS: "true",
    });
    await act([local, { name: "S3 (MinIO on this machine)", directory: `s3://${BUCKET}/checkpoints` }]);
  } finally {
    await environment.stop();
  }
}
