/** Owns: the S3 servers that every test of the store runs on. */
import { minioPart, type S3Server, testPart, type TestPart, versitygwPart } from "../environment/index.ts";

/** Started for this file. */
export async function s3Servers(): Promise<Readonly<Record<string, TestPart<S3Server>>>> {
  const [minio, versitygw] = [await testPart(minioPart), await testPart(versitygwPart)];
  return { MinIO: minio, versitygw };
}
