/**
 * Owns: which snapshots are removed, by policy or because somebody deleted the object, and in which order.
 *
 * RETE1 Never removed by policy: what people asked for (origin manual), the newest completed one, and everything that is still named: by
 *     the operation in progress, the resume point, what the active incarnation started from until it is stable, or another job (P-28).
 * RETE2 The object goes only after its files: it has our finalizer before there are any, and until the JobManager, or where none runs a
 *     pod (CUP1), says that they are gone (P-28).
 * RETE3 A deletion always ends: files that nobody can delete (the StreamJob goes, too) stay, and an event says where (P-29).
 */
import { CLEANUP_FINALIZER, parseTime, snapshotWithDefaults, type StreamJobSnapshot } from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import type { Action } from "../actions/plan.ts";
import { refusalOf } from "../actions/refusals.ts";
import { snapshotMessageWrite } from "./snapshot-objects.ts";
import type { JobManagerView } from "../facts/observed.ts";
import type { Situation } from "../facts/situation.ts";
import { carryOut } from "../storage/storage-pods.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

const DISPOSAL_POLL_MS = 500;

export function retentionOf(draft: Draft, situation: Situation): readonly Action[] {
  const { target, observed } = situation;
  if (target.kind !== "valid") return [];
  const { retainCount, retainAgeMs } = target.spec.savepoints;
  const completed = observed.snapshots
    .filter((snapshot) => snapshotStatusOf(snapshot).phase === "Completed")
    .sort((a, b) => completedMs(b) - completedMs(a) || (a.metadata.name < b.metadata.name ? 1 : -1));
  const named = namedLocations(draft, situation);
  const { active } = draft.status;
  const jobManager = situation.incarnation(active?.incarnation).view;
  // What it was started from cannot be known now.
  if (active !== undefined && active.stableAt === null && jobManager.kind !== "answering") return [];
  const actions: Action[] = [];
  let kept = 0;
  for (const [place, snapshot] of completed.entries()) {
    if (snapshotWithDefaults(snapshot.spec).origin === "manual") continue;
    const isOld = retainAgeMs !== null && draft.nowMs - completedMs(snapshot) > retainAgeMs;
    const { location } = snapshotStatusOf(snapshot);
    kept++;
    if (place === 0 || (kept <= retainCount && !isOld)) continue;
    if (location !== undefined && named.has(location)) continue;
    if (snapshot.metadata.deletionTimestamp !== undefined) continue;
    const { name, uid } = snapshot.metadata;
    actions.push({ kind: "deleteSnapshot", name, uid: uid ?? "" });
  }
  return actions;
}

/** RETE1 */
function namedLocations({ status }: Draft, { observed, target, incarnation }: Situation): ReadonlySet<string> {
  const named = new Set(observed.foreignReferences);
  const { operation, resume, active } = status;
  if (operation?.savepoint?.path) named.add(operation.savepoint.path);
  for (const restore of [operation?.restore, resume]) {
    if (restore?.kind === "path") named.add(restore.path);
    if (restore?.kind === "latest" && restore.savepoint !== null) named.add(restore.savepoint);
  }
  if (active !== undefined && active.stableAt === null && status.lastSavepoint !== undefined) {
    named.add(status.lastSavepoint.path);
  }
  // What the active incarnation was started from, as its JobManager says.
  const { view } = incarnation(active?.incarnation);
  const from = view.kind === "answering" ? view.incarnation.activation?.from : undefined;
  if (active !== undefined && active.stableAt === null) {
    if (from?.kind === "path") named.add(from.path);
    if (from?.kind === "latest" && from.savepoint !== null) named.add(from.savepoint);
  }
  if (target.kind === "valid" && target.spec.restore.kind === "path") named.add(target.spec.restore.path);
  if (observed.restoreSnapshot.kind === "completed") named.add(observed.restoreSnapshot.location);
  return named;
}

/** Objects that people made, and that are to stay until their files have gone (RETE2). */
export function holdsOf({ observed }: Situation): readonly Action[] {
  return observed.snapshots
    .filter((snapshot) => snapshot.metadata.deletionTimestamp === undefined && !isHeld(snapshot))
    .map(({ metadata }) => ({ kind: "holdSnapshot", name: metadata.name }));
}

/** Whether its object will stay as long as its files have to. */
export function isHeld(snapshot: StreamJobSnapshot): boolean {
  const isHolding = (snapshot.metadata.finalizers ?? []).includes(CLEANUP_FINALIZER);
  const hasNoFiles = snapshotStatusOf(snapshot).phase === "Failed";
  return isHolding || hasNoFiles || !snapshotWithDefaults(snapshot.spec).disposeOnDelete;
}

/** RETE2, RETE3 */
export function deletionsOf(
  draft: Draft,
  situation: Situation,
  { isDeleting }: { readonly isDeleting: boolean },
): readonly Action[] {
  const { observed } = situation;
  const actions: Action[] = [];
  const leaving = isDeleting && draft.status.operation?.step === "Terminating";
  for (const snapshot of observed.snapshots) {
    const { metadata, spec } = snapshot;
    if (!(metadata.finalizers ?? []).includes(CLEANUP_FINALIZER)) continue;
    const isGoing = metadata.deletionTimestamp !== undefined;
    if (leaving) actions.push({ kind: "releaseSnapshot", name: metadata.name });
    else if (isGoing) actions.push(...disposal(draft, situation, snapshot, snapshotWithDefaults(spec).disposeOnDelete));
  }
  return actions;
}

function disposal(
  draft: Draft,
  situation: Situation,
  snapshot: StreamJobSnapshot,
  disposeOnDelete: boolean,
): readonly Action[] {
  const { name } = snapshot.metadata;
  const { location } = snapshotStatusOf(snapshot);
  if (draft.status.savepoint?.name === name) return [];
  const view = situation.observed.disposals[name] ?? { kind: "unknown" };
  if (!disposeOnDelete || location === undefined || view.kind === "done") return [{ kind: "releaseSnapshot", name }];
  if (view.kind === "inProgress") draft.wakeIn(DISPOSAL_POLL_MS);
  // Waits for what names it to go, or for a JobManager that can do it, at the steady pace.
  if (namedLocations(draft, situation).has(location) || view.kind === "inProgress") return [];
  const { active } = draft.status;
  const jobManager = situation.incarnation(active?.incarnation).view;
  if (isAtRest(draft, jobManager)) return disposalByPod(draft, situation, snapshot, location);
  if (active === undefined || jobManager.kind !== "answering") return [];
  draft.wakeIn(view.kind === "failed" ? DISPOSAL_POLL_MS * 20 : DISPOSAL_POLL_MS);
  const problem =
    view.kind === "failed" ? view.message : refusalOf(situation.observed, "disposeSavepoint", name)?.message;
  const told =
    problem === undefined ? [] : snapshotMessageWrite(snapshot, `its files cannot be deleted: ${problem}`, draft.now);
  return [...told, { kind: "disposeSavepoint", incarnation: active.incarnation, location, snapshot: name }];
}

/** No JobManager runs that could delete files, and none is about to. */
function isAtRest({ status: { active, operation } }: Draft, jobManager: JobManagerView): boolean {
  return operation === undefined && jobManager.kind === "absent" && (active === undefined || active.ended !== null);
}

function disposalByPod(
  draft: Draft,
  situation: Situation,
  snapshot: StreamJobSnapshot,
  location: string,
): readonly Action[] {
  const { outcome, actions } = carryOut(draft, situation, { kind: "dispose", location });
  if (outcome.kind === "done") return [{ kind: "releaseSnapshot", name: snapshot.metadata.name }];
  const told =
    outcome.kind === "failed"
      ? snapshotMessageWrite(snapshot, `its files cannot be deleted: ${outcome.message}`, draft.now)
      : [];
  return [...told, ...actions];
}

function completedMs(snapshot: StreamJobSnapshot): number {
  const { completedAt } = snapshotStatusOf(snapshot);
  return completedAt === undefined ? 0 : parseTime(completedAt);
}
