/**
 * Owns: what a word at the end of a line may become: key words, tables and their columns, functions. Pure.
 *
 * CPLT1 Behind a word that a table follows only tables are offered, behind SHOW what it shows; behind a dot the columns of what stands in front of it, where it is a table.
 * CPLT2 Words come in the case in which the person writes, names as they are.
 */
import { builtInFunctions, type Catalog, reservedWords } from "../../runtime/sql/index.ts";

export type Completions = { readonly found: readonly string[]; readonly part: string };

/** Not reserved, and often the first word. */
const MORE_WORDS = ["VIEW", "TEMPORARY", "QUIT", "HELP", "TUMBLE", "HOP", "CUMULATE", "SESSION", "DESCRIPTOR", "PLAN"];
/** What SHOW shows: most of it is no reserved word. */
const SHOWN_WORDS = ["CATALOGS", "COLUMNS", "CREATE", "CURRENT", "DATABASES", "FUNCTIONS", "TABLES", "USER", "VIEWS"];
const SHOW_BEFORE = /^\s*SHOW\s+$/i;
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
  const isLower = part !== "" && part === part.toLowerCase();
  const inCase = (words: readonly string[]): readonly string[] =>
    isLower ? words.map((word) => word.toLowerCase()) : words;
  if (SHOW_BEFORE.test(before)) return { part, found: matching(part, inCase(SHOWN_WORDS)) };
  if (part === "") return { part, found: [] };
  const names = [...tables, ...objects.flatMap(([, object]) => columnsOf(object)), ...(catalog?.functionNames ?? [])];
  const words = inCase([...reservedWords, ...builtInFunctions.keys(), ...MORE_WORDS]);
  return { part, found: matching(part, [...names, ...words]) };
}

const columnsOf = (object: Catalog["objects"][number][1]): readonly string[] =>
  object.kind === "unknown" ? [] : object.schema.columns.map(({ name }) => name);

function matching(part: string, names: readonly string[]): readonly string[] {
  const start = part.toLowerCase();
  return [...new Set(names)].filter((name) => name.toLowerCase().startsWith(start)).toSorted();
}
