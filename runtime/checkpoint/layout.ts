/**
 * Owns: the names of objects below a job's root (`<root>/<namespace>/<job>`) and in a savepoint's folder.
 *
 *   epochs/<n>                                   the n-th JobManager's claim
 *   chk/<seq>.manifest, chk/<seq>.committed      the log of manifests (manifest.ts), and markers that sinks have committed
 *   data/<epoch>-<checkpointId>/<sha256>         files of state; a large one in S3: 64 random digits (storage/object-store.ts)
 *   result, activation                           the JobManager's: how the job ended, what its incarnation started from
 *   collected                                    its state is deleted, or being so (collection.ts)
 *   savepoint: _metadata, data/<sha256>          relative, so that the folder can be moved
 *
 * LAY1 Numbers have ten digits: listings sort by number.
 * LAY2 Data folders are per checkpoint, not one for all. Sharing by content between checkpoints would race with clean-up: a JobManager
 *    decides that X is unreachable, is stopped, a newer one's task finds X there and refers to it, the old one goes on and
 *    deletes it. Now a file's name says which checkpoint of which epoch wrote it: nobody else takes it for its own but by the
 *    handle of a manifest it restored. Incremental checkpoints share files by such handles.
 */
import { assert } from "../../base/index.ts";

export const EPOCHS = "epochs/";
export const MANIFESTS = "chk/";
export const DATA = "data/";
/** The mark of a store that is nobody's newest state any more. */
export const COLLECTED = "collected";
export const SAVEPOINT_METADATA = "_metadata";
/** Folder for the files of a savepoint, in the savepoint's own store. */
export const SAVEPOINT_DATA_FOLDER = "data";

const DIGITS = 10;
const MANIFEST = /^chk\/(\d{10})\.(manifest|committed)$/;
const EPOCH = /^epochs\/(\d{10})$/;
const DATA_FILE = /^data\/(\d{10})-(\d{10})\/[0-9a-f]{64}$/;

/** Folder for the files that tasks write for one checkpoint, in the job's store. */
export function dataFolder(epoch: number, checkpointId: number): string {
  return `${DATA}${digits(epoch)}-${digits(checkpointId)}`;
}

export function epochKey(epoch: number): string {
  return EPOCHS + digits(epoch);
}

/** Key of a manifest in the job's store; together with the store's URI it is a checkpoint's external path. */
export function manifestKey(seq: number): string {
  return `${MANIFESTS}${digits(seq)}.manifest`;
}

export function committedKey(seq: number): string {
  return `${MANIFESTS}${digits(seq)}.committed`;
}

export function parseEpochKey(key: string): number | null {
  const match = EPOCH.exec(key);
  return match === null ? null : Number(match[1]);
}

export function parseManifestKey(
  key: string,
): { readonly seq: number; readonly suffix: "manifest" | "committed" } | null {
  const match = MANIFEST.exec(key);
  return match === null ? null : { seq: Number(match[1]), suffix: match[2] as "manifest" | "committed" };
}

export function parseDataKey(key: string): { readonly epoch: number; readonly checkpointId: number } | null {
  const match = DATA_FILE.exec(key);
  return match === null ? null : { epoch: Number(match[1]), checkpointId: Number(match[2]) };
}

function digits(value: number): string {
  assert(
    Number.isSafeInteger(value) && value >= 0 && value < 10 ** DIGITS,
    `${value} does not fit into ${DIGITS} digits`,
  );
  return String(value).padStart(DIGITS, "0");
}
