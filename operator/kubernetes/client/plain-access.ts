/**
 * Owns: a service account, a token, a client certificate: what is said in plain of a cluster and of who asks it.
 * Called by: open-access.ts. What is not plain is the library's (library-access.ts).
 *
 * PLA1 They need no library, which takes a second of processor time and 80 MB: an operator in a pod would never get anything for it, and
 *     every command of a person would wait for it.
 * PLA2 Whatever else a kubeconfig has in it (plugins, OIDC, proxies, passwords, impersonation, and what is not known here) is the
 *     library's: a field is never passed over.
 */
import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import type { ClusterAccess } from "./cluster-access.ts";
import type { ContextFields } from "./kubeconfig-document.ts";

const PLAIN_CLUSTER: ReadonlySet<string> = new Set([
  "server",
  "certificate-authority",
  "certificate-authority-data",
  "insecure-skip-tls-verify",
  "tls-server-name",
  // Notes of tools, which mean nothing to clients.
  "extensions",
]);
const PLAIN_USER: ReadonlySet<string> = new Set([
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
  "token",
  "tokenFile",
  "extensions",
]);

/** PLA2 */
export function isPlain({ cluster, user }: ContextFields): boolean {
  const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && value !== false;
  const saysOnly = (fields: object, known: ReadonlySet<string>): boolean =>
    Object.entries(fields).every(([name, value]) => known.has(name) || !isSaid(value));
  return saysOnly(cluster, PLAIN_CLUSTER) && saysOnly(user, PLAIN_USER);
}

/** PLA1. Files are read when the first request is about to be made. */
export function plainAccess({ name, cluster, user, namespace }: ContextFields): ClusterAccess {
  const textOf = (fields: object, field: string): string | null => {
    const value = (fields as Readonly<Record<string, unknown>>)[field];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const [ca, cert, key, tokenFile] = [
    textOf(cluster, "certificate-authority"),
    textOf(user, "client-certificate"),
    textOf(user, "client-key"),
    textOf(user, "tokenFile"),
  ];
  // As kubectl has it: data counts before a file of the same.
  const contents = (path: string | null, data: string | null): string | undefined => {
    if (data !== null) return Buffer.from(data, "base64").toString("utf8");
    return path === null ? undefined : readFileSync(path, "utf8");
  };
  const read = (): RequestOptions => {
    const token = tokenFile === null ? textOf(user, "token") : readFileSync(tokenFile, "utf8").trim();
    const isUnverified = (cluster as Readonly<Record<string, unknown>>)["insecure-skip-tls-verify"] === true;
    const tls = {
      ca: contents(ca, textOf(cluster, "certificate-authority-data")),
      cert: contents(cert, textOf(user, "client-certificate-data")),
      key: contents(key, textOf(user, "client-key-data")),
      servername: textOf(cluster, "tls-server-name") ?? undefined,
      rejectUnauthorized: isUnverified ? false : undefined,
    };
    const said = Object.entries(tls).filter(([, value]) => value !== undefined);
    return { headers: token === null ? {} : { Authorization: `Bearer ${token}` }, ...Object.fromEntries(said) };
  };
  let options: RequestOptions | null = null;
  return {
    facts: { baseUrl: cluster.server, namespace, context: name },
    files: [ca, cert, key, tokenFile].filter((path) => path !== null),
    hasProxy: false,
    options: async () => (options ??= read()),
  };
}
