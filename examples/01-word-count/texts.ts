/** Which files an argument means: a file, a folder with all in it, a glob, or by default the prose of the installed packages. */
import { existsSync, globSync } from "node:fs";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PROSE = "node_modules/**/{README*,LICENSE*,*.md}";

/** What a text source takes: paths of files and folders, and globs. */
export type Texts = { readonly paths: readonly string[]; readonly glob: readonly string[] };

/** `names`: as the person gave them; empty: the README, LICENSE and Markdown files of node_modules. */
export function textsOf(names: readonly string[]): Texts {
  if (names.length === 0) return { paths: proseOfPackages(), glob: [] };
  // A file that is there is meant literally, whatever its name looks like.
  const isGlob = (name: string): boolean => !existsSync(name) && /[*?{[]/.test(name);
  return { paths: names.filter((name) => !isGlob(name)), glob: names.filter(isGlob) };
}

function proseOfPackages(): string[] {
  return globSync(PROSE, { cwd: REPOSITORY, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .toSorted();
}
