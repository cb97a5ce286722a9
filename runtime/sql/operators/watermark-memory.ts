/**
 * Owns: how far event time has come at an operator, also after a restore.
 *
 * SQJW1 At a barrier every subtask has had the same watermark, so a restored operator begins where all of them were, at any parallelism: what was late before a
 *     checkpoint is late after it, and a window that was emitted is not begun anew.
 */
import { describeType, MAX_WATERMARK, MIN_WATERMARK, t, type ValueType } from "../../record/index.ts";
import type { OperatorContext, OperatorFactory, OperatorListState } from "../../ports/index.ts";

const NAME = "watermark";

export const declarationOfWatermark: NonNullable<OperatorFactory<unknown, unknown>["declares"]>[number] = {
  name: NAME,
  kind: "union-list",
  type: describeType(t.timestamp as ValueType<unknown>),
};

export class WatermarkMemory {
  readonly #state: OperatorListState<number>;
  #current: number;

  constructor({ operatorState }: OperatorContext) {
    this.#state = operatorState.unionList({ name: NAME, type: t.timestamp as ValueType<number> });
    this.#current = Math.max(MIN_WATERMARK, ...this.#state.get());
  }

  get current(): number {
    return this.#current;
  }

  /** The end of all data is no time: what is restored may go on with more. */
  raise(timestamp: number): void {
    if (timestamp < MAX_WATERMARK) this.#current = Math.max(this.#current, timestamp);
  }

  /** Called before a snapshot. */
  save(): void {
    this.#state.update(this.#current === MIN_WATERMARK ? [] : [this.#current]);
  }
}
