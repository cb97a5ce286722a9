/**
 * Owns: the way to a control plane that runs: the one place that knows where an API server is to be found: the embedded one of the home
 * folder, by its endpoint file; a cluster's, by a kubeconfig.
 *
 * OCP1 Pods of a cluster cannot be reached from here: what only a JobManager knows is shown as its object says, or as not known.
 */
import { type JobManagerApi } from "../../operator/engine/index.ts";
import { createHttpJobManagerApi } from "../../operator/engine-native/index.ts";
import { connectKubernetes, fixedCredentials, HttpKubernetesApi } from "../../operator/kubernetes/client/index.ts";
import { type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { withRetriedReads } from "../../operator/kubernetes/machinery/index.ts";
import { type Clock, type Random, StreamError } from "../../base/index.ts";
import { isOwnerAlive, readEndpoint, remoteAddressOf } from "../../main/control-plane/index.ts";
import type { HomeFolder } from "../jobs/home-folder.ts";
import type { ClusterChoice } from "./manifest-command.ts";

/** Who sends manifests and changes fields for a person. */
export const FIELD_MANAGER = "streamjob-cli";

/** How long a read is tried again: a control plane that is busy for a moment is no reason to give up. */
const RETRY_MS = 10_000;

type Surroundings = { readonly clock: Clock; readonly random: Random };

export type OpenCluster = {
  readonly api: KubernetesApi;
  readonly jobManagers: JobManagerApi;
  /** Of commands that name none. */
  readonly namespace: string;
  readonly isLocal: boolean;
  /** Whether it can still be there. */
  isAlive(): boolean;
  close(): void;
};

export type OpenControlPlane = OpenCluster & {
  /** Process of the embedded control plane. */
  readonly pid: number;
};

/** null: none runs on this home folder. */
export function findControlPlane(home: HomeFolder, surroundings: Surroundings): OpenControlPlane | null {
  const endpoint = readEndpoint(home.controlPlane);
  if (endpoint === null || endpoint.url === null || endpoint.token === null) return null;
  const isAlive = (): boolean => isOwnerAlive(endpoint, home.controlPlane);
  if (!isAlive()) return null;
  const { url: baseUrl, token, pid } = endpoint;
  const { clock, random } = surroundings;
  const credentials = fixedCredentials(baseUrl, token);
  const http = new HttpKubernetesApi({ baseUrl, credentials, clock, fieldManager: FIELD_MANAGER });
  const api = withRetriedReads(http, { clock, random, deadlineMs: RETRY_MS });
  const jobManagers = createHttpJobManagerApi({ clock, addressOf: remoteAddressOf({ baseUrl, credentials, clock }) });
  const close = (): void => {
    jobManagers.close();
    credentials.close();
  };
  return { api, jobManagers, namespace: "default", isLocal: true, pid, isAlive, close };
}

/** Asks nothing yet. Errors: KUBECONFIG_INVALID, KUBERNETES_CLIENT_MISSING. */
export async function openCluster(choice: ClusterChoice, { clock, random }: Surroundings): Promise<OpenCluster> {
  const { kubeconfig, context } = choice;
  const connection = await connectKubernetes({
    clock,
    fieldManager: FIELD_MANAGER,
    ...(kubeconfig === null ? {} : { kubeconfig }),
    ...(context === null ? {} : { context }),
  });
  const jobManagers = createHttpJobManagerApi({ clock, addressOf: async () => null });
  return {
    api: withRetriedReads(connection.api, { clock, random, deadlineMs: RETRY_MS }),
    jobManagers,
    namespace: connection.namespace,
    isLocal: false,
    isAlive: () => true,
    close: () => {
      jobManagers.close();
      connection.close();
    },
  };
}

/** Errors: CONTROL_PLANE_UNAVAILABLE. */
export function openControlPlane(home: HomeFolder, surroundings: Surroundings): OpenControlPlane {
  const found = findControlPlane(home, surroundings);
  if (found !== null) return found;
  const endpoint = readEndpoint(home.controlPlane);
  const why =
    endpoint !== null && isOwnerAlive(endpoint, home.controlPlane)
      ? `the control plane of ${home.root} is starting (pid ${endpoint.pid}): try again in a moment`
      : `no control plane runs on ${home.root}: start one with \`streamjob up\` or \`streamjob run <manifest>\`, or set STREAMJOB_HOME to the folder of a running one`;
  throw new StreamError("CONTROL_PLANE_UNAVAILABLE", why, { destiny: "retry" });
}
