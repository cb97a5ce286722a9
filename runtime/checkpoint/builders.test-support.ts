/**
 * Owns: valid manifests and logs with defaults, for the tests of this room; each test names only what it is about.
 */
import assert from "node:assert/strict";
import { type Clock, jobId, type OperatorId, operatorId, seededRandom } from "../../base/index.ts";
import { keyGroupRange } from "../record/index.ts";
import { type ObjectStore, sha256Hex } from "../storage/index.ts";
import { type CheckpointLog, writeFence } from "./checkpoint-log.ts";
import { claimEpoch } from "./epoch.ts";
import type { FileRef, OperatorState, SubtaskState } from "./handles.ts";
import { dataFolder } from "./layout.ts";
import type { LogContents, LogEntry } from "./log-contents.ts";
import type { Manifest } from "./manifest.ts";
import { filesOf } from "./manifest-codec.ts";

export const JOB = jobId("0123456789abcdef0123456789abcdef");
export const fixedClock: Clock = { nowMs: () => 1000, monotonicMs: () => 0, after: () => ({ cancel() {} }) };

/** A leader's log, of the next epoch. */
export async function lead(store: ObjectStore, seed: number): Promise<CheckpointLog> {
  const random = seededRandom(seed);
  const claim = await claimEpoch(store, { processId: random.hex(16), jobId: JOB, random, clock: fixedClock });
  const fence = await writeFence(claim, { jobName: "words" });
  assert.ok(fence.kind === "ready");
  return fence.log;
}

export function idOf(uid: string): OperatorId {
  return operatorId(sha256Hex(new TextEncoder().encode(uid)).slice(0, 32));
}

export function fileWith(folder: string, content: string): FileRef {
  const sha256 = sha256Hex(new TextEncoder().encode(content));
  return { key: `${folder}/${sha256}`, sha256, length: new TextEncoder().encode(content).length };
}

/** An operator with keyed state, one file per subtask with the content `<content><subtask>`. */
export function keyedOperator(
  uid: string,
  folder: string,
  content: string,
  parallelism = 2,
  maxParallelism = 128,
): OperatorState {
  const subtasks = Array.from(
    { length: parallelism },
    (_, subtask): SubtaskState => ({
      keyed: {
        kind: "heap",
        keyGroups: keyGroupRange(subtask, parallelism, maxParallelism),
        files: [{ file: fileWith(folder, content + subtask) }],
      },
      operator: [],
      finished: false,
    }),
  );
  return { operatorId: idOf(uid), uid, name: uid, parallelism, maxParallelism, declarations: [], subtasks };
}

export function manifest(seq: number, change: Partial<Manifest> = {}): Manifest {
  const epoch = change.epoch ?? 1;
  const kind = change.kind ?? "checkpoint";
  const id = change.checkpointId ?? seq;
  const operators =
    change.operators ?? (kind === "fence" ? [] : [keyedOperator("count", dataFolder(epoch, id), `chk ${id} `)]);
  return {
    version: 1,
    kind,
    seq,
    checkpointId: id,
    epoch,
    processId: `process ${epoch}`,
    nonce: `nonce ${seq} ${epoch}`,
    parent: null,
    jobId: JOB,
    jobName: "test",
    triggeredMs: 1,
    completedMs: 2,
    storeUri: null,
    operators,
    files: filesOf(operators),
    committables: 0,
    ...change,
  };
}

/** Log contents of manifests, and of `{ corrupt: seq }`. */
export function contentsOf(
  items: readonly (Manifest | { readonly corrupt: number })[],
  committed: readonly number[] = [],
): LogContents {
  const entries = items.map(
    (item): LogEntry =>
      "corrupt" in item
        ? { kind: "corrupt", seq: item.corrupt, what: "bits flipped" }
        : { kind: "manifest", seq: item.seq, manifest: item },
  );
  return { storeUri: "memory://test", entries, committed: new Set(committed) };
}
