/**
 * Owns: reading a stored status. Does not own: its fields. Called by: observe, the CLI.
 *
 * RES1 An object without a status reads as one that was never reconciled.
 * RES2 A status that cannot be understood is never taken for an empty one: jobs would be started a second time.
 */
import type { z } from "zod";
import { streamJobSnapshotStatusSchema, type StreamJobSnapshotStatus } from "./stream-job-snapshot.ts";
import { type StreamJobStatus, streamJobStatusSchema } from "./stream-job-status.ts";
import { type Issue, issuesOfZod } from "./validation-issues.ts";

export type ReadStatus<S> =
  | { readonly kind: "read"; readonly status: S }
  /** Written by a newer version, or by hand. Paths are relative to the status. */
  | { readonly kind: "unreadable"; readonly issues: readonly Issue[] };

/** The status of a StreamJob with all defaults; unknown fields are left out. */
export function readStreamJobStatus(stored: unknown): ReadStatus<StreamJobStatus> {
  return read(streamJobStatusSchema, stored);
}

/** The status of a StreamJobSnapshot with all defaults; unknown fields are left out. */
export function readSnapshotStatus(stored: unknown): ReadStatus<StreamJobSnapshotStatus> {
  return read(streamJobSnapshotStatusSchema, stored);
}

function read<S extends z.ZodType>(schema: S, stored: unknown): ReadStatus<z.infer<S>> {
  const input = stored ?? {};
  const parsed = schema.safeParse(input);
  if (parsed.success) return { kind: "read", status: parsed.data };
  return { kind: "unreadable", issues: issuesOfZod(parsed.error, schema, input).map(({ issue }) => issue) };
}
