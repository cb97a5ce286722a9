/**
 * Owns: every reason of an Event that the operator tells at a StreamJob or a StreamJobSnapshot, with what it means.
 * Called by: whatever tells events, by its type: a reason that is not in this list does not compile; the documentation, by its text.
 */
const reasons = {
  DeployStarted: "the first incarnation of a StreamJob is made",
  Deployed: "the first incarnation runs and has completed a checkpoint",
  UpgradeStarted:
    "the spec asks for another version, and the way there has begun; the note names the fields that changed",
  Upgraded: "the new version runs from the old one's state and has completed a checkpoint",
  UpgradeRefused: "the new version does not load or does not accept the state; the old one runs on as it is",
  VersionFailed:
    "a version failed after its activation, or before it was stable; it is not tried again until the spec changes",
  RollbackStarted: "the last stable version takes the place of one that failed",
  RolledBack: "the last stable version runs again, with the newest state that it accepts",
  Stable: "a version has run its stability window: a rollback would go there from now on",
  Superseded: "an operation was given up, or its version replaced, because something else is wanted by now",
  SuspendStarted: "the job is stopped, as spec.state asks",
  Suspended: "the job is at rest; the note says from where it will resume",
  ResumeStarted: "a suspended job is started from where it stopped",
  Resumed: "the job runs again and has completed a checkpoint",
  RecoveryStarted: "a job that FAILED is started again from its last state, as spec.recovery asks",
  Recovered: "the job runs again and has completed a checkpoint",
  StartedAnew: "the job had FINISHED, so there was no state to go on from, and it begins without",
  SavepointCompleted: "a savepoint is complete; the note says where",
  SavepointFailed: "a savepoint failed; the job runs on, and a stop is tried again later",
  SavepointSkipped:
    "the StreamJob is deleted without the savepoint that was asked for, because none could be taken in time",
  RequestRefused: "a request comes to nothing, such as a rollback to a version that has failed; the note says why",
  StateLeftBehind:
    "a version started without some of the state, as allowNonRestoredState allows; the note names the uids of the operators that had it",
  SavepointUnlisted:
    "the savepoint of a deletion or an upgrade is complete, but its StreamJobSnapshot could not be made; the note says where it is",
  SavepointKept:
    "a StreamJobSnapshot goes and the files of its savepoint stay, as nothing is left that could delete them; the note says where",
  LastStateUsed: "no savepoint could be taken, and the newest checkpoint is used instead, as the policy allows",
  JobEnded: "the job ended by itself while it was to be stopped",
  JobFinished: "the job has processed all of its input, or was stopped by hand",
  JobFailed: "the job FAILED and its restarts are used up",
  JobException: "the job threw something; the note begins with the task",
  DeleteStarted: "the StreamJob is being deleted",
  Deleted: "the last pod has gone, and the StreamJob goes",
  ActionRefused:
    "the API server or a JobManager refused something that the operator asked for; the note has its words, and it is tried again",
  ReconcileFailed: "the operator cannot decide what to do: the status cannot be read, or the operator has a defect",
} as const;

export type EventReason = keyof typeof reasons;

/** What each reason means, in one line without a full stop. */
export const eventReasons: Readonly<Record<EventReason, string>> = reasons;
