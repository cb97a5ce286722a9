/**
 * Owns: what will happen when a changed StreamJob is applied, in words: before it is done. Pure.
 * Does not own: deciding it (operator/reconcile, whose preview is put into words), what is known for it (known-job.ts).
 */
import { APPROVE_ANNOTATION, type ResolvedSpec, type StreamJob, withDefaults } from "../../crds/index.ts";
import { type BegunOperation, type Preview, revisionHash } from "../../operator/reconcile/index.ts";
import { revisionName } from "../../operator/engine/index.ts";
import { namespaceFlag } from "./command-context.ts";
import { conditionOf } from "./job-facts.ts";

/** `next`: the object as it would be. */
export function outlookOf(next: StreamJob, preview: Preview): readonly string[] {
  const spec = withDefaults(next.spec);
  const { name, namespace, deletionTimestamp } = next.metadata;
  if (deletionTimestamp !== undefined) return ["nothing: the job is being deleted"];
  const { begins, onApproval } = preview;
  const lines = preview.isPaused ? [`nothing for now: ${name} is paused; once it no longer is:`] : [];
  lines.push(...inProgress(preview), ...refused(preview));
  if (preview.takesSavepoint && begins?.kind !== "suspend") lines.push("a savepoint is taken while the job runs");
  if (begins !== null) lines.push(...begun(begins, next, spec, preview));
  if (onApproval !== null) {
    lines.push(
      `blocked until approval: \`streamjob approve ${name}${namespaceFlag(namespace)}\` (annotation ${APPROVE_ANNOTATION}); then:`,
      ...begun(onApproval, next, spec, preview),
    );
  }
  if (begins === null && onApproval === null) lines.push(...nothing(next, spec, preview));
  return lines;
}

function inProgress({ abandoned, goesOn, begins, status }: Preview): readonly string[] {
  if (abandoned !== null) {
    const { kind, toGeneration, step, from } = abandoned;
    const isRunning = from !== null && status.active?.incarnation === from && status.active.ended === null;
    const why = isRunning ? ", because the old job has not been stopped yet" : "";
    return [`the ${kind} to generation ${toGeneration} is in progress (${step}): it is abandoned${why}`];
  }
  if (goesOn === null) return [];
  const { kind, toGeneration, step, to } = goesOn;
  if (goesOn.isTurned && kind === "suspend")
    return [`the operation in progress becomes a suspension: ${suspension(goesOn)}`];
  if (goesOn.isTurned) {
    return [
      `the ${kind} in progress goes on with this version, as incarnation ${to}: the version before it could not start`,
    ];
  }
  if (begins === null) return [`the ${kind} in progress (${step}) continues`];
  return [`the ${kind} to generation ${toGeneration} is in progress (${step}): it finishes first; if it succeeds:`];
}

/** What the operator was refused only it knows; what it told of that is in the status. */
function refused({ status, begins, goesOn, onApproval }: Preview): readonly string[] {
  if (begins === null && goesOn === null && onApproval === null) return [];
  const told = [conditionOf(status, "UpgradeBlocked"), conditionOf(status, "Stalled")];
  const refusal = told.find((condition) => condition?.status === "True" && condition.reason === "ActionRefused");
  return refusal ? [`the operator's last call was refused, which may stand in the way: ${refusal.message}`] : [];
}

function begun(begins: BegunOperation, next: StreamJob, spec: ResolvedSpec, preview: Preview): readonly string[] {
  const isOther = begins.revision !== revisionOf(next);
  switch (begins.kind) {
    case "suspend":
      return begins.isAtRest ? ["the job has ended; its pods are deleted, its state is kept"] : [suspension(begins)];
    case "deploy":
      return [`it is deployed, and starts ${startOf(begins, spec)}`, ...leavingState(begins, spec, preview)];
    case "resume": {
      const failedBefore = `this version failed before, so generation ${begins.toGeneration} is started`;
      return [
        ...(isOther ? [failedBefore] : []),
        `the job starts ${startOf(begins, spec)}`,
        ...leavingState(begins, spec, preview),
      ];
    }
    case "upgrade":
      return [
        ...(isOther ? [begins.message] : []),
        ...replacement(begins, preview),
        ...leavingState(begins, spec, preview),
        safety(begins, spec),
      ];
    case "rollback":
    case "recreate":
    case "delete":
      return [begins.message];
  }
}

const revisionOf = ({ metadata, spec }: StreamJob): string => revisionName(metadata.name, revisionHash(spec));

function nothing(next: StreamJob, spec: ResolvedSpec, preview: Preview): readonly string[] {
  const { status, stalled, budgets, goesOn } = preview;
  const { active, failed, recovery } = status;
  const revision = revisionOf(next);
  if (stalled?.reason === "SnapshotPending" || stalled?.reason === "SnapshotMissing") {
    const name = spec.restore.kind === "snapshot" ? spec.restore.name : "?";
    return [`it is deployed, and starts from the snapshot ${name}, once that is Completed`, stalled.message];
  }
  if (spec.state === "suspended" && active === undefined) {
    if (next.status === undefined) return ["it is recorded; the job starts when it is resumed"];
    return ["nothing now, because the job is suspended; the change applies when the job is resumed"];
  }
  if (failed?.revision === revision && active?.revision !== revision && spec.state === "running") {
    return [
      `nothing: this version failed before and is not retried: ${failed.reason}`,
      "change the spec to start another attempt",
    ];
  }
  if (stalled !== null) return [`nothing is started: ${stalled.message}`];
  if (goesOn !== null) return [];
  const ended = active?.ended ?? null;
  if (ended?.status === "FAILED" && recovery?.notBefore)
    return [`the job FAILED, and is restarted from its last state after ${recovery.notBefore}`];
  if (ended !== null) return [`nothing: the job has ${ended.status} and stays ${ended.status}`];
  if (budgets.length === 0) return ["the job keeps running, and nothing is restarted"];
  const changes = budgets.map(({ name, isDeleted }) => `${name} is ${isDeleted ? "deleted" : "created"}`);
  return [`the job keeps running; only objects beside its pods change: PodDisruptionBudget ${changes.join(", ")}`];
}

function startOf({ startsFrom }: BegunOperation, { restore }: ResolvedSpec): string {
  switch (startsFrom.kind) {
    case "none":
      return "without state";
    case "path":
      return restore.kind === "snapshot"
        ? `from the snapshot ${restore.name} (${startsFrom.path})`
        : `from ${startsFrom.path}`;
    case "latest":
      return "from its kept state";
  }
}

function leavingState(
  { startsFrom }: BegunOperation,
  { upgrade }: ResolvedSpec,
  { status: { handled } }: Preview,
): readonly string[] {
  if (startsFrom.kind === "none") return [];
  const usedBy = handled.nonRestoredStateAllowedTo;
  if (startsFrom.allowNonRestoredState) {
    const isOnce = startsFrom.kind === "latest" && upgrade.allowNonRestoredState && usedBy === undefined;
    const permission = isOnce
      ? "upgrade.allowNonRestoredState allows it once"
      : "restore.allowNonRestoredState allows it";
    return [
      `state that no operator of the new version restores is lost, because ${permission}; a Warning event names it`,
    ];
  }
  if (!upgrade.allowNonRestoredState || usedBy === undefined) return [];
  return [
    `upgrade.allowNonRestoredState no longer applies: generation ${usedBy} used it; to allow it again, apply false first`,
  ];
}

function suspension({ mode }: Pick<BegunOperation, "mode">): string {
  switch (mode) {
    case "savepoint":
      return "the job is stopped with a savepoint, its pods are deleted, and its state is kept";
    case "last-state":
      return "the job's pods are deleted; its newest checkpoint is kept, and later records are processed again";
    case "stateless":
      return "the job's pods are deleted, and its state is discarded";
  }
}

function replacement(
  { mode, steps, from, to, isAtRest, startsFrom }: BegunOperation,
  { status: { active } }: Preview,
): readonly string[] {
  if (isAtRest) {
    const start = startsFrom.kind === "none" ? "without state" : "from its last state";
    return [`the job has ended (${active?.ended?.status ?? "ENDED"}); incarnation ${to} starts ${start}`];
  }
  const isWarm = steps[0] === "Standby";
  const check = steps.includes("Preflight") ? " and checks that it accepts the state" : "";
  switch (mode) {
    case "stateless":
      return [
        `all state is discarded: incarnation ${to} starts empty`,
        isWarm
          ? `its pods start while incarnation ${from} runs; ${from} is stopped, then ${to} starts`
          : `incarnation ${from} is stopped first`,
      ];
    case "last-state":
      return [
        isWarm
          ? `incarnation ${to} is started beside ${from}; then ${from} is stopped without a savepoint, and ${to} restores its newest checkpoint`
          : `incarnation ${from} is stopped without a savepoint; then ${to} starts and restores its newest checkpoint`,
        "records after that checkpoint are processed again",
      ];
    case "savepoint":
      return isWarm
        ? [
            `incarnation ${to} is started beside ${from}${check}; until then ${from} keeps running`,
            `then ${from} stops with a savepoint, and ${to} restores it: a short pause`,
          ]
        : [
            `incarnation ${from} stops with a savepoint and its pods are deleted`,
            `then ${to} starts and restores it: the job is down in between`,
          ];
  }
}

function safety({ rollsBackTo }: BegunOperation, { upgrade: { rollback } }: ResolvedSpec): string {
  if (!rollback) return "if it fails, it is not rolled back (upgrade.rollback: false)";
  if (rollsBackTo === null) return "if it fails, there is no earlier stable version to roll back to";
  return `if it fails before it is stable, the job is rolled back to generation ${rollsBackTo}, with its state`;
}
