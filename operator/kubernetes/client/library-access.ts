/**
 * Owns: users and clusters that @kubernetes/client-node knows: plugins, OIDC, passwords, impersonation, proxies. The only file that loads it.
 * Called by: open-access.ts, for what is not said in plain.
 */
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { StreamError } from "../../../base/index.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { type ContextFields, forLibrary } from "./kubeconfig-document.ts";

/** Errors: KUBERNETES_CLIENT_MISSING, and what the library says. */
export async function libraryAccess(fields: ContextFields): Promise<ClusterAccess> {
  const kube = new (await library())();
  kube.loadFromString(JSON.stringify(forLibrary(fields)));
  const cluster = kube.getCurrentCluster();
  if (cluster === null) throw new Error("it names no cluster");
  const user = kube.getCurrentUser();
  const authProvider = user?.authProvider as { readonly config?: { readonly tokenFile?: string } } | null | undefined;
  const files = [cluster.caFile, user?.certFile, user?.keyFile, authProvider?.config?.tokenFile];
  return {
    facts: { baseUrl: cluster.server, namespace: fields.namespace, context: fields.name },
    files: files.flatMap((path) => (path === undefined || path === "" ? [] : [path])),
    hasProxy: cluster.proxyUrl !== undefined && cluster.proxyUrl !== "",
    options: async () => {
      const options: RequestOptions = {};
      await kube.applyToHTTPSOptions(options);
      return options;
    },
  };
}

async function library(): Promise<new () => KubeConfig> {
  try {
    return (await import("@kubernetes/client-node")).KubeConfig;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message =
      "this kubeconfig needs the package @kubernetes/client-node (for plugins, OIDC, passwords, impersonation or a proxy), which is not installed here: run `npm install @kubernetes/client-node@2` beside streamjob";
    throw new StreamError("KUBERNETES_CLIENT_MISSING", message, { cause });
  }
}
