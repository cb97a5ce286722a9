/**
 * Owns: the way to a control plane that runs: the one place that knows where an API server is to be found: the embedded one of the home
 * folder, by its endpoint file; a cluster's, by a kubeconfig.
 *
 * OCP1 Pods of a cluster are reached through its API server, with the rights of the person (pod-connections.ts): what only a JobManager knows
 *     is shown as it is now. Without these rights it is shown as its object says, or as not known.
 */
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { type JobManagerApi } from "../../operator/engine/index.ts";
import { createHttpJobManagerApi } from "../../operator/engine-native/index.ts";
import {
  connectKubernetes,
  fixedCredentials,
  HttpKubernetesApi,
  PortForwarder,
} from "../../operator/kubernetes/client/index.ts";
import { ApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { withRetriedReads } from "../../operator/kubernetes/machinery/index.ts";
import { type Clock, type Random, StreamError } from "../../base/index.ts";
import { isOwnerAlive, readEndpoint, remoteAddressOf } from "../../main/control-plane/index.ts";
import type { HomeFolder } from "../jobs/home-folder.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { ClusterChoice } from "./manifest-command.ts";
import { PodConnections } from "./pod-connections.ts";

/** Who sends manifests and changes fields for a person. */
export const FIELD_MANAGER = "streamjob-cli";

/** How long a read is tried again: a control plane that is busy for a moment is no reason to give up. */
const RETRY_MS = 10_000;

/** A JobManager behind an API server: three servers, one of them far away. */
const REMOTE_DEADLINE_MS = 10_000;

type Surroundings = { readonly clock: Clock; readonly random: Random };

export type OpenCluster = {
  readonly api: KubernetesApi;
  readonly jobManagers: JobManagerApi;
  /** A connection to a port of a pod, by its host name. Errors: StreamError, with what is missing. */
  readonly connect: (host: string, port: number) => Promise<Duplex>;
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
  const addressOf = remoteAddressOf({ baseUrl, credentials, clock });
  const jobManagers = createHttpJobManagerApi({ clock, addressOf });
  const connect = async (host: string, port: number): Promise<Duplex> =>
    connectByAddress(await addressOf(host, port), host);
  const close = (): void => {
    jobManagers.close();
    credentials.close();
  };
  return { api, jobManagers, connect, namespace: "default", isLocal: true, pid, isAlive, close };
}

function connectByAddress(address: string | null, host: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const unreachable = (why: string): void => reject(new ApiError("Unavailable", `${host} cannot be reached: ${why}`));
    if (address === null) return unreachable("no such pod runs");
    const { hostname, port } = new URL(address);
    const socket = connectTcp({ host: hostname, port: Number(port) });
    socket.once("error", (error) => unreachable(error.message));
    socket.once("connect", () => resolve(socket.removeAllListeners("error")));
  });
}

/** Asks nothing yet. Errors: KUBECONFIG_INVALID, KUBERNETES_CLIENT_MISSING. */
export async function openCluster(choice: ClusterChoice, terminal: Terminal): Promise<OpenCluster> {
  const { clock, random } = terminal;
  const { kubeconfig, context } = choice;
  const connection = await connectKubernetes({
    clock,
    fieldManager: FIELD_MANAGER,
    ...(kubeconfig === null ? {} : { kubeconfig }),
    ...(context === null ? {} : { context }),
  });
  const { baseUrl, credentials } = connection;
  const forwarder = new PortForwarder({ baseUrl, clock, credentials, userAgent: FIELD_MANAGER });
  const pods = new PodConnections(forwarder, (text) => terminal.say(terminal.colors.yellow(text)));
  const connect = (host: string, port: number): Promise<Duplex> => pods.open(host, port);
  const jobManagers = createHttpJobManagerApi({
    clock,
    connect,
    addressOf: () => null,
    deadlineMs: REMOTE_DEADLINE_MS,
  });
  return {
    api: withRetriedReads(connection.api, { clock, random, deadlineMs: RETRY_MS }),
    jobManagers,
    connect,
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
