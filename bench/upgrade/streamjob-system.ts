/**
 * Owns: the ways in which StreamJob upgrades the word count in an embedded cluster: with pods that stand by, and without.
 * Not here: the cluster (cli's control plane), the edit (edited-manifest.ts), the job (job.ts).
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StreamJob } from "../../crds/index.ts";
import { createLog } from "../../base/index.ts";
import { startControlPlane } from "../../main/control-plane/index.ts";
import { applyUntilReady } from "./edited-manifest.ts";
import { type RunningSystem, timesFolder, type UpgradedSystem, type UpgradePlan } from "./upgraded-system.ts";

const JOB = fileURLToPath(new URL("./job.ts", import.meta.url));
const KEY = { namespace: "default", name: "words" };

type Standby = "warm" | "cold";

export const streamJobWarm: UpgradedSystem = { name: "warm", start: (plan, folder) => start(plan, "warm", folder) };
export const streamJobCold: UpgradedSystem = { name: "cold", start: (plan, folder) => start(plan, "cold", folder) };

async function start(plan: UpgradePlan, standby: Standby, folder: string): Promise<RunningSystem> {
  const log = createLog({ process: "bench" }, { file: join(folder, "control-plane.log") });
  const plane = await startControlPlane({ folder: join(folder, "plane"), log });
  const upgrade = (version: number) =>
    applyUntilReady(plane.api, manifest(plan, standby, timesFolder(folder), version));
  try {
    await upgrade(0);
  } catch (error) {
    await plane.stop();
    throw error;
  }
  return { upgrade, stop: () => plane.stop() };
}

function manifest({ rate, parallelism }: UpgradePlan, standby: Standby, times: string, version: number): StreamJob {
  return {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: KEY,
    spec: {
      job: { module: JOB, args: [String(rate), times, `v${version}`] },
      parallelism,
      taskManager: { replicas: Math.min(2, parallelism) },
      checkpoints: { interval: "1s" },
      upgrade: { standby, stability: { window: "500ms" } },
    },
  };
}
