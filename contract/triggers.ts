/**
 * Owns: messages that start something that takes time (savepoint, stop, checkpoint, disposal) and ask how it went.
 *
 * TRI1 Bodies are strict: an unknown field is an error, so that a misspelt `targetDirectory` is not taken for none.
 * TRI2 A client that names the `triggerId` may send its request again: the same id starts nothing new. A JobManager that was started
 *    again knows the id of one trigger of the time before: that of the savepoint which is the newest entry of its log. With any
 *    other id, and a `targetPath` at which there is a savepoint already, the trigger fails: give a new id and a new path.
 * TRI3 `targetPath` (ours) is the savepoint's own folder, known to the caller beforehand; `targetDirectory` is one in which a folder with
 *    a fresh name is made. Only one of them may be given. Files of a failed savepoint at a `targetPath` are left there.
 */
import { z } from "zod";
import { locationTrouble } from "./location.ts";
import { countSchema, failureCauseSchema, hex32Schema } from "./identity.ts";

/** A path or URI: printable, at most 4096 characters. */
export const pathSchema = z
  .string()
  .min(1)
  .max(4096)
  // A control character never belongs into a path and breaks logs.
  .regex(/^[^\p{Cc}]*$/u, "must not hold control characters");

/** Of a savepoint or checkpoint, as a person or another program names it (LCN1). */
export const locationSchema = pathSchema.check(({ value, issues }) => {
  const trouble = locationTrouble(value);
  if (trouble !== null) issues.push({ code: "custom", message: trouble, input: value });
});

/** There is one format, so both names ask for the same; it is checked and otherwise without effect. */
const formatSchema = z.enum(["CANONICAL", "NATIVE"]).nullish();

/** POST /jobs/:id/savepoints */
export const savepointRequestSchema = z.strictObject({
  "target-directory": locationSchema.nullish(),
  targetPath: locationSchema.nullish(),
  "cancel-job": z.boolean().nullish(),
  formatType: formatSchema,
  triggerId: hex32Schema.nullish(),
});
export type SavepointRequestMessage = z.input<typeof savepointRequestSchema>;

/** POST /jobs/:id/stop */
export const stopRequestSchema = z.strictObject({
  targetDirectory: locationSchema.nullish(),
  targetPath: locationSchema.nullish(),
  drain: z.boolean().nullish(),
  formatType: formatSchema,
  triggerId: hex32Schema.nullish(),
});
export type StopRequestMessage = z.input<typeof stopRequestSchema>;

/** POST /jobs/:id/checkpoints; every type makes the checkpoint that the job is configured for. */
export const checkpointRequestSchema = z.strictObject({
  checkpointType: z.enum(["CONFIGURED", "FULL", "INCREMENTAL"]).nullish(),
  triggerId: hex32Schema.nullish(),
});
export type CheckpointRequestMessage = z.input<typeof checkpointRequestSchema>;

/** POST /savepoint-disposal. The same `triggerId` again starts nothing new, but when the disposal has failed. */
export const disposalRequestSchema = z.strictObject({
  "savepoint-path": locationSchema,
  triggerId: hex32Schema.nullish(),
});

/** The answer to all of them: 202, and 200 for a disposal. */
export const triggerResponseSchema = z.object({ "request-id": hex32Schema });
export type TriggerResponseMessage = z.infer<typeof triggerResponseSchema>;

const queueStatusSchema = z.object({ id: z.enum(["IN_PROGRESS", "COMPLETED"]) });

/** GET /jobs/:id/savepoints/:triggerId, for savepoints and stops. `operation` is null while in progress. */
export const savepointStatusSchema = z.object({
  status: queueStatusSchema,
  operation: z.object({ location: z.string().optional(), "failure-cause": failureCauseSchema.optional() }).nullable(),
});
export type SavepointStatusMessage = z.infer<typeof savepointStatusSchema>;

/** GET /jobs/:id/checkpoints/:triggerId */
export const checkpointStatusSchema = z.object({
  status: queueStatusSchema,
  operation: z.object({ checkpointId: countSchema.optional(), failureCause: failureCauseSchema.optional() }).nullable(),
});
export type CheckpointStatusMessage = z.infer<typeof checkpointStatusSchema>;

/** GET /savepoint-disposal/:triggerId: an operation without `failure-cause` has deleted it. */
export const disposalStatusSchema = z.object({
  status: queueStatusSchema,
  operation: z.object({ "failure-cause": failureCauseSchema.optional() }).nullable(),
});
export type DisposalStatusMessage = z.infer<typeof disposalStatusSchema>;
