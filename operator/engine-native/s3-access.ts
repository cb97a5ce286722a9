/**
 * Owns: how an incarnation's pods reach S3: what of `checkpoints.storage.s3` they are told as options, what as variables, what as a file.
 *
 * S3AC1 Credentials are in no object that the operator writes: the kubelet puts the Secret's values into the container's environment,
 *     where the AWS credential chain finds them (SEC-16).
 */
import type { ResolvedSpec } from "../../crds/index.ts";
import { settings } from "../../settings/index.ts";
import type { EnvVar, Volume } from "../kubernetes/api/index.ts";

const CA_VOLUME = "streamjob-s3-ca";
const CA_FOLDER = "/etc/streamjob/s3-ca";
const CA_FILE = "ca.crt";

/** Options of the runtime; only what the spec says. */
export function s3Options({ checkpoints: { s3 } }: ResolvedSpec): Record<string, string> {
  const { endpoint, region, pathStyleAccess, encryption, encryptionKey } = settings.s3;
  return {
    ...(s3.endpoint === null ? {} : { [endpoint.option]: s3.endpoint }),
    ...(s3.region === null ? {} : { [region.option]: s3.region }),
    ...(s3.pathStyleAccess ? { [pathStyleAccess.option]: "true" } : {}),
    ...(s3.encryption === null ? {} : { [encryption.option]: s3.encryption.algorithm }),
    ...(s3.encryption?.key ? { [encryptionKey.option]: s3.encryption.key } : {}),
  };
}

/** S3AC1 */
export function s3Variables({ checkpoints: { s3 } }: ResolvedSpec): readonly EnvVar[] {
  const { credentials, ca } = s3;
  const ofSecret = (name: string, key: string | null): readonly EnvVar[] =>
    credentials === null || key === null
      ? []
      : [{ name, valueFrom: { secretKeyRef: { name: credentials.secretName, key } } }];
  return [
    ...ofSecret("AWS_ACCESS_KEY_ID", credentials?.accessKeyId ?? null),
    ...ofSecret("AWS_SECRET_ACCESS_KEY", credentials?.secretAccessKey ?? null),
    ...ofSecret("AWS_SESSION_TOKEN", credentials?.sessionToken ?? null),
    ...(ca === null ? [] : [{ name: "AWS_CA_BUNDLE", value: `${CA_FOLDER}/${CA_FILE}` }]),
  ];
}

export function s3Volumes({ checkpoints: { s3 } }: ResolvedSpec): readonly Volume[] {
  if (s3.ca === null) return [];
  const { configMapName: name, key } = s3.ca;
  return [{ name: CA_VOLUME, configMap: { name, items: [{ key, path: CA_FILE }] } }];
}

export function s3Mounts({ checkpoints: { s3 } }: ResolvedSpec) {
  return s3.ca === null ? [] : [{ name: CA_VOLUME, mountPath: CA_FOLDER, readOnly: true }];
}
