/**
 * Owns: what a clean-up pod tells of stores: lines of its log, `{"storageReport": …}`, between those of others.
 * Written by: main/pod-storage.ts. Read by: `streamjob storage` of a StreamJob.
 *
 * SRP1 A report without its last line, `end`, is none: the log is cut off, or the pod was ended.
 */
import { z } from "zod";

/** The command line and pods may be of different versions: a newer report is refused. */
export const STORAGE_REPORT_VERSION = 1;

const count = z.int().min(0);

/** A store or savepoint. Its verdict has more fields than are named, by its kind. */
const storedPlaceSchema = z.object({
  kind: z.enum(["store", "savepoint"]),
  uri: z.string(),
  jobName: z.string().nullable(),
  jobId: z.string().nullable(),
  checkpoints: count,
  newestMs: z.number().nullable(),
  objects: count,
  bytes: count,
  namedBy: z.array(z.string()).readonly(),
  verdict: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("newest") }),
    z.object({ kind: z.literal("collected"), successor: z.string().nullable() }),
    z.object({ kind: z.literal("superseded"), successor: z.string(), bytes: count, kept: z.string().nullable() }),
    z.object({ kind: z.literal("empty") }),
    z.object({ kind: z.literal("savepoint") }),
    z.object({ kind: z.literal("unreadable"), why: z.string() }),
  ]),
  removal: z.object({ what: z.enum(["state", "leftovers"]), objects: count, bytes: count, uploads: count }).nullable(),
});

export const storageReportSchema = z.discriminatedUnion("kind", [
  z.object({ version: z.literal(1), kind: z.literal("place"), place: storedPlaceSchema }),
  /** `failure`: why not all of it went; null: it did. */
  z.object({
    version: z.literal(1),
    kind: z.literal("removed"),
    removed: z.object({ uri: z.string(), objects: count, bytes: count, failure: z.string().nullable() }),
  }),
  z.object({ version: z.literal(1), kind: z.literal("end") }),
]);
export type StorageReportMessage = z.infer<typeof storageReportSchema>;
