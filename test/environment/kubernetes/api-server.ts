/** Owns: the part kube-apiserver, with its authority, its people and a kubeconfig for each. */
import { mkdir, writeFile } from "node:fs/promises";
import { Agent, get } from "node:https";
import { join } from "node:path";
import { stringify } from "yaml";
import { PRIVATE_FILE } from "../../../base/index.ts";
import type { Part } from "../part.ts";
import { type ApiServerFolder, apiServerArguments, auditPolicy } from "./arguments.ts";
import { apiServerBinary } from "./binaries.ts";
import { type CredentialFiles, makeCredentials, type UserName, userNames } from "./credentials.ts";
import { etcdPart } from "./etcd.ts";
import { kubeconfigText } from "./kubeconfig.ts";

export type ApiServer = {
  readonly url: string;
  /** PEM of the authority. */
  readonly ca: string;
  /** By user: a bearer token, and the path of a kubeconfig with a client certificate. */
  readonly tokens: Readonly<Record<UserName, string>>;
  readonly kubeconfigs: Readonly<Record<UserName, string>>;
  /** What servers of the same cluster share. */
  readonly files: CredentialFiles;
  /** One line of JSON for each request. */
  readonly auditLogPath: string;
};

export const apiServerPart: Part<ApiServer> = {
  name: "kube-apiserver",
  address: { variable: "STREAMJOB_TEST_KUBE_APISERVER", parse: (json) => JSON.parse(json) as ApiServer },
  binary: apiServerBinary,
  launch: async ({ folder, freePort, need }) => {
    const [etcd, credentials, port] = await Promise.all([
      need(etcdPart),
      makeCredentials(join(folder, "credentials")),
      freePort(),
    ]);
    const url = `https://127.0.0.1:${port}`;
    const files: ApiServerFolder = {
      certificates: join(folder, "made-by-server"),
      auditLog: join(folder, "audit.log"),
      auditPolicy: join(folder, "audit-policy.yaml"),
    };
    await mkdir(files.certificates);
    await writeFile(files.auditPolicy, stringify(auditPolicy));
    const kubeconfigs = await Promise.all(
      userNames.map(async (name): Promise<[UserName, string]> => {
        const path = join(folder, "credentials", `${name}.kubeconfig`);
        await writeFile(path, await kubeconfigText(url, credentials, name), { mode: PRIVATE_FILE });
        return [name, path];
      }),
    );
    return {
      args: apiServerArguments(etcd.url, port, files, credentials.files),
      gives: {
        url,
        ca: credentials.ca,
        tokens: Object.fromEntries(
          userNames.map((name) => [name, credentials.users[name].token]),
        ) as ApiServer["tokens"],
        kubeconfigs: Object.fromEntries(kubeconfigs) as ApiServer["kubeconfigs"],
        files: credentials.files,
        auditLogPath: files.auditLog,
      },
    };
  },
  summary: ({ url, kubeconfigs }) => `${url}, KUBECONFIG=${kubeconfigs.admin}`,
  check: ({ url, ca }) => expectHealth(`${url}/readyz`, ca),
};

/** Throws unless the address is answered with 200. `servername`: whom the certificate is to name, where that is not the address. */
export async function expectHealth(address: string, ca: string, servername?: string): Promise<void> {
  const agent = new Agent({ ca, ...(servername === undefined ? {} : { servername }) });
  try {
    const code = await new Promise<number | undefined>((resolve, reject) => {
      const request = get(address, { agent, timeout: 5000 }, (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode));
      });
      request.once("timeout", () => request.destroy(new Error("no answer within 5 s")));
      request.once("error", reject);
    });
    if (code !== 200) throw new Error(`${address} answers ${code}`);
  } finally {
    agent.destroy();
  }
}
