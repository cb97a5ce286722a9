/**
 * Owns: a job's own source in a driven job, watched: what its readers wait for, and how much they have given.
 * Called by: driven-graph.ts (wraps), driven-tasks.ts (asks).
 */
import { type Clock, readDelay } from "../../base/index.ts";
import type { Output, Source, SourceOutput } from "../ports/index.ts";

type ReaderWatch = { isIdle: boolean; timers: number };

export class SourceWatch {
  readonly uid: string;
  readonly isBounded: boolean;
  /** Of all readers. */
  recordsGiven = 0;
  readonly #readers: ReaderWatch[] = [];

  constructor(uid: string, isBounded: boolean) {
    this.uid = uid;
    this.isBounded = isBounded;
  }

  /** A bounded source will go on by itself: it has not ended, and no timer has to pass first. */
  get waitsForOutside(): boolean {
    return this.isBounded && this.#readers.some(({ isIdle, timers }) => isIdle && timers === 0);
  }

  watch(source: Source<unknown>): Source<unknown> {
    return {
      ...source,
      createReader: (context) => {
        const watch: ReaderWatch = { isIdle: false, timers: 0 };
        this.#readers.push(watch);
        const clock = countingClock(context.clock, watch);
        const reader = source.createReader({
          ...context,
          clock,
          wakeAfter: (delay) => void clock.after(readDelay(delay, "wakeAfter"), () => context.wake()),
        });
        return new Proxy(reader, {
          get: (from, name) => {
            if (name === "poll") {
              return (output: SourceOutput<unknown>, maxRecords: number) => {
                const result = from.poll(this.#counted(output), maxRecords);
                watch.isIdle = result === "idle";
                return result;
              };
            }
            const member: unknown = Reflect.get(from, name, from);
            return typeof member === "function" ? member.bind(from) : member;
          },
        });
      },
    };
  }

  #counted(output: SourceOutput<unknown>): SourceOutput<unknown> {
    const whole = output as Output<unknown>;
    const counted: Output<unknown> = {
      collect: (value, timestamp) => {
        this.recordsGiven++;
        whole.collect(value, timestamp);
      },
      collectBatch: (batch) => {
        this.recordsGiven += batch.count;
        whole.collectBatch(batch);
      },
      emitWatermark: (timestamp) => whole.emitWatermark(timestamp),
      emitStatus: (idle) => whole.emitStatus(idle),
      sideOutput: (name) => whole.sideOutput(name),
    };
    return counted;
  }
}

function countingClock(clock: Clock, watch: ReaderWatch): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, callback) => {
      let isArmed = true;
      const disarm = (): void => {
        if (isArmed) watch.timers--;
        isArmed = false;
      };
      watch.timers++;
      const timer = clock.after(delayMs, () => {
        disarm();
        callback();
      });
      return {
        cancel: () => {
          disarm();
          timer.cancel();
        },
      };
    },
  };
}
