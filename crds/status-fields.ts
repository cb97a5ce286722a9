/**
 * Owns: kinds of values in a status: times, optional values, conditions.
 * Does not own: the statuses. Called by: stream-job-status.ts, stream-job-snapshot.ts.
 *
 * STF1 An absent nullable field is read as null: a merge patch that writes null removes the field, and both have to mean the same.
 */
import { z } from "zod";
import { time } from "./fields.ts";

/** A field that is null when there is nothing to say (STF1). */
export function orNull<T extends z.ZodType>(schema: T) {
  return schema.nullable().default(null);
}

/** A whole number, 0 or more. */
export function count() {
  return z.int().min(0);
}

/** One condition, as Kubernetes tools expect it. */
export const conditionSchema = z.object({
  type: z.string().max(316).describe("What the condition is about."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds. Unknown: it could not be determined."),
  reason: z.string().max(1024).describe("The reason in one word, for programs."),
  message: z.string().max(32_768).describe("The reason in words, and what to do if action is needed."),
  lastTransitionTime: time().describe("When `status` last changed."),
  observedGeneration: count().describe("The generation of the spec that this is about.").default(0),
});
/** One condition, as Kubernetes tools expect it. */
export type Condition = z.infer<typeof conditionSchema>;
