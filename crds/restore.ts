/**
 * Owns: what an incarnation starts from, as status records it and as the JobManager is told.
 * Does not own: how `latest` is decided (the JobManager that activates). Called by: stream-job-status.ts, operator rooms.
 */
import { z } from "zod";

const allowNonRestoredState = z
  .boolean()
  .describe("Whether state that no operator of the job restores may be left behind.");

/** Nothing: the job begins empty. */
export const restoreNoneSchema = z.object({ kind: z.literal("none").describe("none, path or latest.") });
/** One savepoint or checkpoint, by its location. */
export const restorePathSchema = z.object({
  kind: z.literal("path"),
  path: z.string().describe("path: the savepoint or checkpoint."),
  allowNonRestoredState,
});
/** Whatever the incarnation with that store ended with. */
export const restoreLatestSchema = z.object({
  kind: z.literal("latest"),
  storeUri: z.string().describe("latest: the store of the incarnation whose newest state is restored."),
  savepoint: z
    .string()
    .nullable()
    .default(null)
    .describe("latest: the savepoint assumed to be its newest state; null: none is known."),
  allowNonRestoredState,
});

/** Restore of the JobManager's REST contract. */
export const restorePointSchema = z.discriminatedUnion("kind", [
  restoreNoneSchema,
  restorePathSchema,
  restoreLatestSchema,
]);

/** What an incarnation starts from. */
export type RestorePoint = z.infer<typeof restorePointSchema>;
