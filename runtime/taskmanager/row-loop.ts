/**
 * Owns: the loop over the records of one batch (hot path): each goes to the head of the chain, with its key, until the batch is done,
 *       something wants the task to pause (TK2), or the turn is over.
 * Called by: task.ts.
 *
 * ROL1 Records of the first input go to `process`, those of others to `processInput`.
 * ROL2 A record that has a key has it while it is processed; one without, as of a broadcast stream, has none, whatever came before.
 */
import { assert, type Clock } from "../../base/index.ts";
import { type Key, keyHash, NO_TIMESTAMP, type RowBatch, t, type ValueType } from "../record/index.ts";
import type { KeyedStateBackend } from "../state/index.ts";
import type { OperatorChain } from "./chain.ts";
import type { TaskEmissions, TaskPause } from "./emission-desk.ts";

/** What the records of a channel are to the head: `keyOf` is null where they have no key. */
export type ChannelInput = {
  readonly input: number;
  readonly keyOf: ((value: unknown) => Key) | null;
  readonly type: ValueType<unknown>;
};

/** Rows whose state is brought near at once: few enough that all of it stays in the first cache until it is used. */
const PREFETCH_ROWS = 64;

/** Rows between two looks at the clock: adapted so that a look comes about every half millisecond. */
const STRIDE_MAX = 512;

const FIRST_INPUT: ChannelInput = { input: 0, keyOf: null, type: t.any };

export type RowLoopParts = {
  /** For messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly chain: OperatorChain;
  readonly emissions: TaskEmissions;
  /** Of each channel of the task's gate. */
  readonly inputs: readonly ChannelInput[];
};

export class RowLoop {
  readonly #parts: RowLoopParts;
  readonly #keyed: KeyedStateBackend | null;
  readonly #pause: TaskPause;
  #batch: RowBatch<unknown> | null = null;
  #from: ChannelInput = FIRST_INPUT;
  #row = 0;
  #stride = 16;
  #lookedMs = 0;

  constructor(parts: RowLoopParts, keyed: KeyedStateBackend | null) {
    this.#parts = parts;
    this.#keyed = keyed;
    this.#pause = parts.emissions.pause;
  }

  /** Records of the batch that are not processed yet. */
  get left(): number {
    return this.#batch === null ? 0 : this.#batch.rows.length - this.#row;
  }

  begin(batch: RowBatch<unknown>, channel: number): void {
    this.#batch = batch;
    this.#from = this.#parts.inputs[channel] ?? FIRST_INPUT;
    this.#row = 0;
  }

  /** Goes on with the batch. */
  process(deadlineMs: number): void {
    const batch = this.#batch;
    const from = this.#from;
    const keyed = this.#keyed;
    if (batch === null) return;
    this.#pause.isSet = false;
    this.#lookedMs = this.#parts.clock.monotonicMs();
    if (from.input > 0) this.#row = this.#processFurther(batch, from, deadlineMs);
    else if (keyed === null || from.keyOf === null) this.#row = this.#processPlain(batch, deadlineMs);
    else this.#row = this.#processKeyed(batch, keyed, from.keyOf, deadlineMs);
    if (this.#row >= batch.rows.length) this.#batch = null;
  }

  // Three loops that look alike: each has one kind of call in it, which stays fast only while nothing else goes through it.

  #processPlain(batch: RowBatch<unknown>, deadlineMs: number): number {
    const { rows, timestamps } = batch;
    const { head } = this.#parts.chain;
    const pause = this.#pause;
    const count = rows.length;
    let row = this.#row;
    let look = row + this.#stride;
    while (row < count) {
      // Two calls, so that the constant is passed on as it is: a choice between the two would box a new number each time.
      if (timestamps === null) head.process(rows[row], NO_TIMESTAMP);
      else head.process(rows[row], timestamps[row] as number);
      row += 1;
      if (pause.isSet) break;
      if (row === look) {
        if (this.#isTimeUp(deadlineMs)) break;
        look = row + this.#stride;
      }
    }
    return row;
  }

  /** ROL1 */
  #processFurther(batch: RowBatch<unknown>, { input, keyOf }: ChannelInput, deadlineMs: number): number {
    const { rows, timestamps, keyHashes } = batch;
    const { head } = this.#parts.chain;
    const keyed = this.#keyed;
    const pause = this.#pause;
    assert(head.processInput !== undefined, `${this.#parts.name} takes records of one input only`);
    let row = this.#row;
    let look = row + this.#stride;
    while (row < rows.length) {
      const value = rows[row];
      if (keyOf === null) keyed?.releaseCurrentKey();
      else {
        const key = keyOf(value);
        keyed?.setCurrentKey(key, keyHashes === null ? keyHash(key) : (keyHashes[row] as number));
      }
      head.processInput(input, value, timestamps === null ? NO_TIMESTAMP : (timestamps[row] as number));
      row += 1;
      if (pause.isSet) break;
      if (row === look) {
        if (this.#isTimeUp(deadlineMs)) break;
        look = row + this.#stride;
      }
    }
    return row;
  }

  #processKeyed(
    batch: RowBatch<unknown>,
    keyed: KeyedStateBackend,
    keyOf: (value: unknown) => Key,
    deadlineMs: number,
  ): number {
    const { rows, timestamps, keyHashes } = batch;
    const { head } = this.#parts.chain;
    const pause = this.#pause;
    const count = rows.length;
    let row = this.#row;
    let look = row + this.#stride;
    let prefetched = row;
    while (row < count) {
      if (row === prefetched && keyHashes !== null) {
        prefetched = Math.min(count, row + PREFETCH_ROWS);
        keyed.prefetch(keyHashes, row, prefetched);
      }
      const value = rows[row];
      const key = keyOf(value);
      keyed.setCurrentKey(key, keyHashes === null ? keyHash(key) : (keyHashes[row] as number));
      if (timestamps === null) head.process(value, NO_TIMESTAMP);
      else head.process(value, timestamps[row] as number);
      row += 1;
      if (pause.isSet) break;
      if (row === look) {
        if (this.#isTimeUp(deadlineMs)) break;
        look = row + this.#stride;
      }
    }
    return row;
  }

  #isTimeUp(deadlineMs: number): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    const tookMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (tookMs > 1) this.#stride = Math.max(1, this.#stride >> 1);
    else if (tookMs < 0.25) this.#stride = Math.min(STRIDE_MAX, this.#stride * 2);
    return nowMs >= deadlineMs;
  }
}
