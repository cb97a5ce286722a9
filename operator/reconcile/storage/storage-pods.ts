/**
 * Owns: having files deleted by a pod when no JobManager runs that could, or transactions settled: asking for it, how it goes, taking the
 * pod away.
 * Not here: what is to be deleted (state-deletion.ts, snapshots/retention.ts), what the pod is like (the engine).
 *
 * CUP1 One pod for one task, named by it: whoever plans the same again finds the same. The task is asked for by facts that are in the
 *     API server already, the StreamJob's status or a snapshot's deletion (P-3).
 * CUP2 A pod that nobody asks for any more is taken away; so is one that failed, after a while, to be made again.
 * CUP3 A pod that has done its task stays until nobody asks for it any more: what follows from it may be refused, and the task would be
 *     carried out again and again.
 */
import { parseTime, type ResolvedSpec } from "../../../crds/index.ts";
import { hexDigest } from "../../../base/index.ts";
import { type StorageTask, storagePodName } from "../../engine/index.ts";
import type { Pod } from "../../kubernetes/api/index.ts";
import type { Action } from "../actions/plan.ts";
import { refusalOf } from "../actions/refusals.ts";
import { endedTrouble, podTrouble } from "../facts/pod-trouble.ts";
import { canonicalJson } from "../facts/revision.ts";
import type { Situation } from "../facts/situation.ts";
import type { Draft } from "../status/draft.ts";

const POLL_MS = 500;
const RETRY_MS = 15_000;

export type StorageOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "working"; readonly message: string }
  /** It is tried again. `isRefused`: the pod is not even made. */
  | { readonly kind: "failed"; readonly message: string; readonly isRefused: boolean };

export type StorageWork = { readonly outcome: StorageOutcome; readonly actions: readonly Action[] };

/** Asks for the task to be carried out, and says how that goes. Called in each look until it is done. `given`: of what the pod is made. */
export function carryOut(draft: Draft, situation: Situation, task: StorageTask, given?: ResolvedSpec): StorageWork {
  const { job, observed } = situation;
  const name = storagePodName(job.metadata.name, hexDigest(8, "storage", canonicalJson(task)));
  const pod = observed.storagePods.find(({ metadata }) => metadata.name === name);
  draft.wakeIn(POLL_MS);
  if (pod === undefined)
    return {
      outcome: outcomeOfNone(situation, name),
      actions: making(situation, { name, task, spec: given ?? specOf(draft, situation) }),
    };
  const phase = pod.status?.phase;
  // CUP3
  if (phase !== "Failed") draft.storagePods.add(name);
  if (phase === "Succeeded") return { outcome: { kind: "done" }, actions: [] };
  if (phase !== "Failed" || pod.metadata.deletionTimestamp !== undefined) {
    const message = podTrouble([pod]) ?? `pod ${name} is at work`;
    return { outcome: { kind: "working", message }, actions: [] };
  }
  // CUP2
  if (draft.nowMs - endedMs(pod) < RETRY_MS) draft.storagePods.add(name);
  const message = endedTrouble(pod) ?? `pod ${name} failed`;
  return { outcome: { kind: "failed", message, isRefused: false }, actions: [] };
}

function outcomeOfNone({ observed }: Situation, name: string): StorageOutcome {
  const refusal = refusalOf(observed, "applyChild", `Pod/${name}`);
  if (refusal === null) return { kind: "working", message: `making pod ${name}` };
  return { kind: "failed", message: refusal.message, isRefused: true };
}

type Wanted = { readonly name: string; readonly task: StorageTask; readonly spec: ResolvedSpec | null };

function making(situation: Situation, { name, task, spec }: Wanted): readonly Action[] {
  if (spec === null) return [];
  const { job, settings } = situation;
  const object = settings.engine.storagePod({ job, spec, name, task, defaultImage: settings.defaultImage });
  const what = task.kind === "settle" ? "transactions are to be settled" : "files are to be deleted";
  return [{ kind: "applyChild", object, why: `${what}, and no JobManager runs that could` }];
}

/** What is wanted now, for it may have the corrected credentials; else what ran last. */
export function specOf({ status }: Draft, { target, version }: Situation): ResolvedSpec | null {
  if (target.kind === "valid") return target.spec;
  const revision = status.active?.revision ?? status.resume?.revision;
  return revision === undefined ? null : (version(revision)?.spec ?? null);
}

function endedMs({ status, metadata }: Pod): number {
  const at = status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? metadata.creationTimestamp;
  return at === undefined ? 0 : parseTime(at);
}

/** CUP2. Called when all that is asked for is known. */
export function unwantedPods(draft: Draft, { observed }: Situation): readonly Action[] {
  return observed.storagePods
    .filter(({ metadata }) => !draft.storagePods.has(metadata.name) && metadata.deletionTimestamp === undefined)
    .map(({ metadata: { name, uid } }) => ({
      kind: "deleteChild",
      objectKind: "Pod",
      name,
      uid: uid ?? "",
      why: "what it was made for is done, failed, or not asked for any more",
    }));
}
