/**
 * Owns: requests that nobody sane sends, made from a seed, and sending bytes to a port until it has had enough of them.
 * Called by: garbage-requests.test.ts; promise P-39.
 *
 * GA1 The same seed gives the same bytes.
 */
import { connect } from "node:net";
import type { Random } from "../../base/index.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "get", "", "G ET"];
// biome-ignore format: a list of words
const parts = [
  "/", "//", "///", ":", "?", "#", "%", "%2f", "%00", "%zz", "%ff", "..", "*", "[", "]", "@", "\\", "http://", "é", "a", "\t",
  "api", "apis", "v1", "namespaces", "default", "pods", "configmaps", "events", "apps/v1", "statefulsets", "streamjob.dev/v1alpha1",
  "streamjobs", "status", "log", "watch=1", "watch=true", "&", "=", "limit=-1", "limit=1e9", "continue=e30", "resourceVersion=NaN",
  "timeoutSeconds=0", "labelSelector=a==b==c", "dryRun=All", "readyz", "streamjob/address", "port=99999999", "jobs", "overview",
  "checkpoints", "savepoints", "stop", "metrics", "healthz", "0123456789abcdef0123456789abcdef", "__proto__", "constructor",
];
// biome-ignore format: a list of bodies
const bodies = [
  "", "{", "{}", "[]", "null", "1", "\u0000", "- &a [*a]", "a: &a\n  b: *a", "\ufeff{}", '{"__proto__":{"x":1}}', '{"kind":"Pod"}',
  '{"metadata":"no"}', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"g","labels":7,"ownerReferences":[1,null]}}',
  '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"g","namespace":"default"},"spec":{"containers":[{"name":1,"args":"x"}]}}',
  '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"h","namespace":"default"},"spec":{"containers":"no","volumes":[7,null]}}',
  '{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"s","namespace":"default"},"spec":{"replicas":"many"}}',
  '{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"t","namespace":"default"},"spec":{"replicas":1,"serviceName":"t","selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i","env":[null]}]}}}}',
  '{"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"default"},"series":3,"involvedObject":[]}',
  `{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`, "x".repeat(100_000),
];
// biome-ignore format: a list of headers
const headers = [
  "Host: 127.0.0.1", "Host:", "Host: a b", "Content-Type: application/merge-patch+json", "Content-Type: application/apply-patch+yaml",
  "Content-Type: application/json", "Content-Length: 5", "Content-Length: -1", "Transfer-Encoding: chunked", "Expect: 100-continue",
  "Expect: nonsense", "Connection: upgrade", "Upgrade: websocket", "Origin: http://evil", "X: \u0001", "Authorization: Bearer é", ": x",
  `X-Long: ${"y".repeat(20_000)}`, "User-Agent: ", "Cookie: a=b",
];

export type GarbageOptions = {
  readonly random: Random;
  /** Sent with most requests, so that they come further. */
  readonly authorization?: string;
};

/** One request; many are no HTTP at all. */
export function garbageRequest({ random, authorization }: GarbageOptions): Buffer {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const some = (most: number): number => Math.floor(random.next() * (most + 1));
  const target = Array.from({ length: 1 + some(7) }, () => pick(parts)).join(random.next() < 0.5 ? "/" : "");
  const body = pick(bodies);
  const lines = [
    `${pick(methods)} ${random.next() < 0.8 ? "/" : ""}${target} HTTP/1.${some(1)}`,
    ...(random.next() < 0.7 ? ["Host: 127.0.0.1"] : []),
    ...(authorization !== undefined && random.next() < 0.8 ? [`Authorization: ${authorization}`] : []),
    ...(random.next() < 0.7 ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
    ...Array.from({ length: some(3) }, () => pick(headers)),
  ];
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, random.next() < 0.9 ? "utf8" : "latin1");
  if (random.next() < 0.8) return bytes;
  for (let flips = some(8); flips >= 0; flips--) bytes[some(bytes.length - 1)] = some(255);
  return random.next() < 0.5 ? bytes : bytes.subarray(0, some(bytes.length));
}

/** Sends the bytes and ends; resolves when the other side has said something, or closed. */
export function sendBytes(port: number, bytes: Uint8Array, host = "127.0.0.1"): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (): void => {
      socket.destroy();
      resolve();
    };
    for (const event of ["data", "end", "close", "error"]) socket.once(event, done);
    socket.end(bytes);
  });
}

/** Sends them all, a few at a time. */
export async function sendAll(port: number, all: readonly Uint8Array[], host?: string): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await sendBytes(port, next, host);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
