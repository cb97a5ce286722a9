/**
 * Owns: the way to a cluster: which kubeconfig or service account is meant, and the port that speaks with it.
 * Called by: the operator's process, the command line, tests.
 *
 * KCO1 The file that is named counts; else those of KUBECONFIG; else the service account, in a pod; else `~/.kube/config`.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { type Clock, environmentVariable, StreamError } from "../../../base/index.ts";
import type { CredentialSource } from "./cluster-access.ts";
import { ClusterCredentials } from "./cluster-credentials.ts";
import type { Credentials } from "./credentials.ts";
import { HttpKubernetesApi, type HttpKubernetesApiOptions } from "./http-api.ts";

export type ConnectOptions = Pick<HttpKubernetesApiOptions, "fieldManager" | "requestTimeoutMs" | "watchTimeoutMs"> & {
  readonly clock: Clock;
  /** Path of a kubeconfig. Absent: KCO1. */
  readonly kubeconfig?: string;
  /** Absent: the current one of the kubeconfig. */
  readonly context?: string;
  /** Absent: that of the context, else "default". */
  readonly namespace?: string;
  /** Folder before `/var/run/secrets`. Default none. */
  readonly root?: string;
};

export type KubernetesConnection = {
  readonly api: HttpKubernetesApi;
  /** Of the API server. */
  readonly baseUrl: string;
  readonly context: string;
  readonly namespace: string;
  /** For requests beside the port. */
  readonly credentials: Credentials;
  close(): void;
};

/** Connects nothing yet: the first call does. Errors: KUBECONFIG_INVALID. */
export async function connectKubernetes(options: ConnectOptions): Promise<KubernetesConnection> {
  const { clock, kubeconfig, context, namespace, root, ...more } = options;
  const source = sourceOf(kubeconfig ?? null, context ?? null, root ?? "");
  const credentials = await ClusterCredentials.open(source, clock);
  const { baseUrl, namespace: ofContext, context: chosen } = credentials.facts;
  const api = new HttpKubernetesApi({ ...more, baseUrl, clock, credentials });
  return {
    api,
    baseUrl,
    context: chosen,
    namespace: namespace ?? ofContext ?? "default",
    credentials,
    close: () => credentials.close(),
  };
}

function sourceOf(kubeconfig: string | null, context: string | null, root: string): CredentialSource {
  if (kubeconfig !== null) return { kind: "kubeconfig", paths: [kubeconfig], context };
  const paths = (environmentVariable("KUBECONFIG") ?? "").split(delimiter).filter((path) => path !== "");
  if (paths.length > 0) return { kind: "kubeconfig", paths, context };
  const isPod = existsSync(`${root}/var/run/secrets/kubernetes.io/serviceaccount/token`);
  if (isPod && environmentVariable("KUBERNETES_SERVICE_HOST") !== undefined) return { kind: "inCluster", root };
  const own = join(homedir(), ".kube", "config");
  if (existsSync(own)) return { kind: "kubeconfig", paths: [own], context };
  throw new StreamError(
    "KUBECONFIG_INVALID",
    `no cluster is named: KUBECONFIG is not set, ${own} is not there, and this process does not run in a pod with a service account`,
  );
}
