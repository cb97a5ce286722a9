/**
 * Owns: the statements of the corpus, for tests.
 *
 * accepted.sql has one statement a paragraph. The other files have entries between lines of `=`: a script, a line of `-`, and what is said of it:
 * plans.txt the plan, below plan-tables.sql; refused.txt and invalid.txt the error as a person sees it, valid.txt the columns of the result. Those of the last two stand below tables.sql.
 */
import { readFileSync } from "node:fs";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

/** Without the paragraph that explains the file. */
export const acceptedStatements = (): readonly string[] => read("accepted.sql").trimEnd().split(/\n\n+/).slice(1);

export type Entry = { readonly script: string; readonly said: string };

export const refusedScripts = (): readonly Entry[] => entriesOf("refused.txt");
export const invalidScripts = (): readonly Entry[] => entriesOf("invalid.txt");
export const validScripts = (): readonly Entry[] => entriesOf("valid.txt");
export const planEntries = (): readonly Entry[] => entriesOf("plans.txt");
export const tablesScript = (): string => read("tables.sql");
export const planTablesScript = (): string => read("plan-tables.sql");

const entriesOf = (name: string): readonly Entry[] =>
  read(name)
    .trimEnd()
    .split("\n=====\n")
    .map((entry) => {
      const [script = "", said = ""] = entry.split("\n-----\n");
      return { script, said };
    });
