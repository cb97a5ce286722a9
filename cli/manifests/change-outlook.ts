/**
 * Owns: what will happen when a changed StreamJob is applied, in words: before it is done. Pure.
 * Does not own: deciding it (operator/reconcile); this says what those decisions are for people, in the same order.
 */
import {
  APPROVE_ANNOTATION,
  type ResolvedSpec,
  type StreamJob,
  type StreamJobStatus,
  withDefaults,
} from "../../crds/index.ts";
import { type ChangeCost, revisionHash } from "../../operator/reconcile/index.ts";
import { revisionName } from "../../operator/engine/index.ts";
import { namespaceFlag } from "./command-context.ts";
import { holds } from "./job-facts.ts";

/** What happens to a job that is not there yet. */
export function outlookOfNew(spec: ResolvedSpec): readonly string[] {
  if (spec.state === "suspended") return ["it is recorded; the job starts when it is resumed"];
  const { restore } = spec;
  if (restore.kind === "path") return [`it is deployed, and starts from ${restore.path}`];
  if (restore.kind === "snapshot")
    return [`it is deployed, and starts from the snapshot ${restore.name}, once that is Completed`];
  return ["it is deployed, and starts without state"];
}

/** `next`: the object as it would be. */
export function outlookOf(next: StreamJob, status: StreamJobStatus, cost: ChangeCost): readonly string[] {
  const spec = withDefaults(next.spec);
  const { name, deletionTimestamp } = next.metadata;
  if (deletionTimestamp !== undefined) return ["nothing: the job is being deleted"];
  const lines = holds(status, "Paused") ? [`nothing for now: ${name} is paused; once it no longer is:`] : [];
  return [...lines, ...steps(next, spec, status, cost)];
}

function steps(next: StreamJob, spec: ResolvedSpec, status: StreamJobStatus, cost: ChangeCost): readonly string[] {
  const { name } = next.metadata;
  const { active, resume, failed, operation } = status;
  const revision = revisionName(name, revisionHash(next.spec));
  if (spec.state === "suspended") {
    if (active === undefined)
      return ["nothing now, because the job is suspended; the change applies when the job is resumed"];
    if (active.ended === null) return [suspension(spec)];
    const { status: ending, savepoint } = active.ended;
    if (ending === "FINISHED" && savepoint === null) return ["nothing: the job has FINISHED and stays FINISHED"];
    return ["the job has ended; its pods are deleted, its state is kept"];
  }
  if (active === undefined) {
    const from = resume === undefined || resume.kind === "none" ? "without state" : "from its kept state";
    return [
      operation === undefined ? `the job starts ${from}` : `the ${operation.kind} in progress continues with this spec`,
      ...leavingState(spec, status),
    ];
  }
  const isTriedAgain = isLeavingAllowed(spec, status);
  if (failed?.revision === revision && active.revision !== revision && !isTriedAgain) {
    return [
      `nothing: this version failed before and is not retried: ${failed.reason}`,
      "change the spec to start another attempt",
    ];
  }
  const extra = savepointAsked(spec, status) ? ["a savepoint is taken while the job runs"] : [];
  if (cost === "none") return [...extra, "the job keeps running, and nothing is restarted"];
  if (cost === "inPlace") return [...extra, "the job keeps running; only objects beside its pods change"];
  return [
    ...inTheWay(next, spec, status),
    ...replacement(spec, status),
    ...leavingState(spec, status),
    ...safety(spec, status, revision),
  ];
}

/** LO1: the permission is used once. */
function isLeavingAllowed({ upgrade }: ResolvedSpec, { handled }: StreamJobStatus): boolean {
  return upgrade.allowNonRestoredState && handled.nonRestoredStateAllowedTo === undefined;
}

function leavingState(spec: ResolvedSpec, status: StreamJobStatus): readonly string[] {
  if (spec.upgrade.mode === "stateless" || !spec.upgrade.allowNonRestoredState) return [];
  if (isLeavingAllowed(spec, status)) {
    return [
      "state that no operator of the new version restores is lost, because upgrade.allowNonRestoredState allows it once; a Warning event names it",
    ];
  }
  return [
    `upgrade.allowNonRestoredState no longer applies: generation ${status.handled.nonRestoredStateAllowedTo} used it; to allow it again, apply false first`,
  ];
}

function suspension({ upgrade: { mode } }: ResolvedSpec): string {
  switch (mode) {
    case "savepoint":
      return "the job is stopped with a savepoint, its pods are deleted, and its state is kept";
    case "last-state":
      return "the job's pods are deleted; its newest checkpoint is kept, and later records are processed again";
    case "stateless":
      return "the job's pods are deleted, and its state is discarded";
  }
}

function savepointAsked({ savepointNonce }: ResolvedSpec, { handled }: StreamJobStatus): boolean {
  return savepointNonce !== null && savepointNonce !== (handled.savepointNonce ?? null);
}

function inTheWay(next: StreamJob, spec: ResolvedSpec, { operation }: StreamJobStatus): readonly string[] {
  const { name, namespace } = next.metadata;
  const lines: string[] = [];
  if (spec.upgrade.approval === "manual") {
    lines.push(
      `blocked until approval: \`streamjob approve ${name}${namespaceFlag(namespace)}\` (annotation ${APPROVE_ANNOTATION}); then:`,
    );
  }
  if (operation !== undefined) {
    lines.push(
      `the ${operation.kind} to generation ${operation.toGeneration} is in progress (${operation.step}): it is abandoned if the old job has not been stopped yet; otherwise it finishes first`,
    );
  }
  return lines;
}

function replacement(
  { upgrade: { mode, standby } }: ResolvedSpec,
  { active, incarnations }: StreamJobStatus,
): readonly string[] {
  const to = incarnations + 1;
  if ((active?.ended ?? null) !== null)
    return [
      `the job has ended (${active?.ended?.status}); incarnation ${to} starts${mode === "stateless" ? " without state" : " from its last state"}`,
    ];
  const from = active?.incarnation;
  switch (mode) {
    case "stateless":
      return [
        `all state is discarded: incarnation ${to} starts empty`,
        standby === "warm"
          ? `its pods start while incarnation ${from} runs; ${from} is stopped, then ${to} starts`
          : `incarnation ${from} is stopped first`,
      ];
    case "last-state":
      return [
        standby === "warm"
          ? `incarnation ${to} is started beside ${from}; then ${from} is stopped without a savepoint, and ${to} restores its newest checkpoint`
          : `incarnation ${from} is stopped without a savepoint; then ${to} starts and restores its newest checkpoint`,
        "records after that checkpoint are processed again",
      ];
    case "savepoint":
      return standby === "warm"
        ? [
            `incarnation ${to} is started beside ${from} and checks that it accepts the state; until then ${from} keeps running`,
            `then ${from} stops with a savepoint, and ${to} restores it: a short pause`,
          ]
        : [
            `incarnation ${from} stops with a savepoint and its pods are deleted`,
            `then ${to} starts and restores it: the job is down in between`,
          ];
  }
}

function safety(
  { upgrade: { rollback } }: ResolvedSpec,
  { stable }: StreamJobStatus,
  revision: string,
): readonly string[] {
  if (!rollback) return ["if it fails, it is not rolled back (upgrade.rollback: false)"];
  if (stable === undefined || stable.revision === revision)
    return ["if it fails, there is no earlier stable version to roll back to"];
  return [`if it fails before it is stable, the job is rolled back to generation ${stable.generation}, with its state`];
}
