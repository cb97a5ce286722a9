/**
 * Owns: holding a job's sources back until a file is there, so that the data cannot end before the crash, however slow the machine.
 *
 * HEB1 Until then each reader gives its first RECORDS_BEFORE records, at its own pace, and neither more nor its end.
 * HEB2 From then on the source is what it was: the records, their splits and the state are the same all the time.
 */
import { existsSync } from "node:fs";
import {
  type Job,
  job,
  type PollResult,
  type ReaderContext,
  type Source,
  type SourceOutput,
  type SourceReader,
} from "streamjob";

/** Less than the share of any reader of the jobs that read at a rate. */
const RECORDS_BEFORE = 100;
const LOOK_EVERY_MS = 20;

/** The same job, whose sources wait for the file. */
export function heldBack(inner: Job, file: string): Job {
  return job((env) => {
    const fromSource: typeof env.fromSource = env.fromSource.bind(env);
    env.fromSource = (source, options) => fromSource(heldSource(source, file), options);
    return inner.build(env);
  });
}

function heldSource<T, S>(source: Source<T, S>, file: string): Source<T, S> {
  return { ...source, createReader: (context) => new HeldReader(source.createReader(context), context, file) };
}

class HeldReader<T, S> implements SourceReader<T, S> {
  readonly #inner: SourceReader<T, S>;
  readonly #context: ReaderContext<S>;
  readonly #file: string;
  #left = RECORDS_BEFORE;
  #hasEnded = false;
  #isFree: boolean;

  constructor(inner: SourceReader<T, S>, context: ReaderContext<S>, file: string) {
    this.#inner = inner;
    this.#context = context;
    this.#file = file;
    // It has nothing to hold, and ends at once: the crash finds a job of which a part has finished.
    this.#isFree = context.splits.length === 0;
  }

  open(): void | Promise<void> {
    return this.#inner.open?.();
  }

  poll(output: SourceOutput<T>, maxRecords: number): PollResult {
    this.#isFree ||= existsSync(this.#file);
    if (this.#isFree) return this.#hasEnded ? "end" : this.#inner.poll(output, maxRecords);
    if (this.#left > 0 && !this.#hasEnded) {
      const counting: SourceOutput<T> = {
        collect: (value, timestamp) => {
          this.#left--;
          output.collect(value, timestamp);
        },
        collectBatch: (batch) => {
          this.#left -= batch.count;
          output.collectBatch(batch);
        },
      };
      const result = this.#inner.poll(counting, Math.min(maxRecords, this.#left));
      if (result !== "end") return result;
      this.#hasEnded = true;
    }
    this.#context.wakeAfter(LOOK_EVERY_MS);
    return "idle";
  }

  snapshot(checkpointId: number): readonly S[] {
    return this.#inner.snapshot(checkpointId);
  }

  onCheckpointComplete(checkpointId: number): void | Promise<void> {
    return this.#inner.onCheckpointComplete?.(checkpointId);
  }

  close(): void | Promise<void> {
    return this.#inner.close?.();
  }
}
