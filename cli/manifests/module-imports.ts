/**
 * Owns: which files a job module, or a script of SQL, is made of: itself, and what it imports, directly or not.
 * Called by: saved-files.ts, at each look.
 *
 * MI1 Found by reading, not by loading: nothing of the job runs here. What looks like an import counts, also in a comment: a file too
 *     many costs a line of the story, one too few costs hours.
 * MI2 Files of this machine that are named by a path (`./parse.ts`, `file:///…`), also by import(), require() and new URL(). Packages
 *     are not followed, nor names that are computed.
 * MI3 What cannot be read has no imports; it never throws.
 */
import { readFileSync, type Stats, statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const FILES_MAX = 1000;
/** Larger ones are data, or bundles, which import nothing by a path. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

const SPECIFIER = /\b(?:from|import|require|URL|resolve)\s*\(?\s*(["'`])((?:\.{0,2}\/|file:)[^"'`\n]*)\1/g;
/** Of functions in a script of SQL: `AS './functions.ts#mask'`. */
const FUNCTION = /\bAS\s+(')((?:\.{0,2}\/|file:)[^'#\n]*)(?:#[^'\n]*)?'/gi;
const isScript = (file: string): boolean => file.endsWith(".sql");
const isCode = (file: string): boolean => /\.[cm]?[jt]sx?$/.test(file) || isScript(file);

type Read = { readonly version: string; readonly imported: readonly string[] };

export class ModuleImports {
  readonly #read = new Map<string, Read>();

  /** The module first; it is in there also when there is no such file. */
  filesOf(module: string): readonly string[] {
    const files = new Set([module]);
    for (const file of files) {
      if (files.size >= FILES_MAX) break;
      for (const imported of this.#importsOf(file)) files.add(imported);
    }
    return [...files];
  }

  /** Files that are there. Read anew when the file has changed. */
  #importsOf(file: string): readonly string[] {
    const stat = statOf(file);
    if (stat === null || !stat.isFile() || !isCode(file) || stat.size > FILE_BYTES_MAX) return [];
    const version = `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    const known = this.#read.get(file);
    if (known?.version === version) return known.imported;
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      return []; // MI3
    }
    const imported = specifiersOf(text, isScript(file) ? FUNCTION : SPECIFIER).flatMap(
      (specifier) => resolveFrom(file, specifier) ?? [],
    );
    this.#read.set(file, { version, imported });
    return imported;
  }
}

/** Paths and file URLs that a text imports. */
export function specifiersOf(text: string, pattern = SPECIFIER): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, , specifier = ""]) => specifier))];
}

/** null: no file of this machine. One that is not there yet counts: it may be about to be saved. */
function resolveFrom(file: string, specifier: string): string | null {
  try {
    const url = new URL(specifier, pathToFileURL(file));
    url.search = "";
    url.hash = "";
    const path = fileURLToPath(url);
    const stat = statOf(path);
    return stat === null || stat.isFile() ? path : null;
  } catch {
    return null; // not a path at all
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null; // MI3
  }
}
