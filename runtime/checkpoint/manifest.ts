/**
 * Owns: the shape of a manifest, the one object that makes a checkpoint or savepoint exist.
 *
 * MA1 A manifest is immutable; the file name is its sequence number, which has no gaps, so that a JobManager that was
 *    overtaken loses its next conditional create (the fence manifest of the newer one has taken that number).
 * MA2 `checkpointId` rises strictly over manifests of kinds checkpoint and savepoint, but has gaps: aborted attempts use one up.
 *    A fence has the highest id known to it, so that ids go on upward from there (CK-19).
 * MA3 `parent` links the complete manifests into one chain from the newest to the oldest retained; what is not on it does not
 *    count (a stray of an overtaken JobManager).
 * MA4 A fence with a `successor` is final: another incarnation, with a store of its own, goes on from this log. The job whose log it is
 *    never leads it again; only a further successor may write here, fences too.
 * MA6 A manifest has the lowest version that says all of it: 3 when an operator has column tables, else 2 when a source has the state of an
 *    enumerator, which a reader of 1 would lose, else 1.
 * MA5 After a savepoint with `ends` in the job's own log the job processes no record: what it holds is committed, and the job ends.
 */
import type { JobId } from "../../base/index.ts";
import type { FileRef, OperatorState } from "./handles.ts";

export type Manifest = {
  readonly version: 1 | 2 | 3;
  /** `fence` carries no state: it says which older manifest (`parent`) the new epoch goes on from. */
  readonly kind: "fence" | "checkpoint" | "savepoint";
  /** From 1; 0 in a savepoint's own `_metadata`, which is in no sequence. */
  readonly seq: number;
  readonly checkpointId: number;
  readonly epoch: number;
  /** Of the JobManager process that wrote it, fresh with every start; 32 hex digits. */
  readonly processId: string;
  /** Distinguishes this write from another with the same seq: read back after an unknown outcome. */
  readonly nonce: string;
  /** seq of the newest complete (checkpoint or savepoint) manifest before this one; null when there is none. */
  readonly parent: number | null;
  readonly jobId: JobId;
  readonly jobName: string;
  readonly triggeredMs: number;
  readonly completedMs: number;
  /** The store that the operators' files belong to; null = this job's root. A savepoint's own manifest has null too (relative). */
  readonly storeUri: string | null;
  readonly operators: readonly OperatorState[];
  /** Every file that the operators refer to, once, sorted by key. */
  readonly files: readonly FileRef[];
  /** Number of sink transactions that must be committed after this manifest exists. */
  readonly committables: number;
  /** Fence: the job id of the incarnation that has taken over from outside; it is the manifest's own `jobId` too (MA4). */
  readonly successor?: JobId;
  /** Savepoint: the job was stopped or drained with it (MA5). */
  readonly ends?: "stop" | "drain";
  /** Savepoint: of the request for it. */
  readonly triggerId?: string;
};
