/**
 * A source of one's own: the numbers 1, 2, 3, …, one split, one position. It fails after every 5th number, on purpose.
 *
 * A source needs two things: `discover` says which splits there are (here one), and a reader for each subtask gives the records
 * of its splits in `poll` and their positions in `snapshot`. What `snapshot` returns is list state: it is part of the
 * checkpoint, and after a restart the reader gets it back as `splits`.
 */
import {
  NO_TIMESTAMP,
  type PollResult,
  type ReaderContext,
  type Source,
  type SourceOutput,
  type SourceReader,
  t,
} from "streamjob";

/** How many numbers have been read. */
type Position = { readonly offset: number };

export type FailingSourceOptions = {
  /** Whether the offset goes into the state. Without it every restart begins at the first number. */
  readonly keepsOffset: boolean;
  /** How many numbers there are. */
  readonly numbers: number;
  /** Time between two numbers. */
  readonly everyMs: number;
};

/** The numbers 1 to `numbers`. Throws after each 5th, as soon as a checkpoint made after it is complete. */
export function failingSource(options: FailingSourceOptions): Source<number, Position> {
  return {
    kind: "source",
    name: "failing numbers",
    boundedness: "bounded",
    type: t.int64,
    discover: () => [{ offset: 0 }],
    createReader: (context) => new FailingReader(options, context),
  };
}

class FailingReader implements SourceReader<number, Position> {
  readonly #options: FailingSourceOptions;
  readonly #context: ReaderContext<Position>;
  /** Where this attempt began. */
  readonly #start: number;
  #offset: number;
  /** No number is read before this time. */
  #dueMs = 0;
  /** The first checkpoint that was made after the bad number. */
  #checkpointAfterBad = Number.POSITIVE_INFINITY;
  #isToFail = false;

  constructor(options: FailingSourceOptions, context: ReaderContext<Position>) {
    this.#options = options;
    this.#context = context;
    // No split: this is another subtask than the one that reads, or all had been read when the checkpoint was made.
    this.#start = context.splits[0]?.offset ?? options.numbers;
    this.#offset = this.#start;
  }

  poll(output: SourceOutput<number>): PollResult {
    if (this.#isToFail) throw new Error(`number ${this.#offset} is a bad one`);
    if (this.#isAtBadNumber()) return "idle";
    if (this.#offset >= this.#options.numbers) return "end";
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs >= this.#dueMs) {
      this.#offset += 1;
      this.#dueMs = nowMs + this.#options.everyMs;
      output.collect(this.#offset, NO_TIMESTAMP);
    }
    this.#context.wakeAfter(this.#dueMs - nowMs);
    return "idle";
  }

  snapshot(checkpointId: number): readonly Position[] {
    if (this.#isAtBadNumber()) this.#checkpointAfterBad = Math.min(this.#checkpointAfterBad, checkpointId);
    // Without its offset in the state the source begins again after each failure, however many checkpoints there are.
    if (!this.#options.keepsOffset && this.#context.splits.length > 0) return [{ offset: 0 }];
    return this.#offset < this.#options.numbers ? [{ offset: this.#offset }] : [];
  }

  onCheckpointComplete(checkpointId: number): void {
    if (checkpointId < this.#checkpointAfterBad) return;
    this.#isToFail = true;
    this.#context.wake();
  }

  /** Every 5th, but for the one that this attempt began after: that one had its failure. */
  #isAtBadNumber(): boolean {
    return this.#offset % 5 === 0 && this.#offset > this.#start;
  }
}
