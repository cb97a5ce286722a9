/**
 * Owns: from a URI or path, as a person writes it, to a store.
 */
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { StreamError } from "../../base/index.ts";
import { LimitedObjectStore, STORE_CALL_TIMEOUT_MS } from "./limited-object-store.ts";
import { LocalObjectStore } from "./local-object-store.ts";
import { MemoryObjectStore } from "./memory-object-store.ts";
import { isValidKey } from "./object-key.ts";
import type { ObjectStore } from "./object-store.ts";
import { s3SettingsInForce } from "./s3-settings.ts";

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const MEMORY_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
/** Flink's other schemes mean the same store. */
const S3_SCHEMES = ["s3", "s3a", "s3p"];
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const KNOWN = "file:///absolute/folder, a plain folder path, s3://bucket/prefix, or memory://name";

/** The canonical URI of what a person wrote: without a trailing slash; relative paths from the working directory. Errors: OPTION_INVALID. */
export function storeUriOf(text: string): string {
  if (text === "" || text.includes("\0")) throw invalid(text, "is empty or has a NUL in it");
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return pathToFileURL(resolve(text)).href;
  if (scheme === "file") return pathToFileURL(resolve(pathOfFileUri(text))).href;
  if (scheme === "memory") {
    const name = /^memory:\/\/(.*?)\/*$/i.exec(text)?.[1] ?? "";
    if (!MEMORY_NAME.test(name)) throw invalid(text, "has no name of letters, digits and -_. after memory://");
    return `memory://${name}`;
  }
  if (S3_SCHEMES.includes(scheme)) {
    const { bucket, prefix } = partsOfS3Uri(text);
    return prefix === "" ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
  }
  throw invalid(text, `has the unknown scheme "${scheme}"`);
}

/**
 * Opens a store; creates nothing. No call to it takes longer than `callTimeoutMs`, and a second for each MiB that it moves (LOS1).
 * Errors: OPTION_INVALID, which lists the known schemes.
 */
export async function openStore(
  uriOrPath: string,
  callTimeoutMs: number = STORE_CALL_TIMEOUT_MS,
): Promise<ObjectStore> {
  const uri = storeUriOf(uriOrPath);
  if (uri.startsWith("s3:")) {
    // Only now: it takes the AWS SDK along. It keeps the time of its calls itself, so that late ones are cut.
    const { S3ObjectStore } = await import("./s3/index.ts");
    return new S3ObjectStore({ ...partsOfS3Uri(uri), settings: s3SettingsInForce(), callTimeoutMs });
  }
  return uri.startsWith("file:")
    ? new LimitedObjectStore(new LocalObjectStore(fileURLToPath(uri)), callTimeoutMs)
    : MemoryObjectStore.open(uri.slice("memory://".length));
}

/**
 * The URI of a store in a folder below another one. Characters of `parts` that a key may not have (a job's name is free text)
 * become `_`; different names may then meet, so make names unique before.
 */
export function childStoreUri(uriOrPath: string, ...parts: readonly string[]): string {
  const safe = parts.map((part) => part.replace(/[^A-Za-z0-9._-]/g, "_").replace(/^\.+/, "_"));
  return [storeUriOf(uriOrPath), ...safe.map((part) => (part === "" ? "_" : part))].join("/");
}

function partsOfS3Uri(uri: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket = "", prefix = ""] = /^[^:]*:\/\/([^/]*)\/*(.*?)\/*$/.exec(uri) ?? [];
  if (!BUCKET.test(bucket)) throw invalid(uri, "has no bucket of 3 to 63 lower-case letters, digits, dots and hyphens");
  if (prefix !== "" && !isValidKey(prefix))
    throw invalid(uri, "has a prefix with something else in it than letters, digits, ._=@+,- and single slashes");
  return { bucket, prefix };
}

function pathOfFileUri(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw invalid(uri, `is not a file URI of this machine (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

function invalid(text: string, why: string): StreamError {
  return new StreamError("OPTION_INVALID", `the store location ${JSON.stringify(text)} ${why}; write ${KNOWN}`, {
    destiny: "terminal",
  });
}
