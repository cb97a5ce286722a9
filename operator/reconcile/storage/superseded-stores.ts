/**
 * Owns: when the state of an earlier incarnation is deleted, and what is known of that: one store at a time.
 * Not here: deleting it, and the proof that it is over, which the store itself gives (the JobManager: COLL1).
 *
 * SUP1 A store goes when the incarnation that runs is stable and nothing is in progress: until then it may be what a rollback or a
 *     restart goes on from (P-14). One that another StreamJob names stays (P-28).
 * SUP2 Which store is in the status before its JobManager is asked, with the id under which it is (P-3); it is asked again until it has
 *     said that the state is gone.
 * SUP3 What cannot be deleted is told in an event, and left: it costs space and never a job.
 * SUP4 A store is known from when its incarnation was activated: before, it holds no state.
 */
import { parseTime, type StreamJobStatus } from "../../../crds/index.ts";
import { hexDigest } from "../../../base/index.ts";
import { refusalOf } from "../actions/refusals.ts";
import type { Action } from "../actions/plan.ts";
import type { Situation } from "../facts/situation.ts";
import type { Draft } from "../status/draft.ts";

/** In the status; of more, the oldest are forgotten, and their state stays. */
const STORES_MAX = 64;
const FOLDERS_MAX = 16;
const ATTEMPTS_MAX = 5;
const POLL_MS = 500;
const RETRY_MS = 60_000;

type Store = StreamJobStatus["stores"][number];

/** SUP4. Of an incarnation that is being activated. */
export function noteStore(draft: Draft, store: Store): void {
  const others = draft.status.stores.filter(({ incarnation }) => incarnation !== store.incarnation);
  const folder = store.storeUri.slice(0, store.storeUri.lastIndexOf("/"));
  const storeFolders = [...draft.status.storeFolders.filter((each) => each !== folder), folder].slice(-FOLDERS_MAX);
  draft.set({ stores: [...others, store].slice(-STORES_MAX), storeFolders });
}

/** The id under which a JobManager is asked to delete it. */
const collectionId = (storeUri: string, attempt: number): string => hexDigest(32, "collection", storeUri, attempt);

export function collectSuperseded(draft: Draft, situation: Situation): readonly Action[] {
  const { active, operation, stores } = draft.status;
  const isGoing = situation.job.metadata.deletionTimestamp !== undefined;
  if (isGoing || active === undefined || active.ended !== null || active.stableAt === null) return [];
  if (operation !== undefined) return [];
  const { incarnation, storeUri } = active;
  // Of an operator that did not keep them.
  if (!stores.some((store) => store.incarnation === incarnation)) noteStore(draft, { incarnation, storeUri });
  learnOutcome(draft, situation);
  const { collecting } = draft.status;
  if (collecting === undefined) return begin(draft, situation);
  const { notBefore, attempt, storeUri: going } = collecting;
  if (notBefore !== null && parseTime(notBefore) > draft.nowMs) {
    draft.wakeIn(parseTime(notBefore) - draft.nowMs);
    return [];
  }
  draft.wakeIn(POLL_MS);
  if (situation.observed.collection?.kind === "inProgress" || !leads(situation, incarnation)) return [];
  return [ask(active.incarnation, going, attempt)];
}

/** A JobManager that has just been started again has to take its log first. */
function leads(situation: Situation, incarnation: number): boolean {
  const { view } = situation.incarnation(incarnation);
  return view.kind === "answering" && view.incarnation.phase === "active";
}

function ask(incarnation: number, storeUri: string, attempt: number): Action {
  return { kind: "collectStore", incarnation, storeUri, triggerId: collectionId(storeUri, attempt) };
}

/** SUP1, SUP2 */
function begin(draft: Draft, situation: Situation): readonly Action[] {
  const { active, stores } = draft.status;
  const store = stores.find(
    ({ incarnation, storeUri }) =>
      incarnation !== active?.incarnation &&
      storeUri !== active?.storeUri &&
      situation.incarnation(incarnation).objects === null &&
      !situation.observed.storesInUse.has(storeUri),
  );
  if (store === undefined || active === undefined) return [];
  draft.set({
    collecting: {
      ...store,
      triggerId: collectionId(store.storeUri, 0),
      attempt: 0,
      startedAt: draft.now,
      notBefore: null,
    },
  });
  draft.wakeIn(POLL_MS);
  return leads(situation, active.incarnation) ? [ask(active.incarnation, store.storeUri, 0)] : [];
}

function learnOutcome(draft: Draft, { observed }: Situation): void {
  const { collecting } = draft.status;
  if (collecting === undefined) return;
  const { storeUri, triggerId, incarnation, attempt } = collecting;
  if (observed.collection?.kind === "done") {
    draft.event(
      "Normal",
      "StateDeleted",
      `the state of incarnation ${incarnation} is deleted, no longer needed: ${storeUri}`,
    );
    return forget(draft, incarnation);
  }
  const refusal = refusalOf(observed, "collectStore", triggerId);
  const failure = observed.collection?.kind === "failed" ? observed.collection.message : null;
  if (failure === null && refusal?.isFinal !== true) return;
  if (refusal?.isFinal !== true && attempt + 1 < ATTEMPTS_MAX) {
    const wait = { notBefore: draft.timeIn(RETRY_MS * 2 ** attempt), attempt: attempt + 1 };
    draft.set({ collecting: { ...collecting, ...wait, triggerId: collectionId(storeUri, attempt + 1) } });
    return;
  }
  // SUP3
  const reason = failure ?? refusal?.message ?? "";
  draft.event("Warning", "StateKept", `the state of incarnation ${incarnation} is kept in ${storeUri}: ${reason}`);
  forget(draft, incarnation);
}

function forget(draft: Draft, incarnation: number): void {
  const stores = draft.status.stores.filter((store) => store.incarnation !== incarnation);
  draft.set({ stores, collecting: undefined });
}
