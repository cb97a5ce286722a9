/**
 * Owns: the two ways in which StreamJob upgrades the word count when its manifest is edited: with pods that stand by, and without.
 * Not here: the cluster (cli's control plane), the job (job.ts).
 *
 * SSY1 Each version changes the job's arguments, which costs a savepoint upgrade: the dearest kind of change.
 * SSY2 Nothing is cleverly prepared: the pods of the new version start when the manifest is applied, as on any cluster.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readStreamJobStatus, type StreamJob } from "../../crds/index.ts";
import { createLog } from "../../base/index.ts";
import { type ControlPlane, startControlPlane } from "../../main/control-plane/index.ts";
import { type RunningSystem, timesFolder, type UpgradedSystem, type UpgradePlan } from "./upgraded-system.ts";

const JOB = fileURLToPath(new URL("./job.ts", import.meta.url));
const KEY = { namespace: "default", name: "words" };

type Standby = "warm" | "cold";

export const streamJobWarm: UpgradedSystem = { name: "warm", start: (plan, folder) => start(plan, "warm", folder) };
export const streamJobCold: UpgradedSystem = { name: "cold", start: (plan, folder) => start(plan, "cold", folder) };

async function start(plan: UpgradePlan, standby: Standby, folder: string): Promise<RunningSystem> {
  const log = createLog({ process: "bench" }, { file: join(folder, "control-plane.log") });
  const plane = await startControlPlane({ folder: join(folder, "plane"), log });
  const upgrade = async (version: number): Promise<void> => {
    await apply(plane, manifest(plan, standby, timesFolder(folder), version));
    await ready(plane);
  };
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

async function apply({ api }: ControlPlane, job: StreamJob): Promise<void> {
  await api.apply("StreamJob", job, { fieldManager: "bench" });
}

/** Of the generation that the object has now. */
async function ready({ api }: ControlPlane): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    const job = await api.get("StreamJob", KEY);
    const read = readStreamJobStatus(job?.status);
    if (read.kind === "read") {
      const { conditions, phase } = read.status;
      if (phase === "Failed") throw new Error(`the job failed: ${JSON.stringify(conditions)}`);
      const found = conditions.find(({ type }) => type === "Ready");
      if (found?.status === "True" && found.observedGeneration === job?.metadata.generation) return;
    }
    await sleep(20);
  }
  throw new Error("the job is not Ready after 2 minutes");
}
