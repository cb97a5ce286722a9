/**
 * Owns: what a kubeconfig says, where kubectl and the library differ: paths, several files, token files, plugins. Pure.
 * Does not own: reading files, and what is made of it (cluster-credentials.ts).
 *
 * KCD1 Of several files the first that names something counts, as with kubectl; the library refuses such files.
 * KCD2 A path, also that of a plugin, is relative to the folder of its file.
 * KCD3 `tokenFile` is read anew as it changes, and counts before `token`, as with kubectl; the library does not know it.
 * KCD4 A plugin is told about its cluster in KUBERNETES_EXEC_INFO, as Kubernetes promises; the library does not tell it.
 */
import { isAbsolute, join } from "node:path";
import { z } from "zod";

const named = z.looseObject({ name: z.string().min(1) });
const text = z.string().nullish();

const clusterSchema = named.extend({
  cluster: z.looseObject({ server: z.string().min(1), "certificate-authority": text }),
});
const execSchema = z.looseObject({
  apiVersion: z.string().min(1),
  command: z.string().min(1),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().nullish(),
});
const userSchema = named.extend({
  user: z
    .looseObject({
      exec: execSchema.nullish(),
      tokenFile: text,
      token: text,
      "client-certificate": text,
      "client-key": text,
    })
    .nullish(),
});
const contextSchema = named.extend({
  context: z.looseObject({ cluster: z.string(), user: z.string().nullish(), namespace: text }),
});
const documentSchema = z.looseObject({
  clusters: z.array(clusterSchema).nullish(),
  users: z.array(userSchema).nullish(),
  contexts: z.array(contextSchema).nullish(),
  "current-context": text,
});

type Cluster = z.output<typeof clusterSchema>;
type User = z.output<typeof userSchema>;

export type KubeconfigDocument = {
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly z.output<typeof contextSchema>[];
  readonly "current-context": string | null;
};

/** What one file says, every path absolute. Throws an error that says what is wrong. */
export function parseKubeconfig(value: unknown, folder: string): KubeconfigDocument {
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Error(`field "${issue?.path.join(".") ?? ""}": ${issue?.message ?? ""}`);
  }
  const { clusters, users, contexts } = parsed.data;
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  return {
    clusters: (clusters ?? []).map((each) => ({
      ...each,
      cluster: withPaths(each.cluster, ["certificate-authority"], absolute),
    })),
    users: (users ?? []).map((each) => ({ ...each, user: placedUser(each.user ?? {}, absolute) })),
    contexts: contexts ?? [],
    "current-context": parsed.data["current-context"] ?? null,
  };
}

/** One document of several (KCD1). */
export function mergeKubeconfigs(documents: readonly KubeconfigDocument[]): KubeconfigDocument {
  const firstOfEach = <T extends { readonly name: string }>(entries: readonly T[]): readonly T[] => [
    ...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values(),
  ];
  return {
    clusters: firstOfEach(documents.flatMap(({ clusters }) => clusters)),
    users: firstOfEach(documents.flatMap(({ users }) => users)),
    contexts: firstOfEach(documents.flatMap(({ contexts }) => contexts)),
    "current-context":
      documents.map((each) => each["current-context"]).find((name) => name !== null && name !== "") ?? null,
  };
}

/** What one context means: where, and as whom. */
export type ContextFields = {
  readonly name: string;
  readonly cluster: Cluster["cluster"];
  readonly user: UserFields;
  readonly namespace: string | null;
};

/** One context of a document. Throws an error that says what is missing. */
export function contextFields(document: KubeconfigDocument, context: string): ContextFields {
  const { context: chosen } = entryOf("context", document.contexts, context);
  const { cluster } = entryOf("cluster", document.clusters, chosen.cluster);
  const user = chosen.user ?? "";
  const fields = user === "" ? {} : (entryOf("user", document.users, user).user ?? {});
  const namespace = chosen.namespace?.trim() ?? "";
  return { name: context, cluster, user: fields, namespace: namespace === "" ? null : namespace };
}

/** The same in the form that the library reads as kubectl would. */
export function forLibrary({ name, cluster, user, namespace }: ContextFields): object {
  // Without TLS there is nothing to verify; the library wants to be told.
  const unverified = cluster.server.startsWith("http://") ? { "insecure-skip-tls-verify": true } : {};
  return {
    clusters: [{ name, cluster: { ...cluster, ...unverified } }],
    users: [{ name, user: userForLibrary(user, cluster) }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === null ? {} : { namespace }) } }],
    "current-context": name,
  };
}

function entryOf<T extends { readonly name: string }>(what: string, entries: readonly T[], name: string): T {
  const entry = entries.find((each) => each.name === name);
  if (entry !== undefined) return entry;
  const known = entries.map((each) => each.name).join(", ");
  throw new Error(`it has no ${what} ${JSON.stringify(name)}; it has ${known === "" ? "none" : known}`);
}

type UserFields = NonNullable<User["user"]>;

function userForLibrary(user: UserFields, cluster: Cluster["cluster"]): object {
  const { tokenFile, token, exec, ...rest } = user;
  if (tokenFile !== undefined && tokenFile !== null && tokenFile !== "") {
    return { ...rest, "auth-provider": { name: "tokenFile", config: { tokenFile } } };
  }
  if (exec === undefined || exec === null) return { ...rest, ...(token === undefined ? {} : { token }) };
  const info = {
    kind: "ExecCredential",
    apiVersion: exec.apiVersion,
    spec: { interactive: false, ...(exec.provideClusterInfo === true ? { cluster } : {}) },
  };
  const env = [...(exec.env ?? []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }];
  return { ...rest, exec: { ...exec, env } };
}

function placedUser(user: UserFields, absolute: (path: string) => string): UserFields {
  const { exec } = user;
  const placed = withPaths(user, ["client-certificate", "client-key", "tokenFile"], absolute);
  // A name without a slash is looked up in PATH.
  if (exec === undefined || exec === null || !exec.command.includes("/")) return placed;
  return { ...placed, exec: { ...exec, command: absolute(exec.command) } };
}

function withPaths<T extends object>(value: T, names: readonly string[], absolute: (path: string) => string): T {
  const places = names.flatMap((name) => {
    const path = (value as Readonly<Record<string, unknown>>)[name];
    return typeof path === "string" && path !== "" ? [[name, absolute(path)] as const] : [];
  });
  return { ...value, ...Object.fromEntries(places) };
}
