/**
 * Owns: StreamJob upgrading the word count on a real cluster, checkpoints in MinIO: with little state, and with a million keys.
 * Not here: the cluster (cluster-stage.ts), the edit (edited-manifest.ts), the job (job.ts), which comes as a ConfigMap.
 *
 * CLY1 The sink's folder on this machine is mounted into the pods, so that its times are of the machine's clock, as everywhere here.
 * CLY2 With many keys all of them are in state before the first upgrade, and in every later one: the newest checkpoint says how much it holds.
 */
import { chmodSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readStreamJobStatus, type StreamJob } from "../../crds/index.ts";
import type { ClusterStage } from "./cluster-stage.ts";
import { applyUntilReady } from "./edited-manifest.ts";
import {
  type Moments,
  type RunningSystem,
  timesFolder,
  type UpgradedSystem,
  type UpgradePlan,
} from "./upgraded-system.ts";

/** `keys`: null for the small state. */
export type ClusterSystemOptions = {
  readonly name: string;
  readonly jobName: string;
  readonly keys: number | null;
  readonly checkpointInterval: string;
};

const CONFIG_MAP = "upgrade";
const TIMES = "/times";
const ROW_BYTES = 100;
const LOOK_MS = 200;
const FILL_LOOKS_MAX = 900;

export function clusterSystem(stage: ClusterStage, options: ClusterSystemOptions): UpgradedSystem {
  return { name: options.name, start: (plan, folder) => start(stage, options, plan, timesFolder(folder)) };
}

async function start(
  stage: ClusterStage,
  options: ClusterSystemOptions,
  plan: UpgradePlan,
  times: string,
): Promise<RunningSystem> {
  const { cluster, api, namespace } = stage;
  // Pods run as a user of their own.
  chmodSync(times, 0o777);
  await cluster.apply(code(namespace));
  const key = { namespace, name: options.jobName };
  const upgrade = async (version: number): Promise<Moments> => {
    const moments = await applyUntilReady(api, manifest(stage, options, plan, { times, version }));
    if (options.keys !== null && version > 0) await assertWhole(stage, key, options.keys);
    return moments;
  };
  const stop = async (): Promise<void> =>
    void (await cluster.kubectl("delete", "streamjob", options.jobName, "--namespace", namespace, "--timeout=2m"));
  try {
    await upgrade(0);
    if (options.keys !== null) await untilWhole(stage, key, options.keys);
  } catch (error) {
    await stop();
    throw error;
  }
  return { upgrade, stop };
}

/** The job's files, as people bring them who build no image. */
function code(namespace: string): object {
  const files = ["job.ts", "timing-sink.ts"].map((name) => [
    name,
    readFileSync(new URL(name, import.meta.url), "utf8"),
  ]);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: CONFIG_MAP, namespace },
    data: Object.fromEntries(files) as object,
  };
}

function manifest(
  { namespace, s3Endpoint, s3Secret }: ClusterStage,
  { jobName, keys, checkpointInterval }: ClusterSystemOptions,
  { rate, parallelism }: UpgradePlan,
  { times, version }: { readonly times: string; readonly version: number },
): StreamJob {
  const s3 = { endpoint: s3Endpoint, pathStyleAccess: true, credentials: { secretName: s3Secret } };
  return {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { namespace, name: jobName },
    spec: {
      job: {
        configMap: { name: CONFIG_MAP, key: "job.ts" },
        args: [String(rate), TIMES, `v${version}`, ...(keys === null ? [] : [String(keys)])],
      },
      parallelism,
      taskManager: {
        replicas: Math.min(2, parallelism),
        // CLY1
        podTemplate: {
          spec: {
            containers: [{ name: "taskmanager", volumeMounts: [{ name: "times", mountPath: TIMES }] }],
            volumes: [{ name: "times", hostPath: { path: times } }],
          },
        },
      },
      checkpoints: { interval: checkpointInterval, storage: { s3 } },
      upgrade: { standby: "warm", stability: { window: "500ms" } },
    },
  };
}

type Key = { readonly namespace: string; readonly name: string };

async function stateBytes({ api }: ClusterStage, key: Key): Promise<number> {
  const read = readStreamJobStatus((await api.get("StreamJob", key))?.status);
  return read.kind === "read" ? (read.status.lastCheckpoint?.sizeBytes ?? 0) : 0;
}

async function untilWhole(stage: ClusterStage, key: Key, keys: number): Promise<void> {
  for (let looks = 0; looks < FILL_LOOKS_MAX; looks++) {
    if ((await stateBytes(stage, key)) >= keys * ROW_BYTES) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`no checkpoint of all ${keys} keys after ${(FILL_LOOKS_MAX * LOOK_MS) / 1000} s`);
}

/** CLY2 */
async function assertWhole(stage: ClusterStage, key: Key, keys: number): Promise<void> {
  const bytes = await stateBytes(stage, key);
  if (bytes < keys * ROW_BYTES) throw new Error(`the new version's checkpoint has ${bytes} bytes: state is missing`);
}
