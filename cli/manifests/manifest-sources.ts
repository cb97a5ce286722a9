/**
 * Owns: the manifests that a person named, as texts: files, all manifests of a folder, stdin.
 * Does not own: what is in them (manifest-set.ts).
 *
 * MS1 Folders are read anew each time, so that a file that appears is found; folders below them are not entered.
 *     Hidden files of a folder are left out; one that is named is meant.
 * MS2 What cannot be read is a problem with its name and reason, beside the texts that can.
 * MS3 Bytes that are no UTF-8 are refused: read leniently they would become another text without a word.
 */
import { isUtf8 } from "node:buffer";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ManifestProblem } from "./manifest-text.ts";

/** What stands for stdin. */
export const STDIN = "-";

export type ManifestText = {
  /** As the person knows it. */
  readonly file: string;
  /** Absolute: what relative paths in it start from. */
  readonly folder: string;
  readonly text: string;
  /** Found in a folder, not named: other files may lie there. */
  readonly isFromFolder: boolean;
};

export type ReadSources = {
  readonly texts: readonly ManifestText[];
  readonly problems: readonly ManifestProblem[];
};

/** Of a name or a whole path. */
const endsAsManifest = (path: string): boolean => /\.(ya?ml|json)$/i.test(path);

/** `stdin`: all of it, if STDIN is among the sources. */
export function readSources(sources: readonly string[], stdin: Buffer): ReadSources {
  const texts: ManifestText[] = [];
  const problems: ManifestProblem[] = [];
  for (const source of new Set(sources)) {
    if (source === STDIN) {
      const badLine = invalidLine(stdin);
      if (badLine !== null) problems.push(notUtf8("stdin", badLine));
      else texts.push({ file: "stdin", folder: process.cwd(), text: stdin.toString("utf8"), isFromFolder: false });
      continue;
    }
    try {
      const isFolder = statSync(source).isDirectory();
      const files = isFolder ? manifestFiles(source) : [source];
      if (isFolder && files.length === 0) {
        problems.push(problem(source, "this folder contains no manifest: no file ends with .yaml, .yml or .json"));
      }
      if (!isFolder && !endsAsManifest(source)) {
        problems.push(problem(source, "is not a manifest: its name does not end with .yaml, .yml or .json"));
        continue;
      }
      for (const file of files) {
        const folder = dirname(resolve(file));
        const bytes = readFileSync(file);
        const badLine = invalidLine(bytes);
        if (badLine === null) texts.push({ file, folder, text: bytes.toString("utf8"), isFromFolder: isFolder });
        else problems.push(notUtf8(file, badLine));
      }
    } catch (error) {
      problems.push(problem(source, reasonOf(error as NodeJS.ErrnoException)));
    }
  }
  return { texts, problems };
}

/** All of stdin. */
export async function readStdin(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Manifests that lie in the folder itself, by name. */
export function manifestFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && endsAsManifest(entry.name) && !entry.name.startsWith("."))
    .map((entry) => join(folder, entry.name))
    .toSorted();
}

/** MS3. The line with the first bytes that are no UTF-8; null: there are none. */
function invalidLine(bytes: Buffer): number | null {
  if (isUtf8(bytes)) return null;
  let line = 1;
  for (let start = 0; start <= bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end === -1 ? bytes.length : end;
    if (!isUtf8(bytes.subarray(start, stop))) return line;
    start = stop + 1;
  }
  return line;
}

function notUtf8(file: string, line: number): ManifestProblem {
  const message = "is not valid UTF-8; save the file as UTF-8";
  return { file, position: { line, column: 1 }, field: "", message };
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "there is no such file or folder";
  if (error.code === "EACCES") return "cannot be read: permission denied";
  return `cannot be read: ${error.message}`;
}

function problem(file: string, message: string): ManifestProblem {
  return { file, position: null, field: "", message };
}
