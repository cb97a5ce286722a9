/**
 * Owns: when a mini-batch of an operator ends by itself: when it has its rows, or so long after its first one.
 * Not here: that a watermark, a checkpoint and the end of the input end it, too (the operators).
 */
import type { OperatorContext } from "../../ports/index.ts";
import type { AggregateNode, MiniBatch } from "../plan/plan-tree.ts";
import { ClockAlarm } from "./clock-alarm.ts";

export class MiniBatchEnd {
  readonly #miniBatch: MiniBatch;
  readonly #clock: OperatorContext["clock"];
  readonly #alarm: ClockAlarm;
  #rows = 0;
  #dueMs = 0;

  /** `onDue` ends it: the clock says that it is time. */
  constructor(context: OperatorContext, miniBatch: MiniBatch, onDue: () => void) {
    this.#miniBatch = miniBatch;
    this.#clock = context.clock;
    this.#alarm = new ClockAlarm(context, context.clock, (nowMs) => {
      if (this.#rows === 0) return;
      // It may be the call of one that was full before its time.
      if (nowMs < this.#dueMs) this.#alarm.setFor(this.#dueMs);
      else onDue();
    });
  }

  /** How many rows it still takes: at least one, unless it is full. */
  get room(): number {
    return this.#miniBatch.size - this.#rows;
  }

  /** That many rows are in it now, more than 0. */
  take(rows: number): void {
    if (this.#rows === 0) {
      this.#dueMs = this.#clock.nowMs() + this.#miniBatch.latencyMs;
      this.#alarm.setFor(this.#dueMs);
    }
    this.#rows += rows;
  }

  /** What changed in it was emitted. */
  begin(): void {
    this.#rows = 0;
  }
}

/** Null: its changes leave at once. What nothing is taken back of (DISTINCT) would only leave later. */
export const miniBatchOf = ({ miniBatch, changes }: AggregateNode): MiniBatch | null =>
  miniBatch === undefined || changes === "append" ? null : miniBatch;
