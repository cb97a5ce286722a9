/**
 * Owns: the files that are generated (`npm run docs`): docs/errors.md from the list of error codes, docs/options.md from the table
 * of options, docs/streamjob-reference.md and the definitions in crds/generated from the schemas of crds/. test/architecture fails
 * while one is stale.
 * Does not own: codes, options, fields and their explanations; they live beside the code.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { definitionFiles, renderStreamJobReference } from "../crds/index.ts";
import { errorCodes } from "../runtime/base/error-codes.ts";
import { describeOptions } from "../runtime/graph/index.ts";
import { repositoryRoot } from "./find-node.mjs";

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

/** The page of options for the table that `describeOptions` renders. */
export function renderOptionsPage(table: string): string {
  return [
    "<!-- Generated from runtime/graph/options.ts by `npm run docs`; do not edit. -->",
    "",
    "# Options",
    "",
    "Settings of one job. In code they are given to `env.configure({ … })`; on the command line as `-D name=value`, which wins over the code.",
    "",
    `${table.trim()}\n`,
  ].join("\n");
}

/** Path of each generated file, relative to the repository, with what it has to hold now. */
export function currentPages(): Readonly<Record<string, string>> {
  return {
    "docs/errors.md": renderErrorsPage(errorCodes),
    "docs/options.md": renderOptionsPage(describeOptions()),
    "docs/streamjob-reference.md": renderStreamJobReference(),
    ...Object.fromEntries(Object.entries(definitionFiles()).map(([name, text]) => [`crds/generated/${name}`, text])),
  };
}

// Not import.meta.main: the first releases of Node 24 do not have it.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(currentPages())) {
    mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true });
    writeFileSync(join(repositoryRoot, path), text);
    process.stdout.write(`${path}: ${text.split("\n").length} lines\n`);
  }
}
