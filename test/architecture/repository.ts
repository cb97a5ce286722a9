/**
 * Owns: reading the repository's sources for the checks.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceFile } from "./rules.ts";

/** The repository's folder, absolute. */
export const repositoryFolder = fileURLToPath(new URL("../../", import.meta.url));

/** Every source of the repository, in the order of its path. */
export function readSources(): SourceFile[] {
  return globSync(
    "{base,contract,settings,security,crds,runtime,operator,embedded,main,cli,examples,bench,tools,test}/**/*.{ts,tsx,mjs,js}",
    { cwd: repositoryFolder },
  )
    .filter((path) => !path.includes("node_modules"))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(repositoryFolder, path), "utf8") }));
}
