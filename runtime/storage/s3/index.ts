/** The S3 store's own door: whoever opens no `s3://` store never loads the AWS SDK. */
export { S3ObjectStore } from "./s3-object-store.ts";
