/**
 * Owns: what follows from an action that was answered with "no": which action it was, and where the answer is told when no step or
 * snapshot makes something of it.
 * Not here: who remembers it (operator/apply/refusal-memory.ts); what a step makes of it (steps/, snapshots.ts, retention.ts).
 *
 * RF1 A refusal is in the status with its text in the look after it, and in a Warning event, once (P-37).
 * RF2 A call to a JobManager belongs to a step or a snapshot, which says it; what the API server refuses blocks the operation in
 *     progress, and stalls the StreamJob where nothing runs or none is in progress.
 */
import type { Draft } from "../status/draft.ts";
import type { Observed, Refusal } from "../facts/observed.ts";
import { hasTouchedOld } from "../operation/operation.ts";
import type { Action, PlannedEvent } from "./plan.ts";
import type { Situation } from "../facts/situation.ts";

/** Which action, the same in every try: what it is done to, and under which id. */
export function subjectOf(action: Action): string {
  switch (action.kind) {
    case "addFinalizer":
    case "removeFinalizer":
      return action.kind;
    case "removeAnnotation":
      return `${action.kind} ${action.annotation}`;
    case "createRevision":
      return `${action.kind} ${action.revision.metadata.name}`;
    case "applyChild":
      return `${action.kind} ${action.object.kind}/${action.object.metadata.name}`;
    case "tryPod":
      return `${action.kind} ${action.pod.metadata.name}`;
    case "issueCertificates":
      return `${action.kind} ${action.incarnation} ${action.mark}`;
    case "deleteChild":
      return `${action.kind} ${action.objectKind}/${action.name}`;
    case "triggerStop":
    case "triggerSavepoint":
    case "triggerCheckpoint":
    case "collectStore":
      return `${action.kind} ${action.triggerId}`;
    case "activate":
      return `${action.kind} ${action.activation.activationId}`;
    case "cancelJob":
      return `${action.kind} ${action.jobId}`;
    case "createSnapshot":
    case "recordSavepoint":
      return `${action.kind} ${action.snapshot.metadata.name}`;
    case "writeSnapshotStatus":
      return `${action.kind} ${action.name} ${action.status?.phase}`;
    case "disposeSavepoint":
      return `${action.kind} ${action.snapshot}`;
    case "deleteRevision":
    case "holdSnapshot":
    case "releaseSnapshot":
    case "deleteSnapshot":
      return `${action.kind} ${action.name}`;
  }
}

/** null: it was not refused, or is allowed by now. */
export function refusalOf(observed: Observed, kind: Action["kind"], id: string): Refusal | null {
  return observed.refusals.find(({ subject }) => subject === `${kind} ${id}`) ?? null;
}

/** What its step or snapshot says: calls to JobManagers. */
const SAID_ELSEWHERE = /^(triggerStop|triggerSavepoint|triggerCheckpoint|activate|disposeSavepoint|collectStore) /;

/** The first thing that the API server refuses; null: nothing is. */
export function refusedByApi({ refusals }: Observed): Refusal | null {
  return refusals.find(({ subject }) => !SAID_ELSEWHERE.test(subject)) ?? null;
}

/** RF2. Called when the steps have said what is in their way. */
export function tellRefusals(draft: Draft, { observed }: Situation): void {
  const refusal = refusedByApi(observed);
  if (refusal === null) return;
  const { operation, active } = draft.status;
  const { message } = refusal;
  const isRunningOn =
    operation !== undefined &&
    operation.from !== null &&
    (operation.step === "Stopping" || !hasTouchedOld(operation, active));
  if (operation !== undefined && operation.kind !== "delete" && draft.blocked === null) {
    draft.blocked = { reason: "ActionRefused", message };
  }
  if (isRunningOn || draft.stalled !== null) return;
  const advice = "the operator retries: correct the manifest, or allow the call";
  draft.stalled = { reason: "ActionRefused", message: `${message}; ${advice}` };
}

/** Refused for good these have an event of their own: SavepointFailed, VersionFailed, StateKept. */
const HAS_EVENT = /^(triggerStop|triggerSavepoint|activate|collectStore) /;

/** RF1 */
export function refusalEvents({ observed }: Situation): readonly PlannedEvent[] {
  return observed.refusals
    .filter(({ isNews, isFinal, subject }) => isNews && !(isFinal && HAS_EVENT.test(subject)))
    .map(({ message }) => ({ type: "Warning", reason: "ActionRefused", note: message }));
}
