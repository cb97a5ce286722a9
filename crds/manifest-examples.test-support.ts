/**
 * Owns: valid objects of both kinds for the tests of this room: the smallest, and one in which every field is set.
 */
import type { StreamJob } from "./stream-job.ts";
import type { StreamJobSpec } from "./stream-job-spec.ts";

/** The smallest StreamJob, with `spec` laid over it. */
export function smallJob(spec: Partial<StreamJobSpec> = {}): StreamJob {
  return {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc", namespace: "default" },
    spec: { job: { module: "/opt/streamjob/job/job.ts" }, ...spec },
  };
}

/** A StreamJob in which every field is set that can be set together. */
export function fullJob(): StreamJob {
  return smallJob({
    engine: "native",
    image: "streamjob:1",
    imagePullPolicy: "IfNotPresent",
    imagePullSecrets: [{ name: "pull" }],
    serviceAccountName: "jobs",
    job: {
      configMap: { name: "code", key: "job", items: [{ key: "job", path: "app/job.ts" }] },
      args: ["--topic", "words"],
      env: [
        { name: "LEVEL", value: "debug" },
        { name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "value", optional: true } } },
        { name: "NODE", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { containerName: "a", resource: "limits.cpu", divisor: "1m" } } },
      ],
    },
    state: "running",
    parallelism: 4,
    maxParallelism: 128,
    checkpoints: {
      interval: "5s",
      mode: "at-least-once",
      timeout: "1m",
      minPause: "1s",
      maxConcurrent: 1,
      tolerableFailures: 3,
      retain: { count: 5 },
      incremental: false,
      unaligned: false,
      storage: { path: "/state" },
    },
    stateBackend: "fs",
    savepoints: { path: "/savepoints", schedule: "0 3 * * MON-FRI", retain: { count: 4, age: "168h" } },
    restart: {
      strategy: "exponential-delay",
      attempts: 10,
      initialBackoff: "2s",
      maxBackoff: "1m",
      multiplier: 2,
      jitter: 0.5,
      resetAfter: "30m",
    },
    recovery: { onFailed: "resume", attemptsMax: 5, backoffInitial: "5s", backoffMax: "1m", resetAfter: "5m" },
    upgrade: {
      mode: "savepoint",
      standby: "cold",
      savepointTimeout: "2m",
      retryBackoffMax: "1m",
      lastStateMaxAge: "30s",
      deployTimeout: "3m",
      rollback: false,
      stability: { window: "30s", maxRestarts: 0 },
      approval: "manual",
      allowNonRestoredState: true,
    },
    restore: { snapshot: "wc-1", allowNonRestoredState: true },
    restartNonce: 7,
    savepointNonce: "monday",
    jobManager: { resources: { requests: { cpu: "500m" }, limits: { memory: "1Gi" } }, podTemplate: {}, pdb: false },
    taskManager: {
      replicas: 2,
      slots: 2,
      resources: { requests: { cpu: 1, memory: "1Gi" } },
      podTemplate: {
        metadata: { labels: { team: "a" }, annotations: { note: "b" } },
        spec: { nodeSelector: { disk: "ssd" }, containers: [{ name: "side", image: "side:1" }] },
      },
      pdb: true,
    },
    deletion: { savepoint: true, savepointTimeout: "1m", keepState: false },
    config: { "execution.buffer-timeout": "10 ms" },
  });
}
