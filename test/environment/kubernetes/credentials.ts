/**
 * Owns: who is who in a cluster for tests: an authority of its own, the API server's certificate, keys of service accounts, and people,
 * with a token and a client certificate each.
 * Does not own: what they may do (RBAC), where the server listens. Called by: api-server.ts.
 *
 * TCR1 Everything lies in one folder that only its owner can read, and is good for a year: it goes with the cluster.
 */
import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makePrivateFolder, PRIVATE_FILE } from "../../../base/index.ts";

/** Who may everything: the group that RBAC lets through, whatever is bound. */
const EVERYTHING = "system:masters";

type Identity = { readonly user: string; readonly group: string };

/**
 * People of a test cluster, as Kubernetes knows them. `operator` may nothing until a test binds a role to it; those that begin with
 * `system:` may what Kubernetes itself grants them.
 */
const identities = {
  admin: { user: "admin", group: EVERYTHING },
  // Who asks kubelets in the API server's name.
  "kubelet-client": { user: "kubelet-client", group: EVERYTHING },
  "controller-manager": { user: "controller-manager", group: EVERYTHING },
  scheduler: { user: "system:kube-scheduler", group: "" },
  proxy: { user: "system:kube-proxy", group: "" },
  "node-a": { user: "system:node:node-a", group: "system:nodes" },
  "node-b": { user: "system:node:node-b", group: "system:nodes" },
  operator: { user: "operator", group: "" },
} as const satisfies Readonly<Record<string, Identity>>;

export type UserName = keyof typeof identities;

export type User = {
  readonly name: UserName;
  readonly token: string;
  readonly certificatePath: string;
  readonly keyPath: string;
};

/** Paths. */
export type CredentialFiles = {
  readonly ca: string;
  /** Of every server of the cluster: they all listen on 127.0.0.1. */
  readonly serverCertificate: string;
  readonly serverKey: string;
  /** Of who asks kubelets in the API server's name. */
  readonly kubeletClientCertificate: string;
  readonly kubeletClientKey: string;
  /** Signs tokens of service accounts. */
  readonly serviceAccountKey: string;
  /** Lines of `token,user,uid,"groups"`, as kube-apiserver reads them. */
  readonly tokens: string;
};

export type Credentials = {
  /** PEM of the authority. */
  readonly ca: string;
  readonly files: CredentialFiles;
  readonly users: Readonly<Record<UserName, User>>;
};

export const userNames = Object.keys(identities) as readonly UserName[];
const run = promisify(execFile);

/** Makes them anew in `folder`. Throws when `openssl` cannot be run. */
export async function makeCredentials(folder: string): Promise<Credentials> {
  await makePrivateFolder(folder);
  const file = (name: string): string => join(folder, name);
  const files: CredentialFiles = {
    ca: file("ca.crt"),
    serverCertificate: file("server.crt"),
    serverKey: file("server.key"),
    kubeletClientCertificate: file("kubelet-client.crt"),
    kubeletClientKey: file("kubelet-client.key"),
    serviceAccountKey: file("service-accounts.key"),
    tokens: file("tokens.csv"),
  };
  const authority = { certificatePath: files.ca, keyPath: file("ca.key") };
  await makeAuthority(authority);
  await makeServer({ certificatePath: files.serverCertificate, keyPath: files.serverKey }, authority);
  const users = await Promise.all(userNames.map((name) => makeUser(name, folder, authority)));
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  await writeFile(files.serviceAccountKey, privateKey.export({ type: "sec1", format: "pem" }), { mode: PRIVATE_FILE });
  const lines = users.map(
    ({ name, token }) => `${token},${identities[name].user},uid-${name},"${identities[name].group}"`,
  );
  await writeFile(files.tokens, `${lines.join("\n")}\n`, { mode: PRIVATE_FILE });
  return {
    ca: await readFile(files.ca, "utf8"),
    files,
    users: Object.fromEntries(users.map((user) => [user.name, user])) as Record<UserName, User>,
  };
}

/** Makes an authority and a certificate for the API server in `folder`: paths. */
export async function makeServerCertificate(folder: string): Promise<Certificate & { readonly authorityPath: string }> {
  await makePrivateFolder(folder);
  const authority = { certificatePath: join(folder, "ca.crt"), keyPath: join(folder, "ca.key") };
  const server = { certificatePath: join(folder, "server.crt"), keyPath: join(folder, "server.key") };
  await makeAuthority(authority);
  await makeServer(server, authority);
  return { ...server, authorityPath: authority.certificatePath };
}

const makeAuthority = (authority: Certificate): Promise<void> =>
  makeCertificate(authority, null, "/CN=streamjob-test-ca", [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
  ]);

const makeServer = (server: Certificate, authority: Certificate): Promise<void> =>
  makeCertificate(server, authority, "/CN=kube-apiserver", [
    "basicConstraints=critical,CA:FALSE",
    "extendedKeyUsage=serverAuth",
    // The second address: the Service `kubernetes`, by which pods know the server.
    "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc",
  ]);

type Certificate = { readonly certificatePath: string; readonly keyPath: string };

async function makeUser(name: UserName, folder: string, authority: Certificate): Promise<User> {
  const certificate = { certificatePath: join(folder, `${name}.crt`), keyPath: join(folder, `${name}.key`) };
  const { user, group } = identities[name];
  const organization = group === "" ? "" : `/O=${group}`;
  await makeCertificate(certificate, authority, `${organization}/CN=${user}`, [
    "basicConstraints=critical,CA:FALSE",
    "extendedKeyUsage=clientAuth",
  ]);
  return { name, token: randomBytes(16).toString("hex"), ...certificate };
}

/** `issuer` null: it signs itself. */
async function makeCertificate(
  { certificatePath, keyPath }: Certificate,
  issuer: Certificate | null,
  subject: string,
  extensions: readonly string[],
): Promise<void> {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "365"];
  if (issuer !== null) args.push("-CA", issuer.certificatePath, "-CAkey", issuer.keyPath);
  args.push("-subj", subject, "-keyout", keyPath, "-out", certificatePath);
  for (const extension of extensions) args.push("-addext", extension);
  try {
    await run("openssl", args);
  } catch (cause) {
    throw new Error("openssl could not make a certificate: install openssl 3.0 or later", { cause });
  }
}
