/**
 * Owns: a source that has given all its records and does not end before a file is there. A test that kills, stops and restores a job
 * then does not race with its end, however slow the machine is; the data are the same whatever the time.
 */
import { existsSync } from "node:fs";
import type { Source, SourceReader } from "streamjob";

const LOOK_EVERY_MS = 25;

/** `mayEndFile`: undefined leaves the source as it is. */
export function heldSource<T, S>(source: Source<T, S>, mayEndFile: string | undefined): Source<T, S> {
  if (mayEndFile === undefined) return source;
  return {
    ...source,
    createReader: (context): SourceReader<T, S> => {
      const reader = source.createReader(context);
      return {
        open: () => reader.open?.(),
        snapshot: (checkpointId) => reader.snapshot(checkpointId),
        close: () => reader.close?.(),
        poll(output, maxRecords) {
          const result = reader.poll(output, maxRecords);
          if (result !== "end" || existsSync(mayEndFile)) return result;
          context.wakeAfter(LOOK_EVERY_MS);
          return "idle";
        },
      };
    },
  };
}
