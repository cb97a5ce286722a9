/**
 * Owns: operations: which steps each has, in which order, and how one begins.
 * Not here: when a step is done (steps/), which operation is due (next-operation.ts).
 *
 * OPE1 The record is written before anything of it is done, with every id and place that it will use (P-3, P-8).
 * OPE2 Nothing of the old incarnation is taken away before Activating, but where its end is what was asked for or its state is at
 *     rest: in every earlier step a failure leaves the old job running.
 * OPE3 `active` names the incarnation that may hold the newest state. It changes in the same write that enters Activating.
 */
import type { ActiveIncarnation, Operation, OperationKind, OperationStep, RestorePoint } from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import type { EventReason } from "../status/event-reasons.ts";
import { activationIdOf, operationId, savepointTarget, stopTriggerId } from "../facts/ids.ts";
import type { Situation } from "../facts/situation.ts";

const PROVE: readonly OperationStep[] = ["Activating", "Proving"];

/** The steps of an operation, in order. */
export function stepsOf({
  kind,
  mode,
  standby,
  from,
}: Pick<Operation, "kind" | "mode" | "standby" | "from">): readonly OperationStep[] {
  switch (kind) {
    case "delete":
    case "suspend":
      return mode === "savepoint" ? ["Stopping", "Terminating"] : ["Terminating"];
    case "deploy":
    case "resume":
    case "recreate":
    case "rollback":
      // What ran before has ended, or is to end without being asked: its pods go first, then nothing of it can interfere (P-12).
      return ["Terminating", "Standby", "Preflight", ...PROVE];
    case "upgrade":
      return upgradeSteps(mode, standby, from);
  }
}

function upgradeSteps(
  mode: Operation["mode"],
  standby: Operation["standby"],
  from: number | null,
): readonly OperationStep[] {
  if (from === null) return ["Terminating", "Standby", "Preflight", ...PROVE];
  const end: readonly OperationStep[] = mode === "savepoint" ? ["Stopping"] : [];
  if (standby === "cold") return [...end, "Terminating", "Standby", ...PROVE];
  // Warm: with a savepoint the old pods may live on, for the old job has ended and is fenced; without, they have to go first.
  return ["Standby", "Preflight", ...(mode === "savepoint" ? end : (["Terminating"] as const)), ...PROVE];
}

/** The step after the one that the operation is in; null: it was the last. */
export function stepAfter(operation: Operation): OperationStep | null {
  const steps = stepsOf(operation);
  return steps[steps.indexOf(operation.step) + 1] ?? null;
}

/**
 * Whether the old job has been asked to stop, or its pods to go: the operation can no more be dropped without a trace. One that had
 * ended by itself loses nothing by it.
 */
export function hasTouchedOld(operation: Operation, active: ActiveIncarnation | undefined): boolean {
  const isOver = active !== undefined && active.incarnation === operation.from && active.ended !== null;
  if (operation.kind === "upgrade" && isOver) return false;
  const steps = stepsOf(operation);
  const first = steps.findIndex((step) => step === "Stopping" || step === "Terminating" || step === "Activating");
  return operation.from !== null && steps.indexOf(operation.step) >= first;
}

/** A deletion that only waits for its pods: nothing of the job is to run any more. */
export function isEndingDeletion(operation: Operation | undefined): operation is Operation {
  return operation?.kind === "delete" && operation.step === "Terminating";
}

export type Beginning = {
  readonly kind: OperationKind;
  readonly toGeneration: number;
  readonly revision: string;
  readonly mode: Operation["mode"];
  readonly standby: Operation["standby"];
  /** null: known only when the old job has stopped. */
  readonly restore: RestorePoint | null;
  /** Folder of savepoints, for a stop. */
  readonly savepointDirectory: string | null;
  readonly message: string;
};

const runsSomething = (kind: OperationKind): boolean => kind !== "suspend" && kind !== "delete";

/** Writes the record of a new operation, in its first step (OPE1). */
export function begin(draft: Draft, situation: Situation, beginning: Beginning): void {
  const { job } = situation;
  const { status, now } = draft;
  const { kind, toGeneration, mode, standby, savepointDirectory } = beginning;
  const from = status.active?.incarnation ?? null;
  const to = runsSomething(kind) ? status.incarnations + 1 : null;
  const id = operationId(job, kind, toGeneration, status.incarnations);
  const triggerId = stopTriggerId(id, 0);
  const needsStop = stepsOf({ kind, mode, standby, from }).includes("Stopping") && savepointDirectory !== null;
  const [first] = stepsOf({ kind, mode, standby, from });
  draft.set({
    incarnations: to ?? status.incarnations,
    operation: {
      operationId: id,
      kind,
      step: first ?? "Terminating",
      attempt: 0,
      fromGeneration: status.active?.generation ?? null,
      toGeneration,
      from,
      to,
      revision: beginning.revision,
      mode,
      standby,
      triggerId,
      savepoint: needsStop ? { target: savepointTarget(savepointDirectory, triggerId), path: null } : null,
      restore: beginning.restore,
      predecessors: [],
      activationId: to === null ? "" : activationIdOf(id, to),
      startedAt: now,
      stepSince: now,
      notBefore: null,
      message: beginning.message,
    },
  });
  // Why the manifest's version does not run is never to be dropped (T39).
  draft.event(kind === "rollback" ? "Warning" : "Normal", startReasons[kind], beginning.message);
}

const startReasons: Readonly<Record<OperationKind, EventReason>> = {
  deploy: "DeployStarted",
  upgrade: "UpgradeStarted",
  rollback: "RollbackStarted",
  suspend: "SuspendStarted",
  resume: "ResumeStarted",
  recreate: "RecoveryStarted",
  delete: "DeleteStarted",
};
