/**
 * Owns: what a clean-up pod tells of stores as lines of its log, both ways.
 * Called by: pod-storage.ts, `streamjob storage` of a StreamJob.
 */
import { refuseNewer } from "../base/index.ts";
import { STORAGE_REPORT_VERSION, type StorageReportMessage, storageReportSchema } from "../contract/index.ts";

export const reportLine = (message: StorageReportMessage): string => JSON.stringify({ storageReport: message });

/** null: the line is another one's. Errors: FORMAT_TOO_NEW (terminal). */
export function reportIn(line: string): StorageReportMessage | null {
  const value = valueOf(line);
  if (typeof value !== "object" || value === null || !("storageReport" in value)) return null;
  refuseNewer("what the pod tells of the stores", value.storageReport, STORAGE_REPORT_VERSION);
  return storageReportSchema.parse(value.storageReport);
}

function valueOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null; // somebody else's
  }
}
