/**
 * Owns: the life of a StreamJob that every plan is tried on: deploy, upgrade, rescale, a bad version that is rolled back, suspend,
 * resume, delete. What is asked for in each stage, and by what a person sees that it has come.
 */
import { statusOf } from "../../../operator/reconcile/status/stored-status.ts";
import { specOf } from "../../../operator/reconcile/simulated-world.test-support.ts";
import type { StreamJob, StreamJobSpec, StreamJobStatus } from "../../../crds/index.ts";
import { isApiError, type KubernetesApi } from "../../../operator/kubernetes/api/index.ts";

export const JOB = "wc";

export type Stage = {
  readonly name: string;
  readonly ask: (api: KubernetesApi, namespace: string) => Promise<unknown>;
  /** null: the StreamJob is gone. */
  readonly isReached: (job: StreamJob | null) => boolean;
};

/** Times are the operator's: nothing is to be given up because of a fault. */
const common: Partial<StreamJobSpec> = {
  state: "running",
  parallelism: 1,
  checkpoints: { interval: "1s" },
  savepoints: { retain: { count: 1 } },
  upgrade: { stability: { window: "2s" }, deployTimeout: "10h", savepointTimeout: "10h", retryBackoffMax: "2s" },
  deletion: { keepState: false, cleanUpTimeout: "10h" },
};
const first = specOf("good", 1, common);
const second = specOf("good", 2, common);
const rescaled: StreamJobSpec = { ...second, parallelism: 2 };
const broken: StreamJobSpec = { ...specOf("fail-early", 3, common), parallelism: 2 };
/** Without the budget that there was. */
const resumed: StreamJobSpec = { ...rescaled, taskManager: { pdb: false } };
const suspended: StreamJobSpec = { ...resumed, state: "suspended" };

const statusNow = ({ metadata, status: stored }: StreamJob): StreamJobStatus | null => {
  const status = statusOf({ metadata, status: stored } as StreamJob);
  return status.observedGeneration === metadata.generation && status.operation === undefined ? status : null;
};
const isStable = (job: StreamJob | null): boolean =>
  job !== null && typeof statusNow(job)?.active?.stableAt === "string";

const replaced = (spec: StreamJobSpec) => (api: KubernetesApi, namespace: string) =>
  api.patch("StreamJob", { namespace, name: JOB }, { spec });

export const stages: readonly Stage[] = [
  {
    name: "deployed",
    ask: (api, namespace) =>
      api.create("StreamJob", {
        apiVersion: "streamjob.dev/v1alpha1",
        kind: "StreamJob",
        metadata: { name: JOB, namespace },
        spec: first,
      }),
    isReached: isStable,
  },
  { name: "upgraded", ask: replaced(second), isReached: isStable },
  { name: "rescaled", ask: replaced(rescaled), isReached: isStable },
  {
    name: "rolled back",
    ask: replaced(broken),
    isReached: (job) => isStable(job) && job !== null && statusNow(job)?.failed !== undefined,
  },
  {
    name: "suspended",
    ask: replaced(suspended),
    isReached: (job) => job !== null && statusNow(job)?.phase === "Suspended",
  },
  { name: "resumed", ask: replaced(resumed), isReached: isStable },
  {
    name: "deleted",
    ask: (api, namespace) =>
      api.delete("StreamJob", { namespace, name: JOB }).catch((error: unknown) => {
        if (!isApiError(error, "NotFound")) throw error;
      }),
    isReached: (job) => job === null,
  },
];
