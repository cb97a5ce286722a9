/** Owns: what a command for StreamJobs works with. */
import type { Duplex } from "node:stream";
import type { JobManagerApi } from "../../operator/engine/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import type { Terminal } from "../terminal/terminal.ts";

export type CommandContext = {
  readonly api: KubernetesApi;
  /** For what no object shows as it is now (live-facts.ts), and what the operator would ask (known-job.ts). */
  readonly jobManagers: Pick<JobManagerApi, "incarnation" | "trigger" | "preflight">;
  /** A connection to a port of a pod, by its host name. Errors: StreamError, with what is missing. */
  readonly connect: (host: string, port: number) => Promise<Duplex>;
  readonly terminal: Terminal;
  /** Whether the control plane is on this machine, so that paths of this machine mean something to it. */
  readonly isLocal: boolean;
  /** Whether the control plane is still there. */
  readonly isAlive: () => boolean;
};

/** ` -n shop` for a command that a person can copy; empty for the default namespace. */
export function namespaceFlag(namespace: string): string {
  return namespace === "default" ? "" : ` -n ${namespace}`;
}
