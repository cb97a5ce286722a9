/**
 * Owns: how long an aligned checkpoint takes behind a slow sink: the barrier waits behind all that is under way.
 * Not here: the job (slow-sink-job.ts), the plan and what is printed around it (checkpoint.ts).
 *
 * BAC1 The job has run for SETTLED_MS first: all buffers are as full as they get.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { RestClient, startLocalCluster } from "../../cli/index.ts";
import { endWithThisProcess } from "../measure/scratch.ts";

const JOB = fileURLToPath(new URL("./slow-sink-job.ts", import.meta.url));
const SETTLED_MS = 10_000;
const LOOK_EVERY_MS = 50;

export type BackpressurePlan = {
  readonly folder: string;
  readonly parallelism: number;
  readonly checkpoints: number;
  /** Whether what is under way is bounded by time, or by bytes alone. */
  readonly isDebloated: boolean;
};

/** Milliseconds from the trigger to completion, of each checkpoint. */
export async function measureBackpressure(plan: BackpressurePlan): Promise<number[]> {
  const { folder, parallelism, checkpoints, isDebloated } = plan;
  const cluster = await startLocalCluster({
    module: JOB,
    options: { "taskmanager.network.memory.buffer-debloat.enabled": String(isDebloated) },
    parallelism,
    taskManagers: 1,
    home: join(folder, `debloat-${isDebloated}`),
    say: () => undefined,
  });
  const letGo = endWithThisProcess(() => {
    const { jobManager, taskManagers } = cluster.pids();
    for (const pid of [jobManager, ...taskManagers]) if (pid !== null) process.kill(pid, "SIGKILL");
  });
  const client = new RestClient(cluster.restUrl, cluster.jobId);
  await sleep(SETTLED_MS);
  const tookMs: number[] = [];
  for (let round = 0; round < checkpoints; round++) tookMs.push(await takeCheckpoint(client));
  await cluster.kill();
  letGo();
  return tookMs;
}

async function takeCheckpoint(client: RestClient): Promise<number> {
  const triggerId = randomBytes(16).toString("hex");
  const startMs = performance.now();
  await client.triggerCheckpoint(triggerId);
  for (;;) {
    const state = await client.checkpoint(triggerId);
    if (state.kind === "completed") return performance.now() - startMs;
    if (state.kind === "failed") throw new Error(`a checkpoint under backpressure failed: ${state.reason}`);
    await sleep(LOOK_EVERY_MS);
  }
}
