/**
 * Owns: what a word at the end of a line may become: key words, tables and their columns, functions. Pure.
 *
 * CPLT1 Behind a word that a table follows only tables are offered; behind a dot the columns of what stands in front of it, where it is a table.
 * CPLT2 Words come in the case in which the person writes, names as they are.
 */
import { builtInFunctions, type Catalog, reservedWords } from "../../runtime/sql/index.ts";

export type Completions = { readonly found: readonly string[]; readonly part: string };

/** Not reserved, and often the first word. */
const MORE_WORDS = ["VIEW", "TEMPORARY", "QUIT", "HELP", "TUMBLE", "HOP", "CUMULATE", "SESSION", "DESCRIPTOR", "PLAN"];
const TABLE_FOLLOWS = /\b(?:FROM|JOIN|INTO|DESCRIBE|DESC|TABLE|VIEW)\s+[`\w.]*$/i;

/** `line`: up to the cursor. */
export function completionsOf(line: string, catalog: Catalog | null): Completions {
  const [part = ""] = /[\w$]*$/.exec(line) ?? [];
  const before = line.slice(0, line.length - part.length);
  const objects = catalog?.objects ?? [];
  const qualifier = /([\w$]+)\.$/.exec(before)?.[1];
  if (qualifier !== undefined) {
    const object = objects.find(([name]) => name === qualifier)?.[1];
    return { part, found: matching(part, object === undefined ? [] : columnsOf(object)) };
  }
  const tables = objects.map(([name]) => name);
  if (TABLE_FOLLOWS.test(line)) return { part, found: matching(part, tables) };
  if (part === "") return { part, found: [] };
  const names = [...tables, ...objects.flatMap(([, object]) => columnsOf(object)), ...(catalog?.functionNames ?? [])];
  const isLower = part === part.toLowerCase();
  const words = [...reservedWords, ...builtInFunctions.keys(), ...MORE_WORDS].map((word) =>
    isLower ? word.toLowerCase() : word,
  );
  return { part, found: matching(part, [...names, ...words]) };
}

const columnsOf = (object: Catalog["objects"][number][1]): readonly string[] =>
  object.kind === "unknown" ? [] : object.schema.columns.map(({ name }) => name);

function matching(part: string, names: readonly string[]): readonly string[] {
  const start = part.toLowerCase();
  return [...new Set(names)].filter((name) => name.toLowerCase().startsWith(start)).toSorted();
}
