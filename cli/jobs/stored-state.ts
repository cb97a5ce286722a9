/**
 * Owns: what is there of a job's state now, asked of its store: the record says what was true when it was written.
 * Called by: `list`, for jobs that do not answer; `run -s <job>`; messages that say how a job is resumed.
 *
 * SST1 A path is named only when what it names is there at that moment: a checkpoint of a job that ran on is deleted within seconds.
 */
import { access } from "node:fs/promises";
import { StreamError } from "../../base/index.ts";
import {
  assertReadable,
  chainOf,
  findDamage,
  type Manifest,
  manifestKey,
  readLog,
  readSavepoint,
} from "../../runtime/checkpoint/index.ts";
import { openStore } from "../../runtime/storage/index.ts";
import type { HomeFolder } from "./home-folder.ts";
import { type JobRecord, readRecords } from "./job-registry.ts";
import { mayRun } from "./job-triggers.ts";

/** What a new job can be started from; null: there is none, or it cannot be found out now. */
export type StoredState = { readonly checkpoint: string | null; readonly savepoint: string | null };

/** Of a job that does not run, or does not answer. */
export async function storedStateOf(record: JobRecord): Promise<StoredState> {
  const [chain, recorded] = await Promise.all([wholeChain(record.checkpointRoot), existing(record.lastSavepoint)]);
  const find = (kind: Manifest["kind"]): string | null => {
    const found = chain.find(({ manifest }) => manifest.kind === kind);
    return found?.location ?? null;
  };
  return { checkpoint: find("checkpoint"), savepoint: find("savepoint") ?? recorded };
}

/** The newest of both kinds. */
export async function newestStateOf(record: JobRecord): Promise<string | null> {
  const [newest] = await wholeChain(record.checkpointRoot);
  return newest?.location ?? (await existing(record.lastSavepoint));
}

/**
 * What `-s` means: a path or URI as it is; else the newest state of the job of that id or name. What is there under that name counts first.
 * Errors: SAVEPOINT_NOT_FOUND; JOB_STATE_CONFLICT while the job runs: its checkpoints are deleted as it goes on.
 */
export async function resolveRestorePath(home: HomeFolder, text: string): Promise<string> {
  if (/[/:\\]/.test(text) || (await isThere(text))) return text;
  const records = readRecords(home);
  const byId = records.filter((record) => record.jobId === text);
  const byName = records.filter((record) => record.name === text);
  const begun = /^[0-9a-f]{4,}$/.test(text) ? records.filter((record) => record.jobId.startsWith(text)) : [];
  const meant = [byId, byName, begun].find((found) => found.length > 0) ?? [];
  if (meant === begun && begun.length > 1) {
    throw notFound(`"${text}" is a prefix of ${begun.length} job ids; use more characters`);
  }
  const running = meant.find(mayRun);
  if (running !== undefined) {
    throw new StreamError(
      "JOB_STATE_CONFLICT",
      `job ${running.jobId} ("${running.name}") is running and deletes its old checkpoints: take a savepoint with \`streamjob stop ${text}\` or \`streamjob savepoint ${text}\``,
      { destiny: "terminal" },
    );
  }
  for (const record of meant) {
    const path = await newestStateOf(record);
    if (path !== null) return path;
  }
  throw notFound(
    meant.length === 0
      ? `-s ${text}: there is no such file or folder, and no job of that id or name; streamjob list shows the jobs that were started here`
      : `-s ${text}: that job has no checkpoint and no savepoint to start from`,
  );
}

/** Newest first, those whose files are all there; empty as well when the store does not answer. */
async function wholeChain(root: string): Promise<{ readonly manifest: Manifest; readonly location: string }[]> {
  try {
    const store = await openStore(root);
    const whole: { manifest: Manifest; location: string }[] = [];
    const contents = await readLog(store);
    assertReadable(contents);
    for (const manifest of chainOf(contents)) {
      const filesIn = manifest.storeUri === null ? store : await openStore(manifest.storeUri);
      if ((await findDamage(filesIn, manifest)).length > 0) continue;
      whole.push({ manifest, location: manifest.storeUri ?? `${store.uri}/${manifestKey(manifest.seq)}` });
    }
    return whole;
  } catch (error) {
    if (error instanceof StreamError && error.code === "FORMAT_TOO_NEW") throw error;
    if (error instanceof StreamError) return []; // SST1: what cannot be read cannot be started from
    throw error;
  }
}

async function existing(savepoint: string | null): Promise<string | null> {
  if (savepoint === null) return null;
  try {
    await readSavepoint(savepoint);
    return savepoint;
  } catch (error) {
    if (error instanceof StreamError) return null; // moved or deleted since
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false; // neither a file nor a folder
  }
}

function notFound(message: string): StreamError {
  return new StreamError("SAVEPOINT_NOT_FOUND", message, { destiny: "terminal" });
}
