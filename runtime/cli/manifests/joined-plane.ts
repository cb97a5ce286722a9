/**
 * Owns: the control plane that `run` works with: the one of the home folder that runs already, or one in this process.
 *
 * JP1 There is one per home folder. A second `run` gives its manifests to the first one's, and tells their story; its end ends nothing
 *     but that.
 */
import { join } from "node:path";
import type { KubernetesApi } from "../../../operator/kubernetes/index.ts";
import { createLog, StreamError } from "../../base/index.ts";
import { startControlPlane } from "../control-plane/control-plane.ts";
import type { HomeFolder } from "../home-folder.ts";
import type { Terminal } from "../terminal.ts";
import { findControlPlane, type OpenControlPlane, openControlPlane } from "./open-control-plane.ts";

export type JoinedPlane = {
  readonly api: KubernetesApi;
  /** Whether it is in this process. */
  readonly isOwn: boolean;
  readonly pid: number;
  readonly isAlive: () => boolean;
  /** Own: ends its processes in order, and leaves the objects. Another's: only lets go of it. */
  stop(): Promise<void>;
  /** Own: ends its processes at once. */
  kill(): Promise<void>;
};

/** Errors: those of `startControlPlane`. */
export async function joinControlPlane(home: HomeFolder, terminal: Terminal): Promise<JoinedPlane> {
  const running = findControlPlane(home, terminal);
  if (running !== null) return joined(running);
  const log = createLog(
    { process: "control-plane", pid: process.pid },
    {
      file: join(home.controlPlane, "control-plane.log"),
      onTrouble: (error) =>
        terminal.say(`The control plane's log cannot be written: ${(error as Error).message}; jobs go on.`),
    },
  );
  try {
    const plane = await startControlPlane({ folder: home.controlPlane, log });
    return {
      api: plane.api,
      isOwn: true,
      pid: process.pid,
      isAlive: () => true,
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
