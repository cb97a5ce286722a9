/**
 * Owns: which files a text source reads, and their cut into splits.
 *
 * TD1 The same files give the same splits in the same order: by path, then place.
 * TD2 Empty files have no split.
 * TD3 A file is what device and inode say, not a path: one that is found under several names (links, hard links, several
 *     patterns) is read once. Of its names the one that is no link counts, so that a link may change; of equals the first.
 * TD4 Every file is looked into: what cannot be read as lines fails the job at the start (PK2), and a restore notices another
 *     file under the same path by the digest of its first bytes.
 */
import type { BigIntStats } from "node:fs";
import { glob, open, readdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { hexDigest, StreamError } from "../../../base/index.ts";
import type { SourceContext } from "../../ports/index.ts";
import { BEGINNING_BYTES, type Compression, decidePacking, type Packing } from "./packing.ts";

/** Bytes `start` (inclusive) to `end` (exclusive) of a file that was `size` bytes long when the job started. */
export type TextFileSplit = {
  /** Absolute. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Where the next line to read begins; `start`: the first that begins in the split. Of a packed file: in its text. */
  readonly position: number;
  readonly size: number;
  /** How many splits there were in all. */
  readonly splits: number;
  /** How the file is packed; such a file is one split, as nothing can be unpacked from its middle. Absent: not at all. */
  readonly packing?: Packing;
  /** `headDigest` of its first bytes. Absent in states of versions that did not have it: not checked. */
  readonly head?: string;
};

export type TextFilesWanted = {
  readonly paths: readonly string[];
  readonly globs: readonly string[];
  readonly recursive: boolean;
  readonly splitBytes: number;
  readonly compression: Compression;
  /** The folder is looked at again and again: a path or a pattern need not have files yet, and a file may go while it is looked at. */
  readonly isMonitored?: boolean;
};

/** A file; `names`: all under which it was found, `path` is the one that counts (TD3). */
export type FoundFile = { readonly path: string; readonly names: readonly string[]; readonly size: number };

/** So many first bytes of a file tell it from another. */
const HEAD_BYTES = 1 << 10;
/** Files that are looked into at a time. */
const LOOKS_MAX = 16;

/** The number of bytes that `headDigest` of a file of this size is of. */
export function headBytes(size: number): number {
  return Math.min(size, HEAD_BYTES);
}

export function headDigest(head: Buffer): string {
  return hexDigest(16, head.toString("latin1"));
}

/** Looks on this machine. Errors: SOURCE_FAILED, for good, when a path is missing, a glob matches nothing, or a file is no text. */
export async function discoverSplits(wanted: TextFilesWanted, context: SourceContext): Promise<TextFileSplit[]> {
  const files = await findFiles(wanted, context);
  const splits: Omit<TextFileSplit, "splits">[] = [];
  for (let begin = 0; begin < files.length; begin += LOOKS_MAX) {
    const looks = files.slice(begin, begin + LOOKS_MAX).map((file) => cutFile(file, wanted, context));
    for (const cut of await Promise.all(looks)) splits.push(...cut);
  }
  if (splits.length === 0) {
    context.log.warn(
      { operator: context.name, files: files.length },
      "there is no text to read: no files, or only empty ones",
    );
  }
  return splits.map((split) => ({ ...split, splits: splits.length }));
}

/** All files that there are, by path. Errors: SOURCE_FAILED, for good when they are listed once. */
export async function findFiles(wanted: TextFilesWanted, context: SourceContext): Promise<readonly FoundFile[]> {
  const { recursive, isMonitored = false } = wanted;
  const search: Search = { context: { ...context, isMonitored }, recursive, files: new Map() };
  for (const path of wanted.paths) await addPath(resolve(path), search);
  for (const pattern of wanted.globs) await addGlob(pattern, search);
  return [...search.files.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}

type SearchContext = SourceContext & { readonly isMonitored: boolean };

type Search = {
  readonly context: SearchContext;
  readonly recursive: boolean;
  /** By device and inode. */
  readonly files: Map<string, FoundFile>;
};

/** The splits of a file, without their number. Errors: SOURCE_FAILED, for good when it is no text. */
export async function cutFile(
  { path, size }: Pick<FoundFile, "path" | "size">,
  { splitBytes, compression }: TextFilesWanted,
  context: SourceContext,
): Promise<Omit<TextFileSplit, "splits">[]> {
  const bytes = await readHead(path, size, context);
  const decision = decidePacking(path, bytes.toString("latin1", 0, BEGINNING_BYTES), compression);
  if (decision.kind === "refused")
    throw failed({ ...context, isMonitored: false }, `cannot read ${path}: ${decision.problem}`);
  const file = { path, size, head: headDigest(bytes) };
  if (decision.kind === "packed") {
    if (size === 0) throw failed(context, `cannot read ${path}: it is empty, which ${decision.packing} data never are`);
    return [{ ...file, packing: decision.packing, start: 0, end: size, position: 0 }];
  }
  const splits: Omit<TextFileSplit, "splits">[] = [];
  for (let start = 0; start < size; start += splitBytes) {
    splits.push({ ...file, start, end: Math.min(size, start + splitBytes), position: start });
  }
  return splits;
}

/** The bytes that `headDigest` of a file of this size is of. Errors: SOURCE_FAILED. */
export async function readHead(path: string, size: number, context: SourceContext): Promise<Buffer> {
  const bytes = Buffer.alloc(headBytes(size));
  try {
    const handle = await open(path, "r");
    try {
      for (let filled = 0; filled < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) throw new Error(`it had ${size} bytes and has ${filled} now`);
        filled += bytesRead;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw failed(context, `cannot read ${path}: ${messageOf(error)}; check that this process may read it`, error);
  }
  return bytes;
}

async function addPath(path: string, search: Search): Promise<void> {
  const { context } = search;
  const facts = await stat(path, { bigint: true }).catch((error: unknown) => {
    if (context.isMonitored && isMissing(error)) return null;
    throw failed(
      context,
      `cannot read ${path}: ${messageOf(error)}; check the path, which must be there on every machine`,
      error,
    );
  });
  if (facts === null) return;
  if (facts.isDirectory()) await addFolder(path, search);
  else if (facts.isFile()) await addFound(path, facts, search);
  else throw failed(context, `${path} is neither a file nor a folder; give a path that is`);
}

async function addFolder(folder: string, search: Search): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (search.context.isMonitored && isMissing(error)) return [];
    throw failed(
      search.context,
      `cannot list ${folder}: ${messageOf(error)}; check that this process may read it`,
      error,
    );
  });
  for (const entry of entries) {
    if (/^[._]/.test(entry.name)) continue;
    const path = join(folder, entry.name);
    // Links to folders are not followed: they may lead back.
    if (entry.isDirectory()) {
      if (search.recursive) await addFolder(path, search);
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      await addFile(path, search);
    }
  }
}

async function addGlob(pattern: string, search: Search): Promise<void> {
  let matches = 0;
  for await (const path of glob(pattern)) {
    if (await addFile(resolve(path), search)) matches++;
  }
  if (matches === 0 && !search.context.isMonitored) {
    throw failed(
      search.context,
      `no file matches ${pattern} in ${process.cwd()}; check the pattern and the working directory`,
    );
  }
}

/** False when it is not, or not any more, a file. */
async function addFile(path: string, search: Search): Promise<boolean> {
  const { context } = search;
  let facts: BigIntStats;
  try {
    facts = await stat(path, { bigint: true });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // A link that leads nowhere, or round in a circle, names no file.
    if (code === "ENOENT" || code === "ELOOP") {
      if (!context.isMonitored)
        context.log.warn({ operator: context.name, path, code }, "skipping a link that leads to no file");
      return false;
    }
    throw failed(context, `cannot look at ${path}: ${messageOf(error)}; check that this process may read it`, error);
  }
  if (!facts.isFile()) return false;
  await addFound(path, facts, search);
  return true;
}

/** Adds a file, or another name of one that was found before (TD3). */
async function addFound(path: string, facts: BigIntStats, { files }: Search): Promise<void> {
  // As bigints: an inode may be beyond what a number holds exactly, and two files must not become one. Some file systems number
  // no inodes; there the path without links has to do.
  const identity = facts.ino === 0n ? await realpath(path) : `${facts.dev}:${facts.ino}`;
  const known = files.get(identity);
  if (known === undefined) files.set(identity, { path, names: [path], size: Number(facts.size) });
  else if (!known.names.includes(path)) {
    const best = (await isBetterName(path, known.path)) ? path : known.path;
    files.set(identity, { ...known, path: best, names: [...known.names, path] });
  }
}

/** Whether of two names of a file the first is the one to keep. */
async function isBetterName(path: string, than: string): Promise<boolean> {
  const [isReal, isOtherReal] = await Promise.all([path, than].map(async (each) => (await realpath(each)) === each));
  return isReal === isOtherReal ? path < than : isReal === true;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** For good, when it is found out at a start; while the job runs, it may be another minute. */
function failed(
  context: SourceContext & { readonly isMonitored?: boolean },
  problem: string,
  cause?: unknown,
): StreamError {
  const destiny = context.isMonitored === true ? "retry" : "terminal";
  return new StreamError("SOURCE_FAILED", `source ${context.name}: ${problem}`, { destiny, cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
