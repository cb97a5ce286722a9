/**
 * Owns: the shape of a manifest, the one object that makes a checkpoint or savepoint exist.
 *
 * M1 A manifest is immutable; the file name is its sequence number, which has no gaps, so that a JobManager that was
 *    overtaken loses its next conditional create (the fence manifest of the newer one has taken that number).
 * M2 `checkpointId` rises strictly over manifests of kinds checkpoint and savepoint, but has gaps: aborted attempts use one up.
 */
import type { JobId } from "../base/index.ts";
import type { FileRef, OperatorState } from "./handles.ts";

export type Manifest = {
  readonly version: 1;
  /** `fence` carries no state: it says which older manifest (`parent`) the new epoch goes on from. */
  readonly kind: "fence" | "checkpoint" | "savepoint";
  readonly seq: number;
  readonly checkpointId: number;
  readonly epoch: number;
  /** Fresh per started incarnation; 32 hex digits. */
  readonly incarnation: string;
  /** Distinguishes this write from another with the same seq: read back after an unknown outcome. */
  readonly nonce: string;
  /** seq of the manifest before, or null for the first. */
  readonly parent: number | null;
  readonly jobId: JobId;
  readonly jobName: string;
  readonly triggeredMs: number;
  readonly completedMs: number;
  /** The store that the operators' files belong to; null = this job's root. A savepoint's own manifest has null too (relative). */
  readonly storeUri: string | null;
  readonly operators: readonly OperatorState[];
  /** Every file that the operators refer to, once. */
  readonly files: readonly FileRef[];
  /** Number of sink transactions that must be committed after this manifest exists. */
  readonly committables: number;
};
