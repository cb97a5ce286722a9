/**
 * Owns: settling the transactions that a deleted job has left in other systems, such as Kafka: after its last pod, before its state goes.
 * A pod does it, with the job's image, account and credentials: the operator knows none of those systems.
 * Not here: what is committed and what aborted (the runtime: LTX1, SETL1).
 *
 * OST1 What the last complete checkpoint holds is committed and the rest aborted, or that it could not be done is told: nothing is dropped
 *     silently (EO-3). Pods that are orphaned and run on settle by themselves.
 * OST2 That it has begun, and how it ended, is in the record before anything follows from it (P-3).
 * OST3 The deletion of the StreamJob always ends: after `deletion.cleanUpTimeout`, or at once when the API server does not take the pod.
 *     Then the state is kept, whatever was asked for: it alone says what is to be committed.
 * OST4 The pod loads the code that ran last, from the ConfigMap of its incarnation, which is kept until then and made again where it is gone.
 */
import type { ResolvedSpec } from "../../../crds/index.ts";
import type { SettledIncarnation } from "../../engine/index.ts";
import type { Action } from "../actions/plan.ts";
import { refusalOf } from "../actions/refusals.ts";
import { incarnationPlaces, type Situation } from "../facts/situation.ts";
import { hasFinished } from "../status/active.ts";
import type { Draft } from "../status/draft.ts";
import type { StepContext } from "../steps/step.ts";
import { carryOut, type StorageOutcome, type StorageWork } from "../storage/storage-pods.ts";
import { waitForCleanUp } from "./clean-up-wait.ts";

const POLL_MS = 500;

type Left = { readonly incarnation: SettledIncarnation; readonly spec: ResolvedSpec };

/** Whether a deletion has yet to settle transactions: no state goes before. */
export function isSettlementDue({ status }: Draft): boolean {
  const { operation, settlesOnDeletion, active } = status;
  if (operation?.kind !== "delete" || settlesOnDeletion !== true || operation.settlement?.ended !== undefined)
    return false;
  // It has committed all of it.
  return !hasFinished(active);
}

/** The incarnation whose ConfigMap stays meanwhile (OST4); null: none. */
export function settledIncarnation(draft: Draft): number | null {
  const { active, stores } = draft.status;
  return isSettlementDue(draft) ? (active?.incarnation ?? stores.at(-1)?.incarnation ?? null) : null;
}

/** `isOrphaning`: its pods run on. Gives whether the deletion may go on, and if so how it ended. */
export function settleTransactions(context: StepContext, isOrphaning: boolean): "over" | "left" | "waiting" {
  const { draft, situation, operation } = context;
  if (operation.settlement?.ended === "left") return "left";
  if (isOrphaning || !isSettlementDue(draft)) return "over";
  if (operation.settlement === undefined) draft.operation({ settlement: { startedAt: draft.now } });
  const left = leftOf(draft, situation);
  if (left === null) return end(draft, "left", "the version that ran last is not kept any more");
  const { outcome } = workFor(draft, situation, left);
  if (outcome.kind === "done") return end(draft, "settled", null);
  if (outcome.kind === "failed" && outcome.isRefused) return end(draft, "left", outcome.message);
  const { target } = situation;
  const wait = waitForCleanUp(draft, outcome, {
    doing: "settling the transactions of the job",
    startedAt: draft.status.operation?.settlement?.startedAt,
    timeoutMs: (target.kind === "valid" ? target.spec : left.spec).deletion.cleanUpTimeoutMs,
  });
  if (wait === null) return end(draft, "left", outcome.message);
  if (wait.trouble !== null) draft.stalled = { reason: "TransactionsNotSettled", message: wait.trouble };
  return "waiting";
}

/** What is to be done for it. */
export function settlementCalls(draft: Draft, situation: Situation): readonly Action[] {
  if (!isSettlementDue(draft) || draft.status.operation?.settlement === undefined) return [];
  const left = leftOf(draft, situation);
  return left === null ? [] : workFor(draft, situation, left).actions;
}

/** null: nobody knows any more what ran. */
function leftOf(draft: Draft, situation: Situation): Left | null {
  const { active, resume } = draft.status;
  const number = settledIncarnation(draft);
  const revision = active?.revision ?? resume?.revision;
  const version = revision === undefined ? null : situation.version(revision);
  if (number === null || version === null) return null;
  const { spec } = version;
  const { jobId, storeUri, savepointDirectory, configMapName } = incarnationPlaces(situation, number, spec);
  const recorded = draft.status.stores.find(({ incarnation }) => incarnation === number)?.storeUri;
  const incarnation = { number, jobId, storeUri: recorded ?? storeUri, savepointDirectory, configMapName };
  return { incarnation, spec };
}

/** OST4 */
function workFor(draft: Draft, situation: Situation, { incarnation, spec }: Left): StorageWork {
  const { job, settings, observed } = situation;
  const { configMap } = situation.incarnation(incarnation.number).objects ?? { configMap: null };
  if (configMap !== null) return carryOut(draft, situation, { kind: "settle", incarnation }, spec);
  const { defaultImage } = settings;
  const { configMap: object, filesOf } = settings.engine.children({ job, spec, defaultImage, ...incarnation });
  const { name } = object.metadata;
  const refusal = refusalOf(observed, "applyChild", `ConfigMap/${name}`);
  const outcome: StorageOutcome =
    refusal === null
      ? { kind: "working", message: `making ConfigMap ${name} again` }
      : { kind: "failed", message: refusal.message, isRefused: refusal.isFinal };
  draft.wakeIn(POLL_MS);
  const why = "transactions are to be settled by the code that ran last";
  return {
    outcome,
    actions: [{ kind: "applyChild", object, why, ...(filesOf === null ? {} : { filesOf }) }],
  };
}

/** `why` it was not done; null: it was. */
function end(draft: Draft, ended: "settled" | "left", why: string | null): "over" | "left" {
  draft.operation({ settlement: { startedAt: draft.now, ...draft.status.operation?.settlement, ended } });
  if (why === null) {
    draft.event(
      "Normal",
      "TransactionsSettled",
      "the transactions of the job are settled: its last checkpoint's are committed, all others aborted",
    );
    return "over";
  }
  const { active, stores } = draft.status;
  const storeUri = active?.storeUri ?? stores.at(-1)?.storeUri ?? "unknown";
  draft.event(
    "Warning",
    "TransactionsLeft",
    `the job may have left transactions in other systems, which hold back readers: ${why}. Its state, which says what is to be committed, is kept in ${storeUri}`,
  );
  return "left";
}
