/**
 * Owns: the way to a control plane that runs: the one place that knows where an API server is to be found.
 * Today: the embedded one of the home folder, by its endpoint file. Later: a kubeconfig.
 */
import { type JobManagerApi } from "../../operator/engine/index.ts";
import { createHttpJobManagerApi } from "../../operator/engine-native/index.ts";
import { fixedCredentials, HttpKubernetesApi } from "../../operator/kubernetes/client/index.ts";
import { type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { withRetriedReads } from "../../operator/kubernetes/machinery/index.ts";
import { type Clock, type Random, StreamError } from "../../base/index.ts";
import { isOwnerAlive, readEndpoint, remoteAddressOf } from "../../main/control-plane/index.ts";
import type { HomeFolder } from "../jobs/home-folder.ts";

/** Who sends manifests and changes fields for a person. */
export const FIELD_MANAGER = "streamjob-cli";

/** How long a read is tried again: a control plane that is busy for a moment is no reason to give up. */
const RETRY_MS = 10_000;

type Surroundings = { readonly clock: Clock; readonly random: Random };

export type OpenControlPlane = {
  readonly api: KubernetesApi;
  readonly jobManagers: JobManagerApi;
  /** Process of the embedded control plane. */
  readonly pid: number;
  /** Whether that process still runs. */
  isAlive(): boolean;
  close(): void;
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
  return { api, jobManagers, pid, isAlive, close };
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
