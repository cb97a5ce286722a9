/**
 * Owns: every reason of the conditions that call for somebody, with what it means and what to do.
 * Called by: whatever blocks or stalls, by its type: a reason that is not in these lists does not compile; the runbook, by its text.
 *
 * `words` stands for the StreamJob.
 */
export type ReasonHelp = {
  readonly means: string;
  /** What to type or to check; whether the operator goes on by itself. */
  readonly remedy: string;
};

const blocked = {
  NotReady: {
    means: "pods of the new version do not start (no image, no resources, a crash), or are late",
    remedy:
      "check the message and `streamjob logs words`; correct the manifest, and the upgrade starts again. No resources for both versions: `upgrade.standby: cold`",
  },
  SavepointFailed: {
    means: "the savepoint failed and is retried",
    remedy:
      "check the reason: mostly the store (full, unreachable), or a checkpoint timeout that is too short. To give the upgrade up, take the change back",
  },
  StopRefused: {
    means: "the JobManager refuses the stop, with its words",
    remedy: "it is retried; if that does not help, check the job",
  },
  ActivationRefused: {
    means: "the new JobManager refuses its activation, with its words",
    remedy: "it is retried; if that does not help, check its log",
  },
  ActionRefused: {
    means:
      "the API server refuses an object of the new version, with its words: a quota, a policy, a webhook, an invalid pod template",
    remedy: "correct the manifest, or allow it: it is retried within 30 s, and at once when the spec changes",
  },
  NoSavepoint: {
    means: "the job is not running or does not answer, so no savepoint can be taken",
    remedy: "repair the job; or accept the newest checkpoint: `upgrade.lastStateMaxAge`, or `upgrade.mode: last-state`",
  },
  AwaitingApproval: {
    means: "`upgrade.approval` is `manual`",
    remedy: "`streamjob diff`, then `streamjob approve words`",
  },
  VersionFailed: {
    means: "the version failed, was refused, or was rolled back manually",
    remedy: "correct the manifest; or set `restartNonce` to retry the same version",
  },
} as const satisfies Readonly<Record<string, ReasonHelp>>;

const stalled = {
  InvalidSpec: {
    means: "the spec breaks the rule that the message names; the old version keeps running",
    remedy: "correct it",
  },
  PodsUnfit: {
    means:
      "the pods of this spec would not start, as the message says with numbers: too little memory for their slots; nothing was stopped for it, and the old version keeps running",
    remedy: "set what the message names; docs/sizing.md says how memory is divided",
  },
  Refused: {
    means: "the version does not load, or does not accept the state, and there is no version to roll back to",
    remedy: "correct the manifest: another module, image or state; the message says what does not fit",
  },
  NotReady: {
    means: "pods do not start, and nothing else runs; or for longer than `upgrade.deployTimeout`",
    remedy: "as with UpgradeBlocked. The operator continues when they start",
  },
  VersionFailed: {
    means: "the version failed; the last stable one runs, or there is none",
    remedy: "correct the manifest; or set `restartNonce` to retry the same version",
  },
  StateNotDeleted: {
    means:
      "the StreamJob is being deleted with `deletion.keepState: false`, and its state cannot be deleted; the message says why. The deletion goes on without it at the time that the message names",
    remedy:
      "repair the store or its credentials: it is retried. To go on at once, apply a shorter `deletion.cleanUpTimeout`; what is left is named in the event StateKept",
  },
  TransactionsNotSettled: {
    means:
      "the StreamJob is being deleted, and transactions that its job has left in another system, such as Kafka, cannot be settled; the message says why. The deletion goes on without it at the time that the message names, and keeps the state",
    remedy:
      "repair the other system, the way to it, or the credentials in the Secret: it is retried. To go on at once, apply a shorter `deletion.cleanUpTimeout`, and settle what is left with `streamjob txns`",
  },
  Unreachable: {
    means:
      "a new version was activated and does not answer, so it is unknown whether it runs; the operator does nothing",
    remedy:
      "check the operator's log, and the network between operator and pod; if the process hangs, delete the pod as the message says. The operator continues when it answers",
  },
  JobFailed: {
    means: "the job FAILED and `recovery.onFailed` is `never`",
    remedy: "correct the cause; `streamjob restart words` restarts it from its last state",
  },
  RecoveryExhausted: {
    means: "it was restarted as often as `recovery.attemptsMax` allows",
    remedy: "the same",
  },
  SnapshotMissing: {
    means: "`restore.snapshot` names a snapshot that does not exist",
    remedy: "create it, or correct the name; nothing is started without its state",
  },
  SnapshotPending: {
    means: "`restore.snapshot` names a snapshot that is not complete",
    remedy: "wait; if it is Failed, take another",
  },
  NoSuchRevision: {
    means: "the annotation `streamjob.dev/rollback-to` names a revision that is not kept",
    remedy: "`streamjob history words`; correct or remove the annotation. The job keeps running",
  },
  RevisionLost: {
    means: "the kept spec of the version being rolled out was deleted",
    remedy: "apply the manifest again",
  },
  ActionRefused: {
    means:
      "the API server refuses something that is needed, with its words, and nothing runs, or no operation is in progress",
    remedy: "correct the manifest, or allow it (quota, policy, webhook, RBAC): it is retried within 30 s",
  },
  StopFailed: {
    means:
      "the job reports FINISHED after a stop that was refused or failed, so it is unknown whether it processed all input",
    remedy:
      "to start it without state: `upgrade.mode: stateless` and another `restartNonce`; from a savepoint: a new StreamJob with `restore.path`",
  },
  DecisionFailed: {
    means: "a part of the decision failed, with its text; the running job is reconciled as before",
    remedy: "correct the field that the text names; if the text calls it a defect, report it with the operator's log",
  },
  StatusLost: {
    means: "the status does not say what ran, but objects of an earlier run exist",
    remedy:
      "restore the status from a backup; or delete these objects and the StreamJob, and start from a savepoint by `restore.path`",
  },
} as const satisfies Readonly<Record<string, ReasonHelp>>;

const unhealthy = {
  Failing: {
    means:
      "checkpoints fail, or one cannot be written for ten seconds, with the reason of the last attempt; the job keeps running until `checkpoints.tolerableFailures` is exceeded",
    remedy:
      "repair what the reason names: mostly the store (full, unreachable, credentials), or a `checkpoints.timeout` that is too short for a job under backpressure",
  },
  Late: {
    means: "no checkpoint has completed for three intervals and one timeout",
    remedy:
      "look for backpressure (`streamjob describe words`, the metric of the busiest vertex); raise `parallelism` or `checkpoints.interval`. A job that is idle still completes checkpoints",
  },
} as const satisfies Readonly<Record<string, ReasonHelp>>;

export type BlockedReason = keyof typeof blocked;
export type StalledReason = keyof typeof stalled;
export type UnhealthyReason = keyof typeof unhealthy;

/** Of the conditions that call for somebody: their reasons, by condition. */
export const conditionReasons: Readonly<
  Record<"UpgradeBlocked" | "Stalled" | "CheckpointHealthy", Readonly<Record<string, ReasonHelp>>>
> = { UpgradeBlocked: blocked, Stalled: stalled, CheckpointHealthy: unhealthy };
