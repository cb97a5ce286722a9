/**
 * Owns: every reason of an Event that the operator tells at a StreamJob or a StreamJobSnapshot, with what it means.
 * Called by: whatever tells events, by its type: a reason that is not in this list does not compile; the documentation, by its text.
 */
const reasons = {
  DeployStarted: "the operator creates the first incarnation of a StreamJob",
  Deployed: "the first incarnation runs and has completed a checkpoint",
  UpgradeStarted: "an upgrade to a changed spec has started; the note names the changed fields",
  Upgraded: "the new version runs from the old one's state and has completed a checkpoint",
  UpgradeRefused: "the new version does not load or does not accept the state; the old version keeps running",
  VersionFailed:
    "a version failed after its activation, or before it was stable; it is not retried until the spec changes",
  RollbackStarted: "a rollback from a failed version to the last stable one has started",
  RolledBack: "the last stable version runs again, with the newest state that it accepts",
  Stable: "a version has passed its stability window; it is now the target of a rollback",
  Superseded: "an operation was abandoned, or its version replaced, because the spec has changed since",
  SuspendStarted: "the operator stops the job, because spec.state is suspended",
  Suspended: "the job is suspended; the note says what it will resume from",
  ResumeStarted: "the operator starts a suspended job from the state it stopped with",
  Resumed: "the job runs again and has completed a checkpoint",
  RecoveryStarted: "the operator restarts a FAILED job from its last state, as spec.recovery says",
  Recovered: "the job runs again and has completed a checkpoint",
  StartedAnew: "the job had FINISHED, so there was no state to restore; it starts without state",
  SavepointCompleted: "a savepoint is complete; the note says where",
  SavepointFailed: "a savepoint failed; the job keeps running, and a stop is retried later",
  SavepointSkipped: "the StreamJob is deleted without the requested savepoint, because none could be taken in time",
  RequestRefused: "a request was refused, such as a rollback to a version that has failed; the note says why",
  StateLeftBehind:
    "a version started without some of the state, as allowNonRestoredState allows; the note names the uids of the operators that owned it",
  SavepointUnlisted:
    "the savepoint of a deletion or an upgrade is complete, but its StreamJobSnapshot could not be created; the note says where the savepoint is",
  SavepointKept:
    "a StreamJobSnapshot is deleted, but its files are kept because its StreamJob no longer exists; the note says where",
  StateDeleted:
    "the state of an earlier incarnation is deleted, because a later one that started from it is stable; the note says where it was",
  StateKept: "state that was to be deleted could not be, and is kept; the note says where, and why",
  TransactionsSettled:
    "the transactions that a deleted job has left in other systems are settled: those of its last checkpoint are committed, all others aborted",
  TransactionsLeft:
    "a StreamJob was deleted before the transactions of its job in other systems could be settled; its state is kept, and the note says where, and why",
  LastStateUsed: "no savepoint could be taken; the newest checkpoint is used instead, as the spec allows",
  JobEnded: "the job ended by itself before it could be stopped",
  JobFinished: "the job has processed all of its input, or was stopped manually",
  JobFailed: "the job FAILED and its restarts are exhausted",
  JobException: "the job threw an exception; the note begins with the task",
  DeleteStarted: "the StreamJob is being deleted",
  Deleted: "the last pod is gone, and the StreamJob is removed",
  ActionRefused:
    "the API server or a JobManager refused a call of the operator; the note contains its message, and the call is retried",
  ReconcileFailed: "the operator cannot decide what to do: the status cannot be read, or the operator has a bug",
} as const;

export type EventReason = keyof typeof reasons;

/** What each reason means, in one line without a full stop. */
export const eventReasons: Readonly<Record<EventReason, string>> = reasons;

/** What to do about a warning; `words` stands for the StreamJob. A reason that is not here needs nobody. */
export const warningRemedies: Partial<Readonly<Record<EventReason, string>>> = {
  UpgradeRefused:
    "read the note: it names the module, the state or the uid that does not fit; correct the manifest and apply it again",
  VersionFailed:
    "`streamjob logs words --previous`; correct the manifest. To retry the same version, set `restartNonce`",
  RollbackStarted:
    "nothing: the last stable version starts from the newest state that it accepts. Find out why the new one failed",
  SavepointFailed:
    "read the reason: mostly the store (full, unreachable, credentials), or `checkpoints.timeout`; it is retried",
  SavepointSkipped:
    "nothing can be done for the deleted job; its last checkpoint is in its store (`checkpoints.storage`)",
  RequestRefused: "the note says why; correct the request (annotation, nonce), or remove it",
  StateLeftBehind: "if the state was dropped by mistake, `streamjob rollback words` to the version before",
  SavepointUnlisted: "create a StreamJobSnapshot with the path in the note, if you want it listed",
  SavepointKept: "delete the folder in the note yourself when nobody needs it",
  StateKept:
    "the note says why and where; `streamjob storage gc words` deletes it when nothing can need it, and `streamjob storage list words` says what does",
  TransactionsLeft:
    "`streamjob txns list --brokers … --prefix …` shows those in Kafka, and `--store` with the folder in the note which of them are to be committed; `streamjob txns commit` and `abort` end them",
  LastStateUsed: "nothing is lost; find out why no savepoint could be taken",
  JobEnded: "check whether the job was meant to end: `streamjob describe words`",
  JobFailed: "`streamjob describe words` shows the exception; correct the cause, then `streamjob restart words`",
  JobException: "the job restarts by itself as `restart` says; the note begins with the task that failed",
  Deleted: "as a warning: orphaned pods of the job keep running; the note names the StatefulSets to delete",
  ActionRefused: "the note has the server's words: a quota, a policy, a webhook, RBAC; it is retried within 30 s",
  ReconcileFailed: "correct the field that the note names; if it calls it a defect, report it with the operator's log",
};
