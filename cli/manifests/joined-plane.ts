/**
 * Owns: the control plane that `run` works with: the one of the home folder that runs already, or one in this process.
 *
 * JP1 There is one per home folder. A second `run` gives its manifests to the first one's, and tells their story; its end ends nothing
 *     but that.
 * JP2 One that lives in this process has its folder as long as the endpoint file there names it. When that has gone, or names another
 *     process, the next `run` starts the same jobs again: this one has to end, and touches nothing in the folder any more.
 */
import { statSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { createLog, sleep, StreamError } from "../../base/index.ts";
import { isOwnerAlive, readEndpoint, startControlPlane } from "../../main/control-plane/index.ts";
import type { HomeFolder } from "../jobs/home-folder.ts";
import type { Signals } from "../terminal/signals.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findControlPlane, type OpenCluster, type OpenControlPlane, openControlPlane } from "./open-control-plane.ts";

export type JoinedPlane = {
  readonly api: KubernetesApi;
  /** Whether it is in this process. */
  readonly isOwn: boolean;
  /** Of a control plane on this machine; null: a cluster. */
  readonly pid: number | null;
  /** Another's: whether its process runs. Own: whether the folder is still its own (JP2). */
  readonly isAlive: () => boolean;
  /** Own: ends its processes in order, and leaves the objects. Another's: only lets go of it. */
  stop(): Promise<void>;
  /** Own: ends its processes at once. */
  kill(): Promise<void>;
};

/** A cluster, whose control plane has nothing to do with this process. */
export function joinedCluster({ api, isAlive, close }: OpenCluster): JoinedPlane {
  return { api, isOwn: false, pid: null, isAlive, stop: async () => close(), kill: async () => close() };
}

/** Errors: those of `startControlPlane`. */
export async function joinControlPlane(home: HomeFolder, terminal: Terminal): Promise<JoinedPlane> {
  const running = findControlPlane(home, terminal);
  if (running !== null) return joined(running);
  const log = createLog(
    { process: "control-plane", pid: process.pid },
    {
      file: join(home.controlPlane, "control-plane.log"),
      onTrouble: (error) =>
        terminal.say(`The control plane's log cannot be written: ${(error as Error).message}; jobs keep running.`),
    },
  );
  try {
    const plane = await startControlPlane({ folder: home.controlPlane, log });
    return {
      api: plane.api,
      isOwn: true,
      pid: process.pid,
      isAlive: () => ownsFolder(home.controlPlane),
      stop: () => plane.stop(),
      kill: () => plane.kubelet.stop(0),
    };
  } catch (error) {
    // Two `run` at the same moment: the other one was first.
    if (!(error instanceof StreamError) || error.code !== "CONTROL_PLANE_RUNNING") throw error;
    return joined(openControlPlane(home, terminal));
  }
}

function joined({ api, pid, isAlive, close }: OpenControlPlane): JoinedPlane {
  return { api, isOwn: false, pid, isAlive, stop: async () => close(), kill: async () => close() };
}

/** JP2. What cannot be read at the moment is no proof that it has gone. */
function ownsFolder(folder: string): boolean {
  let endpoint: ReturnType<typeof readEndpoint>;
  try {
    endpoint = readEndpoint(folder);
  } catch {
    return false; // a newer program's: it has the folder
  }
  if (endpoint !== null) return endpoint.pid === process.pid && isOwnerAlive(endpoint, folder);
  try {
    return statSync(join(folder, "endpoint.json"), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** What is said when the home folder has gone under a control plane in this process (JP2). */
export function lostHomeText(home: string): string {
  return `The home folder ${home} was removed, or another process uses it now: this control plane stops, together with its pods' processes. It writes nothing more there.`;
}

/** Ends the processes at once, and this one: what a second signal asks for. */
export async function killPlane(terminal: Terminal, plane: JoinedPlane, signals: Signals): Promise<never> {
  await Promise.race([plane.kill(), sleep(terminal.clock, 1000)]);
  return process.exit(128 + constants.signals[signals.received ?? "SIGINT"]);
}
