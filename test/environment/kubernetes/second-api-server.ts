/**
 * Owns: the part of a second kube-apiserver before the etcd of a test cluster, which a test kills (control.ts) while the first one goes on.
 *
 * KSA1 The authority, people and keys of the cluster are the first server's; its certificate is a copy, so that a test can replace it.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Part } from "../part.ts";
import { type ApiServer, apiServerPart, expectHealth } from "./api-server.ts";
import { type ApiServerFolder, apiServerArguments, auditPolicy } from "./arguments.ts";
import { apiServerBinary } from "./binaries.ts";
import { makeServerCertificate } from "./credentials.ts";
import { etcdPart } from "./etcd.ts";

type SecondApiServer = {
  readonly url: string;
  readonly etcdUrl: string;
  readonly first: ApiServer;
  /** One line of JSON for each request to this server. */
  readonly auditLogPath: string;
  readonly certificatePath: string;
  readonly keyPath: string;
};

export const secondApiServerPart: Part<SecondApiServer> = {
  name: "kube-apiserver-2",
  binary: apiServerBinary,
  launch: async ({ folder, freePort, need }) => {
    const [etcd, first, port] = await Promise.all([need(etcdPart), need(apiServerPart), freePort()]);
    const files: ApiServerFolder = {
      certificates: join(folder, "made-by-server"),
      auditLog: join(folder, "audit.log"),
      auditPolicy: join(folder, "audit-policy.yaml"),
    };
    await mkdir(files.certificates);
    writeFileSync(files.auditPolicy, stringify(auditPolicy));
    const own = { serverCertificate: join(folder, "server.crt"), serverKey: join(folder, "server.key") };
    copyFileSync(first.files.serverCertificate, own.serverCertificate);
    copyFileSync(first.files.serverKey, own.serverKey);
    return {
      args: apiServerArguments(etcd.url, port, files, { ...first.files, ...own }),
      gives: {
        url: `https://127.0.0.1:${port}`,
        etcdUrl: etcd.url,
        first,
        auditLogPath: files.auditLog,
        certificatePath: own.serverCertificate,
        keyPath: own.serverKey,
      },
    };
  },
  check: ({ url, first }) => expectHealth(`${url}/readyz`, first.ca),
};

/** Gives it a certificate of another authority; it takes that while it runs. Returns the authority's PEM. */
export async function changeAuthority({ certificatePath, keyPath }: SecondApiServer): Promise<string> {
  const made = await makeServerCertificate(`${certificatePath}.other`);
  copyFileSync(made.keyPath, keyPath);
  copyFileSync(made.certificatePath, certificatePath);
  return readFileSync(made.authorityPath, "utf8");
}
