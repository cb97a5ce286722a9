/**
 * Owns: StreamJob upgrading the word count on a real cluster, checkpoints in MinIO: with little state, and with a million keys.
 * Not here: the cluster (cluster-stage.ts), the edit (edited-manifest.ts), the job (job.ts), which comes as a ConfigMap.
 *
 * CLY1 The sink's folder on this machine is mounted into the pods, so that its times are of the machine's clock, as everywhere here.
 * CLY2 With many keys all of them are in a checkpoint before the first upgrade, and in the savepoint of every one: by the size of their files.
 */
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { chmodSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { StreamJob } from "../../crds/index.ts";
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
const LOOK_MS = 500;
const FILL_LOOKS_MAX = 600;

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
  const upgrade = async (version: number): Promise<Moments> => {
    const moments = await applyUntilReady(api, manifest(stage, options, plan, { times, version }));
    if (options.keys !== null && version > 0) await assertWhole(stage, options.keys, version);
    return moments;
  };
  const stop = async (): Promise<void> =>
    void (await cluster.kubectl("delete", "streamjob", options.jobName, "--namespace", namespace, "--timeout=2m"));
  try {
    await upgrade(0);
    if (options.keys !== null) await untilWhole(stage, options.keys);
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

/** Folders of state files in the bucket with all keys in them; `isSavepoint`: only those of savepoints. */
async function wholeFolders({ s3, bucket }: ClusterStage, keys: number, isSavepoint: boolean): Promise<number> {
  const bytes = new Map<string, number>();
  for (let token: string | undefined; ; ) {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, ...(token === undefined ? {} : { ContinuationToken: token }) }),
    );
    for (const { Key = "", Size = 0 } of page.Contents ?? []) {
      const folder = Key.slice(0, Key.lastIndexOf("/"));
      if (!folder.includes(isSavepoint ? "/savepoints/" : "/data")) continue;
      bytes.set(folder, (bytes.get(folder) ?? 0) + Size);
    }
    token = page.NextContinuationToken;
    if (token === undefined) break;
  }
  return [...bytes.values()].filter((total) => total >= keys * ROW_BYTES).length;
}

async function untilWhole(stage: ClusterStage, keys: number): Promise<void> {
  for (let looks = 0; looks < FILL_LOOKS_MAX; looks++) {
    if ((await wholeFolders(stage, keys, false)) > 0) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`no checkpoint of all ${keys} keys after ${(FILL_LOOKS_MAX * LOOK_MS) / 1000} s`);
}

/** CLY2 */
async function assertWhole(stage: ClusterStage, keys: number, version: number): Promise<void> {
  const whole = await wholeFolders(stage, keys, true);
  if (whole < version) throw new Error(`${whole} of ${version} savepoints hold all ${keys} keys: state is missing`);
}
