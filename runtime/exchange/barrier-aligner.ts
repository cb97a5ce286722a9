/**
 * Owns: the decision which channels wait while the barriers of a checkpoint arrive, and when all have arrived. PURE.
 *
 * BA1 Aligned: from its barrier until the last one's, a channel is blocked: none of its records is processed (CK-7).
 * BA2 At-least-once: nothing is blocked; the barriers are counted.
 * BA3 A barrier of a newer checkpoint ends the wait for older ones: they were given up by the coordinator.
 * BA4 A barrier of a checkpoint that is over (complete or given up) is ignored, also when word of its end came before its first
 *     barrier: a stop that was taken back must not stop a task later, when nobody is left to tell it to go on.
 */
import type { Barrier } from "../record/index.ts";

export type AlignmentStep =
  /** Not all barriers are here yet. */
  | { readonly kind: "wait" }
  /** All channels' barriers are here: snapshot now. `blocked` channels are free again. */
  | { readonly kind: "complete"; readonly barrier: Barrier }
  | { readonly kind: "ignore" };

/** Checkpoints given up that are remembered one by one. */
const ABORTED_MAX = 64;

type Pending = { readonly barrier: Barrier; readonly arrived: Set<number> };

export class BarrierAligner {
  readonly #channels: number;
  readonly #blocked: boolean[];
  #pending: Pending[] = [];
  /** Checkpoints up to this id are over. */
  #doneId = 0;
  /** Given up one by one, above `doneId`. */
  readonly #aborted = new Set<number>();

  constructor(channels: number) {
    this.#channels = channels;
    this.#blocked = new Array<boolean>(channels).fill(false);
  }

  isBlocked(channel: number): boolean {
    return this.#blocked[channel] as boolean;
  }

  /** True while some barriers of a checkpoint are here and others are not. */
  get isAligning(): boolean {
    return this.#pending.length > 0;
  }

  onBarrier(channel: number, barrier: Barrier): AlignmentStep {
    if (this.#isOver(barrier.checkpointId)) return { kind: "ignore" };
    let pending = this.#pending.find((candidate) => candidate.barrier.checkpointId === barrier.checkpointId);
    if (pending === undefined) {
      if (barrier.aligned) this.#giveUpBefore(barrier.checkpointId);
      pending = { barrier, arrived: new Set() };
      this.#pending.push(pending);
    }
    pending.arrived.add(channel);
    if (pending.arrived.size === this.#channels) {
      this.#giveUpBefore(barrier.checkpointId + 1);
      return { kind: "complete", barrier: pending.barrier };
    }
    if (barrier.aligned) this.#blocked[channel] = true;
    return { kind: "wait" };
  }

  /** The coordinator gave the checkpoint up: nothing waits for it any more. */
  onAborted(checkpointId: number): void {
    if (checkpointId <= this.#doneId) return;
    this.#aborted.add(checkpointId);
    // Ids rise, so the first is the oldest; barriers of one that old have come long ago.
    if (this.#aborted.size > ABORTED_MAX) this.#doneId = Math.max(this.#doneId, Math.min(...this.#aborted));
    this.#settle();
  }

  #isOver(checkpointId: number): boolean {
    return checkpointId <= this.#doneId || this.#aborted.has(checkpointId);
  }

  #giveUpBefore(checkpointId: number): void {
    this.#doneId = Math.max(this.#doneId, checkpointId - 1);
    this.#settle();
  }

  #settle(): void {
    for (const id of this.#aborted) if (id <= this.#doneId) this.#aborted.delete(id);
    this.#pending = this.#pending.filter((candidate) => !this.#isOver(candidate.barrier.checkpointId));
    this.#blocked.fill(false);
    for (const { barrier, arrived } of this.#pending) {
      if (barrier.aligned) for (const channel of arrived) this.#blocked[channel] = true;
    }
  }
}
