/**
 * Owns: the next status while it is being worked out, with the events and the wake-up that go with it.
 *
 * DR1 Every change of an operation's step or end leaves a line in words: in its message, the history, or an event.
 */
import {
  formatTime,
  HISTORY_LENGTH_MAX,
  type Operation,
  type OperationStep,
  type StreamJobStatus,
} from "../../../crds/index.ts";
import type { BlockedReason, StalledReason } from "./condition-reasons.ts";
import type { EventReason } from "./event-reasons.ts";
import type { PlannedEvent } from "../actions/plan.ts";

type Trouble<Reason> = { readonly reason: Reason; readonly message: string };

/** All of a draft at one moment. */
type Mark = Pick<Draft, "status" | "wakeAfterMs" | "blocked" | "stalled"> & { readonly events: number };

export class Draft {
  readonly nowMs: number;
  readonly events: PlannedEvent[] = [];
  #status: StreamJobStatus;
  #wakeAfterMs: number | null = null;
  /** What is in the way, for the condition UpgradeBlocked; null: nothing. */
  blocked: Trouble<BlockedReason> | null = null;
  /** What needs a person, for the condition Stalled; null: nothing. */
  stalled: Trouble<StalledReason> | null = null;

  /** Names of clean-up pods that are wanted: others are taken away. */
  readonly storagePods = new Set<string>();

  constructor(status: StreamJobStatus, nowMs: number) {
    this.#status = status;
    this.nowMs = nowMs;
  }

  get status(): StreamJobStatus {
    return this.#status;
  }

  get now(): string {
    return formatTime(this.nowMs);
  }

  /** The time in so many milliseconds. */
  timeIn(ms: number): string {
    return formatTime(this.nowMs + ms);
  }

  get wakeAfterMs(): number | null {
    return this.#wakeAfterMs;
  }

  /** `undefined` takes a field away. */
  set(change: { readonly [Field in keyof StreamJobStatus]?: StreamJobStatus[Field] | undefined }): void {
    const next: Record<string, unknown> = { ...this.#status, ...change };
    for (const [field, value] of Object.entries(next)) if (value === undefined) delete next[field];
    this.#status = next as StreamJobStatus;
  }

  /** Changes the operation in progress. */
  operation(change: Partial<Operation>): void {
    const { operation } = this.#status;
    if (operation !== undefined) this.set({ operation: { ...operation, ...change } });
  }

  enter(step: OperationStep, message: string): void {
    this.operation({ step, stepSince: this.now, notBefore: null, message });
  }

  /** Waits where it is; `message` says for what. */
  wait(message: string, wakeAfterMs: number): void {
    if (this.#status.operation !== undefined && this.#status.operation.message !== message) this.operation({ message });
    this.wakeIn(wakeAfterMs);
  }

  event(type: "Normal" | "Warning", reason: EventReason, note: string): void {
    this.events.push({ type, reason, note });
  }

  history(what: string, why: string): void {
    const { history, active, operation, observedGeneration } = this.#status;
    const entry = {
      at: this.now,
      incarnation: operation?.to ?? active?.incarnation ?? null,
      generation: Math.max(0, operation?.toGeneration ?? active?.generation ?? observedGeneration),
      revision: operation?.revision ?? active?.revision ?? "",
      what,
      why,
    };
    this.set({ history: [...history, entry].slice(-HISTORY_LENGTH_MAX) });
  }

  /** A line of the history that says why a request comes to nothing; not again while it is the last. */
  once(what: string, why: string): void {
    const last = this.#status.history.at(-1);
    if (last?.what === what && last.why === why) return;
    this.history(what, why);
    this.event("Warning", "RequestRefused", why);
  }

  mark(): Mark {
    const { status, wakeAfterMs, blocked, stalled, events } = this;
    return { status, wakeAfterMs, blocked, stalled, events: events.length };
  }

  /** As it was then. */
  backTo({ status, wakeAfterMs, blocked, stalled, events }: Mark): void {
    this.#status = status;
    this.#wakeAfterMs = wakeAfterMs;
    this.blocked = blocked;
    this.stalled = stalled;
    this.events.length = events;
  }

  /** Not later than this. */
  wakeIn(ms: number): void {
    this.#wakeAfterMs = Math.min(this.#wakeAfterMs ?? Number.POSITIVE_INFINITY, Math.max(ms, 1));
  }
}
