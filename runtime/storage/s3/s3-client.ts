/**
 * Owns: making the SDK's client from settings: endpoint, region, credentials, trust, sockets. One for all stores that are reached alike.
 *
 * S3K1 The SDK does not retry by itself, and adds no checksums that only some servers know: files are verified by their sha256 (HAN1).
 */
import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { rootCertificates } from "node:tls";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { environmentVariable, StreamError } from "../../../base/index.ts";
import type { S3Settings } from "../s3-settings.ts";
import { assertDiallable, guardedLookup } from "./dialled-hosts.ts";

const SOCKETS_MAX = 64;
const REGION = "us-east-1";

const clients = new Map<string, S3Client>();

/** The client for these settings and this thread. Errors: OPTION_INVALID. */
export function s3ClientFor(settings: S3Settings): S3Client {
  const key = JSON.stringify(settings);
  let client = clients.get(key);
  if (client === undefined) {
    client = new S3Client(clientConfig(settings));
    clients.set(key, client);
  }
  return client;
}

function clientConfig(settings: S3Settings): S3ClientConfig {
  const { endpoint, accessKey, secretKey, connectTimeoutMs } = settings;
  if ((accessKey === null) !== (secretKey === null))
    throw invalid("only one of s3.access-key and s3.secret-key is set; set both, or none for the AWS credential chain");
  if (endpoint !== null && !/^https?:\/\/[^/]/.test(endpoint))
    throw invalid(`s3.endpoint is ${JSON.stringify(endpoint)}; give a URL such as https://s3.example.com`);
  for (const url of [endpoint, fromEnvironment("AWS_ENDPOINT_URL_S3")]) if (url !== null) assertDiallable(url);
  const ca = authorities(settings.caFile ?? fromEnvironment("AWS_CA_BUNDLE"));
  const region = settings.region ?? regionOfEnvironment();
  return {
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
    ...(accessKey === null || secretKey === null
      ? {}
      : { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } }),
    forcePathStyle: settings.pathStyleAccess || fromEnvironment("STREAMJOB_S3_PATH_STYLE_ACCESS") === "true",
    followRegionRedirects: true,
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, lookup: guardedLookup }),
      httpsAgent: new HttpsAgent({
        keepAlive: true,
        maxSockets: SOCKETS_MAX,
        lookup: guardedLookup,
        ...(ca === null ? {} : { ca }),
      }),
    },
  };
}

/** null: the SDK finds it in a profile. */
function regionOfEnvironment(): string | null {
  const named = fromEnvironment("AWS_REGION") ?? fromEnvironment("AWS_DEFAULT_REGION");
  const hasProfile = fromEnvironment("AWS_PROFILE") !== null || fromEnvironment("AWS_CONFIG_FILE") !== null;
  return named ?? (hasProfile ? null : REGION);
}

/** What is set replaces Node's own list, so that is in it, too. */
function authorities(caFile: string | null): string[] | null {
  if (caFile === null) return null;
  try {
    return [...rootCertificates, readFileSync(caFile, "utf8")];
  } catch (cause) {
    throw invalid(`s3.ssl.ca-file ${caFile} cannot be read: ${String(cause)}`);
  }
}

function fromEnvironment(name: string): string | null {
  const value = environmentVariable(name);
  return value === undefined || value === "" ? null : value;
}

function invalid(message: string): StreamError {
  return new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
}
