/**
 * Owns: docs/errors.md, generated from the list of error codes (`npm run docs`). test/architecture fails while the page is stale.
 * Does not own: the codes and their explanations; they live beside the errors.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runtimeErrorCodes } from "../runtime/base/error-codes.ts";
import { repositoryRoot } from "./find-node.mjs";

/** Where the page is, relative to the repository. */
export const errorsPagePath = "docs/errors.md";

/** The page for a list of codes: Markdown, codes in alphabetical order, one heading each, so that a code can be linked to. */
export function renderErrorsPage(codes: Readonly<Record<string, string>>): string {
  const lines = [
    "<!-- Generated from runtime/base/error-codes.ts by `npm run docs`; do not edit. -->",
    "",
    "# Errors",
    "",
    "Every error that StreamJob reports carries one of these codes. The message beside it says what happened, where, and what to do.",
  ];
  for (const [code, explanation] of Object.entries(codes).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push("", `## ${code}`, "", explanation);
  }
  return `${lines.join("\n")}\n`;
}

/** The page as it has to be now. */
export function currentErrorsPage(): string {
  return renderErrorsPage(runtimeErrorCodes);
}

// Not import.meta.main: the first releases of Node 24 do not have it.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(repositoryRoot, errorsPagePath), currentErrorsPage());
  process.stdout.write(`${errorsPagePath}: ${Object.keys(runtimeErrorCodes).length} codes\n`);
}
