/**
 * Owns: which actions were refused, by StreamJob, until they are allowed, planned no more, or another operator leads.
 * Called by: apply, which tells it; observe, which reads it for the next decision; the controller, when a plan has told them.
 *
 * REM1 A refusal is known at once. What got no answer is taken for one when it failed UNANSWERED_MAX times in a row: a single failure
 *     of a connection is no news.
 * REM2 A refused action is tried again after a delay that doubles, and at once when the spec has changed: a corrected spec is enough.
 *     Other actions of the job are not held up.
 * REM3 Forgotten with the process: the next operator tries, and is refused again. Bounded by the number of StreamJobs and their actions.
 * REM4 What was held back counts as no try, however late it is when the plan has been carried out.
 */
import type { StreamJob } from "../../crds/index.ts";
import type { Clock } from "../../base/index.ts";
import { type Action, type Refusal, subjectOf } from "../reconcile/index.ts";

const FIRST_DELAY_MS = 200;
const DELAY_MAX_MS = 30_000;
const UNANSWERED_MAX = 5;

/** An action that did not succeed. */
export type Refused = {
  readonly action: Action;
  readonly reason: string;
  /** It was answered; else nobody knows why it failed. */
  readonly isAnswered: boolean;
  readonly isFinal: boolean;
  /** It was not even tried (REM2): `reason` is what the memory had of it. */
  readonly isHeldBack: boolean;
};

type Entry = {
  readonly message: string;
  readonly isAnswered: boolean;
  readonly isFinal: boolean;
  readonly times: number;
  readonly dueMs: number;
  readonly isTold: boolean;
};

type Memory = { readonly generation: number; readonly entries: ReadonlyMap<string, Entry> };

export class RefusalMemory {
  readonly #clock: Clock;
  readonly #memories = new Map<string, Memory>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** REM1. In the order in which they were planned. */
  of(job: StreamJob): readonly Refusal[] {
    return [...this.#entries(job)].flatMap(([subject, entry]) => {
      const { message, isFinal, isTold } = entry;
      return isKnown(entry) ? [{ subject, message, isFinal, isNews: !isTold }] : [];
    });
  }

  /** Whether it is too early to try this again (REM2); what it was refused with then. */
  heldBack(job: StreamJob, action: Action): Refused | null {
    if (this.#memories.get(idOf(job))?.generation !== job.metadata.generation) return null;
    const entry = this.#entries(job).get(subjectOf(action));
    if (entry === undefined || this.#clock.monotonicMs() >= entry.dueMs) return null;
    const { message: reason, isAnswered, isFinal } = entry;
    return { action, reason, isAnswered, isFinal, isHeldBack: true };
  }

  /**
   * A plan has been carried out but for these. Whether there is something in it that no decision knows of yet, and when the first of
   * them is to be tried again.
   */
  note(job: StreamJob, refused: readonly Refused[]): { readonly isNews: boolean; readonly dueInMs: number | null } {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#entries(job);
    const entries = new Map<string, Entry>();
    let isNews = false;
    for (const each of refused) {
      const subject = subjectOf(each.action);
      const known = before.get(subject);
      const entry = each.isHeldBack ? known : entryOf(each, known, nowMs);
      if (entry === undefined) continue;
      entries.set(subject, entry);
      if (isKnown(entry) && (known === undefined || !isKnown(known) || known.message !== entry.message)) isNews = true;
    }
    this.#memories.delete(idOf(job));
    if (entries.size === 0) return { isNews: false, dueInMs: null };
    this.#memories.set(idOf(job), { generation: job.metadata.generation ?? 0, entries });
    const dueMs = Math.min(...[...entries.values()].map((entry) => entry.dueMs));
    return { isNews, dueInMs: Math.max(1, dueMs - nowMs) };
  }

  /** They are in the status, and have become events. */
  markTold(job: StreamJob, refusals: readonly Refusal[]): void {
    const memory = this.#memories.get(idOf(job));
    if (memory === undefined || refusals.length === 0) return;
    const told = new Map(refusals.map(({ subject, message }) => [subject, message]));
    const entries = new Map(
      [...memory.entries].map(([subject, entry]) => [
        subject,
        told.get(subject) === entry.message ? { ...entry, isTold: true } : entry,
      ]),
    );
    this.#memories.set(idOf(job), { ...memory, entries });
  }

  #entries(job: StreamJob): ReadonlyMap<string, Entry> {
    return this.#memories.get(idOf(job))?.entries ?? new Map<string, Entry>();
  }
}

const idOf = ({ metadata }: StreamJob): string => metadata.uid ?? "";

const isKnown = ({ isAnswered, times }: Entry): boolean => isAnswered || times >= UNANSWERED_MAX;

function entryOf({ action, reason, isAnswered, isFinal }: Refused, before: Entry | undefined, nowMs: number): Entry {
  const message = `${nameOf(action)} failed: ${reason}`;
  const times = (before?.times ?? 0) + 1;
  const delayMs = Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** Math.min(times - 1, 10));
  const isTold = before?.isTold === true && before.message === message;
  return { message, isAnswered, isFinal, times, dueMs: nowMs + delayMs, isTold };
}

/** For people. */
function nameOf(action: Action): string {
  switch (action.kind) {
    case "applyChild":
      return `creating ${action.object.kind} ${action.object.metadata.name}`;
    case "tryPod":
      return `creating Pod ${action.pod.metadata.name}`;
    case "issueCertificates":
      return `issuing the certificates of incarnation ${action.incarnation}`;
    case "deleteChild":
      return `deleting ${action.objectKind} ${action.name}`;
    case "createRevision":
      return `creating ControllerRevision ${action.revision.metadata.name}`;
    case "createSnapshot":
    case "recordSavepoint":
      return `creating StreamJobSnapshot ${action.snapshot.metadata.name}`;
    case "writeSnapshotStatus":
      return `writing the status of StreamJobSnapshot ${action.name}`;
    case "deleteRevision":
      return `deleting ControllerRevision ${action.name}`;
    case "holdSnapshot":
      return `adding the finalizer of StreamJobSnapshot ${action.name}`;
    case "releaseSnapshot":
      return `removing the finalizer of StreamJobSnapshot ${action.name}`;
    case "deleteSnapshot":
      return `deleting StreamJobSnapshot ${action.name}`;
    case "addFinalizer":
      return "adding the finalizer";
    case "removeFinalizer":
      return "removing the finalizer";
    case "removeAnnotation":
      return `removing the annotation ${action.annotation}`;
    case "triggerStop":
      return `the stop with savepoint ${action.target}`;
    case "triggerSavepoint":
      return `savepoint ${action.target}`;
    case "triggerCheckpoint":
      return `a checkpoint of incarnation ${action.incarnation}`;
    case "activate":
      return `the activation of incarnation ${action.incarnation}`;
    case "cancelJob":
      return `cancelling the job of incarnation ${action.incarnation}`;
    case "disposeSavepoint":
      return `deleting the savepoint in ${action.location}`;
    case "collectStore":
      return `deleting the state in ${action.storeUri}`;
  }
}
