/**
 * Owns: the names of the variables by which the processes in an incarnation's pods are told things.
 * Written by operator/resources; read by main's pod programs.
 */

/** Names of the variables of a pod's process. */
export const podVariables = {
  /** JSON of a PodConfig. */
  config: "STREAMJOB_CONFIG",
  /** Path of a file with the JSON of a LargePodConfig; not set: all is in `config`. */
  largeConfig: "STREAMJOB_LARGE_CONFIG",
  /** Clean-up pod: JSON of a StorageTaskMessage. */
  storageTask: "STREAMJOB_STORAGE_TASK",
  /** JobManager: `host:port` on which it listens for TaskManagers. */
  rpcListen: "STREAMJOB_RPC_LISTEN",
  /** JobManager: `host:port` on which it serves REST. */
  restListen: "STREAMJOB_REST_LISTEN",
  /** `host:port` on which it serves health and metrics; not set: nowhere. */
  metricsListen: "STREAMJOB_METRICS_LISTEN",
  /** TaskManager: `host:port` of its JobManager. */
  jobManager: "STREAMJOB_JOBMANAGER",
  /** TaskManager: its id. */
  podName: "STREAMJOB_POD_NAME",
  /** TaskManager: the address that other TaskManagers reach it at. */
  podIp: "STREAMJOB_POD_IP",
  /** TaskManager: the memory of its container in MiB; not set: nothing limits it. */
  memoryMiB: "STREAMJOB_MEMORY_MIB",
  /** Folder with the process's certificate, its key and the CA. Not set: it listens on loopback only. */
  identity: "STREAMJOB_IDENTITY",
  /** Seconds from SIGTERM to SIGKILL: the pod's terminationGracePeriodSeconds. Not set: 30. */
  graceSeconds: "STREAMJOB_GRACE_SECONDS",
  /** JSON object: fields of every line that the process logs. */
  logFacts: "STREAMJOB_LOG_FACTS",
  /** `stdin`: the process ends when its stdin does. */
  leash: "STREAMJOB_LEASH",
} as const;
