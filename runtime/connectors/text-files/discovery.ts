/**
 * Owns: which files a text source reads, and their cut into splits.
 *
 * TD1 The same files give the same splits in the same order: by path, then place. A file that is found twice is read once.
 * TD2 Empty files have no split.
 */
import type { Stats } from "node:fs";
import { glob, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { StreamError } from "../../base/index.ts";
import type { SourceContext } from "../../operators/index.ts";

/** Bytes `start` (inclusive) to `end` (exclusive) of a file that was `size` bytes long when the job started. */
export type TextFileSplit = {
  /** Absolute. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Where the next line to read begins; `start`: the first that begins in the split. */
  readonly position: number;
  readonly size: number;
  /** How many splits there were in all. */
  readonly splits: number;
};

export type TextFilesWanted = {
  readonly paths: readonly string[];
  readonly globs: readonly string[];
  readonly recursive: boolean;
  readonly splitBytes: number;
};

/** Looks on this machine. Errors: SOURCE_FAILED, for good, when a path is missing or a glob matches nothing. */
export async function discoverSplits(wanted: TextFilesWanted, context: SourceContext): Promise<TextFileSplit[]> {
  const sizes = new Map<string, number>();
  for (const path of wanted.paths) await addPath(resolve(path), { wanted, context, sizes });
  for (const pattern of wanted.globs) await addGlob(pattern, { context, sizes });
  const splits: Omit<TextFileSplit, "splits">[] = [];
  for (const path of [...sizes.keys()].sort()) {
    const size = sizes.get(path) as number;
    for (let start = 0; start < size; start += wanted.splitBytes) {
      splits.push({ path, start, end: Math.min(size, start + wanted.splitBytes), position: start, size });
    }
  }
  if (splits.length === 0) {
    context.log.warn(
      { source: context.name, files: sizes.size },
      "there is no text to read: no files, or only empty ones",
    );
  }
  return splits.map((split) => ({ ...split, splits: splits.length }));
}

type Search = {
  readonly context: SourceContext;
  /** Absolute path -> bytes. */
  readonly sizes: Map<string, number>;
};

async function addPath(path: string, search: Search & { readonly wanted: TextFilesWanted }): Promise<void> {
  const { context, sizes, wanted } = search;
  const facts = await stat(path).catch((error: unknown) => {
    throw failed(
      context,
      `cannot read ${path}: ${messageOf(error)}; check the path, which must be there on every machine`,
      error,
    );
  });
  if (facts.isDirectory()) await addFolder(path, wanted.recursive, search);
  else if (facts.isFile()) sizes.set(path, facts.size);
  else throw failed(context, `${path} is neither a file nor a folder; give a path that is`);
}

async function addFolder(folder: string, recursive: boolean, search: Search): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
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
      if (recursive) await addFolder(path, recursive, search);
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
  if (matches === 0) {
    throw failed(
      search.context,
      `no file matches ${pattern} in ${process.cwd()}; check the pattern and the working directory`,
    );
  }
}

/** False when it is not, or not any more, a file. */
async function addFile(path: string, { context, sizes }: Search): Promise<boolean> {
  let facts: Stats;
  try {
    facts = await stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw failed(context, `cannot look at ${path}: ${messageOf(error)}; check that this process may read it`, error);
  }
  if (!facts.isFile()) return false;
  sizes.set(path, facts.size);
  return true;
}

function failed(context: SourceContext, problem: string, cause?: unknown): StreamError {
  return new StreamError("SOURCE_FAILED", `source ${context.name}: ${problem}`, { destiny: "terminal", cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
