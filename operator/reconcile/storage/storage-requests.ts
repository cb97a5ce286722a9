/**
 * Owns: what a person asks about the stores of a StreamJob (the annotation STORAGE_ANNOTATION): a pod that looks, and deletes what nothing
 * can need, and how that goes in the status.
 * Not here: what the pod finds and what nothing can need (the runtime, GAR1 to GAR3), its answer, which is its log.
 *
 * SRQ1 It is in the status before there is a pod, so an operator that dies makes no second one; and once it has ended it is not made
 *     again, as long as that request stands.
 * SRQ2 The pod is told all that this operator knows to be needed at that moment: what this job and others name (GAR2).
 * SRQ3 A pod that has ended is kept for a while, for its log, or until the request is taken away.
 */
import {
  parseTime,
  readStorageRequest,
  STORAGE_ANNOTATION,
  type StorageRequest,
  type StreamJobStatus,
} from "../../../crds/index.ts";
import { type StorageInspection, storagePodName } from "../../engine/index.ts";
import type { Action } from "../actions/plan.ts";
import { refusalOf } from "../actions/refusals.ts";
import { type NamedPlace, placesNamedBy, placesNamedBySnapshot } from "../facts/named-places.ts";
import { endedTrouble, podTrouble } from "../facts/pod-trouble.ts";
import type { Situation } from "../facts/situation.ts";
import { foldersOf, incarnationIds } from "../operation/state-deletion.ts";
import type { Draft } from "../status/draft.ts";
import { specOf } from "./storage-pods.ts";

const POLL_MS = 500;
/** SRQ3 */
const KEPT_MS = 10 * 60_000;
/** The pod ends by itself; this is for one that never starts. */
const TIME_MAX_MS = 20 * 60_000;

type Answer = NonNullable<StreamJobStatus["storageRequest"]>;

export function answerStorageRequest(draft: Draft, situation: Situation): readonly Action[] {
  const { job } = situation;
  const text = job.metadata.annotations?.[STORAGE_ANNOTATION];
  if (text === undefined || job.metadata.deletionTimestamp !== undefined) {
    draft.set({ storageRequest: undefined });
    return [];
  }
  const request = readStorageRequest(text);
  if (request === null) {
    draft.once(
      "storage request refused",
      `the annotation ${STORAGE_ANNOTATION} is none that \`streamjob storage\` writes`,
    );
    return [];
  }
  const answer = answerTo(draft, situation, request);
  if (answer.phase === "Running") return carryOn(draft, situation, { request, answer });
  const keptMs = parseTime(answer.endedAt ?? answer.startedAt) + KEPT_MS - draft.nowMs;
  if (keptMs > 0) {
    draft.storagePods.add(answer.pod);
    draft.wakeIn(keptMs);
  }
  return [];
}

/** SRQ1 */
function answerTo(draft: Draft, { job }: Situation, { id }: StorageRequest): Answer {
  const known = draft.status.storageRequest;
  if (known?.id === id) return known;
  const pod = storagePodName(job.metadata.name, id.slice(0, 8));
  const answer: Answer = { id, pod, phase: "Running", startedAt: draft.now, message: `making pod ${pod}` };
  draft.set({ storageRequest: answer });
  return answer;
}

type Asked = { readonly request: StorageRequest; readonly answer: Answer };

function carryOn(draft: Draft, situation: Situation, { request, answer }: Asked): readonly Action[] {
  const { observed } = situation;
  const tell = (phase: Answer["phase"], message: string): readonly Action[] => {
    const ended = phase === "Running" ? {} : { endedAt: draft.now };
    draft.set({ storageRequest: { ...answer, phase, message, ...ended } });
    return [];
  };
  draft.wakeIn(POLL_MS);
  draft.storagePods.add(answer.pod);
  const pod = observed.storagePods.find(({ metadata }) => metadata.name === answer.pod);
  const isLate = draft.nowMs - parseTime(answer.startedAt) > TIME_MAX_MS;
  if (pod?.status?.phase === "Succeeded") return tell("Done", `pod ${answer.pod} has looked`);
  if (pod?.status?.phase === "Failed") return tell("Failed", endedTrouble(pod) ?? `pod ${answer.pod} failed`);
  if (pod !== undefined) {
    const message = podTrouble([pod]) ?? `pod ${answer.pod} looks at the stores`;
    return isLate ? tell("Failed", `it has not ended: ${message}`) : tell("Running", message);
  }
  const refusal = refusalOf(observed, "applyChild", `Pod/${answer.pod}`);
  if (refusal !== null) return tell("Failed", refusal.message);
  return make(draft, situation, { request, answer }) ?? tell("Failed", "the spec is invalid, and none ran before");
}

function make(draft: Draft, situation: Situation, { request, answer }: Asked): readonly Action[] | null {
  const { job, settings } = situation;
  const spec = specOf(draft, situation);
  if (spec === null) return null;
  const task = inspectionOf(draft, situation, request);
  const { defaultImage } = settings;
  const object = settings.engine.storagePod({ job, spec, name: answer.pod, task, defaultImage });
  return [{ kind: "applyChild", object, why: "a person asks what is in the stores of the job" }];
}

/** SRQ2 */
function inspectionOf(draft: Draft, situation: Situation, { collect }: StorageRequest): StorageInspection {
  const { job, observed } = situation;
  const jobIds = incarnationIds(draft, situation);
  const ids = new Set(jobIds);
  const places: readonly NamedPlace[] = [
    ...placesNamedBy({ ...job, status: draft.status }),
    ...observed.snapshots.flatMap(placesNamedBySnapshot),
    ...observed.storeNamers,
  ];
  const named = places.filter(({ location }) => location.split("/").some((part) => ids.has(part)));
  const approved = collect === null ? null : collect.filter((id) => ids.has(id));
  return { kind: "inspect", folders: foldersOf(draft, situation), jobIds, named, approved };
}
