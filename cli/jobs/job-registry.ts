/**
 * Owns: the jobs that this machine's runners have started, as files: `<home>/jobs/<jobId>.json`.
 * Called by: the runner (writes), the other commands and tests (read).
 *
 * JR1 A record is replaced as a whole (temporary file, rename): a reader sees the old or the new one.
 * JR2 Only the runner of a job writes its record.
 * JR3 The newest RECORDS_KEPT records of ended jobs are kept; those of jobs that may still run are never removed.
 * JR5 A record of a newer version is left out and left alone (FV2), as is a damaged one; `streamjob list` says which and why.
 * JR4 The home's folders are their owner's alone: what jobs are given, log and keep is in them.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  isSameProcess,
  makePrivateFolderSync,
  PRIVATE_FILE,
  processIdentity,
  refuseNewer,
  StreamError,
} from "../../base/index.ts";
import type { HomeFolder } from "./home-folder.ts";

const VERSION = 1;
const recordSchema = z.object({
  version: z.literal(VERSION),
  jobId: z.string().regex(/^[0-9a-f]{32}$/),
  name: z.string(),
  /** Absolute path of the job module. */
  module: z.string(),
  restUrl: z.string(),
  /** Process id of the runner. */
  runnerPid: z.int(),
  /** Which process had that id (process-identity.ts). */
  runnerIdentity: z.string().nullable(),
  /** Process ids of the children that are alive as far as the runner knows. */
  pids: z.object({ jobManager: z.int().nullable(), taskManagers: z.array(z.int()) }),
  startedMs: z.number(),
  /** Store URI of the job's checkpoints. */
  checkpointRoot: z.string(),
  /** How often the runner has started the JobManager again. */
  jobManagerRestarts: z.int(),
  /** URIs; null: none yet. */
  lastCheckpoint: z.string().nullable(),
  lastSavepoint: z.string().nullable(),
  /** null: not as far as the runner knows. */
  terminal: z
    .object({ status: z.string(), endedMs: z.number(), restarts: z.int(), failure: z.string().nullable() })
    .nullable(),
});
export type JobRecord = z.infer<typeof recordSchema>;

const RECORDS_KEPT = 50;

/** Replaces the record (JR1). Errors: StreamError STORE_UNAVAILABLE, STORE_FULL. */
export function writeRecord(home: HomeFolder, record: JobRecord): void {
  const path = recordPath(home, record.jobId);
  const temporary = `${path}.${record.runnerPid}.tmp`;
  try {
    for (const folder of [home.jobs, home.checkpoints, dirname(home.logs(record.jobId))]) makePrivateFolderSync(folder);
    writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: PRIVATE_FILE });
    renameSync(temporary, path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === "ENOSPC" ? "STORE_FULL" : "STORE_UNAVAILABLE";
    throw new StreamError(
      code,
      `cannot write ${path}: ${(cause as Error).message}. Set STREAMJOB_HOME to a folder with free space.`,
      { cause },
    );
  }
}

/** Every readable record, newest first; a damaged file is left out and named by `onDamaged`, with the reason. */
export function readRecords(home: HomeFolder, onDamaged: OnDamaged = () => {}): JobRecord[] {
  let names: string[];
  try {
    names = readdirSync(home.jobs);
  } catch {
    return []; // no job has been started here yet
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const record = readFile(join(home.jobs, name), onDamaged);
      return record === null ? [] : [record];
    })
    .toSorted((a, b) => b.startedMs - a.startedMs);
}

/** null: no such record. */
export function readRecord(home: HomeFolder, jobId: string): JobRecord | null {
  return readFile(recordPath(home, jobId), () => {});
}

type OnDamaged = (path: string, why: string) => void;

/** Removes the oldest records of ended jobs beyond RECORDS_KEPT, with their logs; checkpoints are never touched (JR3). */
export function pruneRecords(home: HomeFolder): void {
  const ended = readRecords(home).filter((record) => record.terminal !== null || !isRunnerAlive(record));
  for (const record of ended.slice(RECORDS_KEPT)) {
    rmSync(recordPath(home, record.jobId), { force: true });
    rmSync(home.logs(record.jobId), { recursive: true, force: true });
  }
}

/** Whether a process with that id runs now, whichever it is. One that has ended and that its parent has not collected yet does not. */
export function isAlive(pid: number): boolean {
  return processIdentity(pid) !== null;
}

/** Whether the runner that wrote this record runs: not just any process that has its id now. */
export function isRunnerAlive({ runnerPid, runnerIdentity }: JobRecord): boolean {
  return isSameProcess(runnerPid, runnerIdentity);
}

function recordPath(home: HomeFolder, jobId: string): string {
  return join(home.jobs, `${jobId}.json`);
}

function readFile(path: string, onDamaged: OnDamaged): JobRecord | null {
  try {
    const json: unknown = JSON.parse(readFileSync(path, "utf8"));
    refuseNewer(path, json, VERSION);
    const parsed = recordSchema.safeParse(json);
    if (parsed.success) return parsed.data;
    onDamaged(path, `${path} cannot be read as a job's record`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    const isNewer = error instanceof StreamError && error.code === "FORMAT_TOO_NEW";
    onDamaged(path, isNewer ? error.message : `${path} cannot be read as a job's record`);
  }
  return null;
}
