/**
 * Owns: savepoints as folders: where a new one goes, its manifest, reading one by whatever path a person gives, deleting one.
 * Not here: making it the job's newest restore point (CheckpointLog.complete with kind `savepoint`, CK-20).
 *
 * SAV1 A savepoint is its folder: `_metadata` and `data/…`, relative names only; a moved or copied folder is the same savepoint (CK-16).
 * SAV2 It exists once `_metadata` does, which is written last and deleted last.
 * SAV3 Only `disposeSavepoint` deletes one, only where a savepoint is, and only names that a savepoint has.
 */
import { type JobId, type Random, StreamError } from "../../base/index.ts";
import { childStoreUri, type ObjectStore, openStore, storeUriOf } from "../storage/index.ts";
import type { CheckpointLog, ManifestDraft } from "./checkpoint-log.ts";
import { readCollectionMark } from "./collection.ts";
import { MANIFESTS, SAVEPOINT_DATA_FOLDER, SAVEPOINT_METADATA } from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { decodeManifest, encodeManifest, filesOf, looksLikeManifest, manifestVersion } from "./manifest-codec.ts";

/** A manifest to restore from, and the store that its files' keys belong to (OperatorRestore.storeUri). */
export type Savepoint = { readonly manifest: Manifest; readonly storeUri: string };

const CHECKPOINT_PATH = /^(.*)\/(chk\/\d{10}\.manifest)$/;
const SAVEPOINT_FILE = /^data\/[0-9a-f]{64}$/;

/** `<target>/savepoint-<first 6 digits of the job id>-<12 random digits>`: a folder of its own. Errors: OPTION_INVALID. */
export function newSavepointUri(target: string, jobId: JobId, random: Random): string {
  return childStoreUri(target, `savepoint-${jobId.slice(0, 6)}-${random.hex(6)}`);
}

/** Writes `_metadata` into the savepoint's own store, after all its files. Errors: SAVEPOINT_FAILED (there is one already), STORE_*. */
export async function writeSavepointManifest(
  store: ObjectStore,
  log: CheckpointLog,
  draft: ManifestDraft,
): Promise<Manifest> {
  const manifest: Manifest = {
    ...log.identity(),
    ...draft,
    kind: "savepoint",
    version: manifestVersion(draft.operators),
    seq: 0,
    parent: null,
    storeUri: null,
    files: filesOf(draft.operators),
  };
  let failure: unknown = null;
  try {
    if ((await store.createIfAbsent(SAVEPOINT_METADATA, encodeManifest(manifest))) === "created") return manifest;
  } catch (error) {
    failure = error;
  }
  const where = `${store.uri}/${SAVEPOINT_METADATA}`;
  const held = await store.read(SAVEPOINT_METADATA);
  if (held !== null && looksLikeManifest(held) && isSameWrite(decodeManifest(held, where), manifest)) return manifest;
  if (failure !== null) throw failure;
  throw new StreamError("SAVEPOINT_FAILED", `there is already a savepoint at ${where}; choose another folder`);
}

/** An earlier attempt of ours, whose outcome was not known, may have made it. */
function isSameWrite(held: Manifest, wanted: Manifest): boolean {
  const { epoch, processId, checkpointId } = held;
  return epoch === wanted.epoch && processId === wanted.processId && checkpointId === wanted.checkpointId;
}

/**
 * Finds what to restore from: a savepoint's folder, its `_metadata`, or the `chk/<seq>.manifest` of a retained checkpoint; as URI or path.
 * Errors: SAVEPOINT_NOT_FOUND (terminal) saying what was looked at; CHECKPOINT_CORRUPT; OPTION_INVALID; STORE_UNAVAILABLE.
 */
export async function readSavepoint(pathOrUri: string): Promise<Savepoint> {
  const { folder, key } = locate(pathOrUri);
  const store = await openStore(folder);
  const bytes = await store.read(key);
  const where = `${store.uri}/${key}`;
  if (bytes === null) throw notFound(pathOrUri, `${where} does not exist${await hint(store, key)}`);
  const manifest = decodeManifest(bytes, where);
  if (manifest.kind === "fence")
    throw notFound(pathOrUri, `${where} only marks a JobManager's start and holds no state${await hint(store, key)}`);
  return { manifest, storeUri: manifest.storeUri ?? store.uri };
}

/**
 * Deletes a savepoint and its files. A location that holds none is refused, a checkpoint too: it belongs to its job, whose other
 * checkpoints may share its files. Errors: SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, REQUEST_INVALID (terminal), STORE_UNAVAILABLE
 * (repeat it).
 */
export async function disposeSavepoint(location: string): Promise<void> {
  const { folder, key } = locate(location);
  if (key !== SAVEPOINT_METADATA) {
    throw new StreamError(
      "REQUEST_INVALID",
      `${location} is a checkpoint, not a savepoint: its job deletes its own checkpoints. If the job has ended, delete the folder ${folder}`,
      { destiny: "terminal" },
    );
  }
  const store = await openStore(folder);
  const bytes = await store.read(SAVEPOINT_METADATA);
  if (bytes === null)
    throw notFound(location, `${store.uri}/${SAVEPOINT_METADATA} does not exist; nothing was deleted`);
  if (!looksLikeManifest(bytes)) {
    throw new StreamError(
      "CHECKPOINT_CORRUPT",
      `${store.uri}/${SAVEPOINT_METADATA} is damaged, or belongs to no savepoint, so nothing was deleted; delete it by hand if nothing needs it`,
      { destiny: "terminal" },
    );
  }
  for (const { key: file } of await store.list(`${SAVEPOINT_DATA_FOLDER}/`))
    if (SAVEPOINT_FILE.test(file)) await store.delete(file);
  await store.removeUnfinished(`${SAVEPOINT_DATA_FOLDER}/`, (file) => SAVEPOINT_FILE.test(file));
  await store.delete(SAVEPOINT_METADATA);
}

function locate(pathOrUri: string): { readonly folder: string; readonly key: string } {
  const uri = storeUriOf(pathOrUri.trim());
  const checkpoint = CHECKPOINT_PATH.exec(uri);
  if (checkpoint !== null) return { folder: checkpoint[1] as string, key: checkpoint[2] as string };
  const suffix = `/${SAVEPOINT_METADATA}`;
  return { folder: uri.endsWith(suffix) ? uri.slice(0, -suffix.length) : uri, key: SAVEPOINT_METADATA };
}

/** When the path is near a job's checkpoints, says which there are. */
async function hint(store: ObjectStore, key: string): Promise<string> {
  if ((await readCollectionMark(store)) !== null)
    return `; ${store.uri} was the checkpoint folder of a job whose state was deleted, as another incarnation had taken it over or the job was deleted`;
  const manifests = (await store.list(MANIFESTS))
    .map((object) => object.key)
    .filter((name) => name.endsWith(".manifest") && name !== key);
  return manifests.length === 0
    ? ""
    : `; ${store.uri} is the checkpoint folder of a job and contains ${manifests.slice(-3).join(", ")}`;
}

function notFound(asked: string, why: string): StreamError {
  return new StreamError(
    "SAVEPOINT_NOT_FOUND",
    `no savepoint was found at ${JSON.stringify(asked)}: ${why}; specify the folder of a savepoint or the manifest of a checkpoint`,
    {
      destiny: "terminal",
    },
  );
}
