/**
 * Owns: a source of numbered records at a rate, until a file is there: then as fast as they are taken. So a test has the time that it
 * needs and no longer, and the data are the same whatever the time.
 */
import { existsSync } from "node:fs";
import type { Source, SourceReader, ValueType } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";

export type PacedOptions<T> = {
  readonly generate: (index: number) => T;
  readonly type: ValueType<T>;
  readonly count: number;
  readonly ratePerSecond: number;
  /** Once it is there the rate counts no more. */
  readonly hurryFile: string;
};

/** Number i is in split i mod SPLITS. */
export const SPLITS = 12;
const LOOK_EVERY_MS = 50;
const WAIT_MS = 2;

export function pacedSource<T>({ ratePerSecond, hurryFile, ...options }: PacedOptions<T>): Source<T> {
  const plain = generatorSource({ ...options, splits: SPLITS }) as Source<T>;
  return {
    kind: "source",
    name: plain.name,
    boundedness: plain.boundedness,
    type: plain.type,
    discover: (context) => plain.discover?.(context) ?? [],
    createReader: (context): SourceReader<T, unknown> => {
      const inner = plain.createReader(context);
      const { clock } = context;
      const perMs = (ratePerSecond / 1000) * (context.splits.length / SPLITS);
      let isHurried = false;
      let lookedMs = Number.NEGATIVE_INFINITY;
      let lastMs = clock.monotonicMs();
      let due = 0;
      return {
        open: () => inner.open?.(),
        snapshot: (checkpointId) => inner.snapshot(checkpointId),
        close: () => inner.close?.(),
        poll(output, maxRecords) {
          const nowMs = clock.monotonicMs();
          if (!isHurried && nowMs - lookedMs >= LOOK_EVERY_MS) {
            lookedMs = nowMs;
            isHurried = existsSync(hurryFile);
          }
          if (isHurried || context.splits.length === 0) return inner.poll(output, maxRecords);
          due = Math.min(due + (nowMs - lastMs) * perMs, Math.max(1, 100 * perMs));
          lastMs = nowMs;
          const records = Math.min(maxRecords, Math.floor(due));
          if (records > 0) {
            due -= records;
            if (inner.poll(output, records) === "end") return "end";
          }
          context.wakeAfter(WAIT_MS);
          return "idle";
        },
      };
    },
  };
}
