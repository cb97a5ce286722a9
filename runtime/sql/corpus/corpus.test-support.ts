/**
 * Owns: the statements of the corpus, for tests.
 *
 * accepted.sql has one statement a paragraph. refused.txt has entries between lines of `=`: a script, a line of `-`, and the error as a person sees it.
 */
import { readFileSync } from "node:fs";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

/** Without the paragraph that explains the file. */
export const acceptedStatements = (): readonly string[] => read("accepted.sql").trimEnd().split(/\n\n+/).slice(1);

export function refusedScripts(): readonly { readonly script: string; readonly error: string }[] {
  return read("refused.txt")
    .trimEnd()
    .split("\n=====\n")
    .map((entry) => {
      const [script = "", error = ""] = entry.split("\n-----\n");
      return { script, error };
    });
}
