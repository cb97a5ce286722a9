/**
 * Owns: the check of rule ids: a rule is defined once, and what is cited is defined.
 * Does not own: what the rules say.
 *
 * A rule of code is defined in the comment that opens its file, as ` * AB1  text`. The rules of docs/semantics.md are `CK-1`, the promises
 * `P-1`; both are lists of their own.
 *
 * RI1  An id has one definition, and a prefix one file: who reads `AB1` anywhere knows which file to open.
 * RI2  What looks like an id and begins with a known prefix is defined; so is what stands in brackets alone, such as `(AB1)`.
 * RI3  The prefixes of the lists are not used by files.
 */
import type { SourceFile } from "./rules.ts";

/** Lists of rules that are not in the head of a file: prefix → numbers that are defined. */
export type RuleLists = ReadonlyMap<string, ReadonlySet<string>>;

const DEFINITION = /^ \* ([A-Z]{2,4})(\d+[a-z]?)\s+\S/gm;
const CITATION = /(?<![\w/.#$-])([A-Z]{2,4})(\d+[a-z]?)(?![\w-])/g;
const LIST_CITATION = /(?<![\w/.#-])([A-Z]{1,3})-(\d+)\b/g;
/** Behind a space, as in sentences: not the arguments of a call. */
const ALONE_IN_BRACKETS = /(?<=\s)\(((?:[A-Z]{2,4}\d+[a-z]?)(?:, [A-Z]{2,4}\d+[a-z]?)*)\)/g;

/** Definitions of a source, with the line each is on. */
export function definitionsIn({ path, text }: SourceFile): readonly { readonly id: string; readonly at: string }[] {
  if (!/\.(?:ts|tsx|mjs|js)$/.test(path)) return [];
  return [...text.matchAll(DEFINITION)]
    .filter(({ index }) => isInComment(text, index))
    .map(({ 1: prefix = "", 2: number = "", index }) => ({
      id: prefix + number,
      at: `${path}:${lineOf(text, index)}`,
    }));
}

/** RI1 to RI3 over sources and pages. */
export function checkRuleIds(files: readonly SourceFile[], lists: RuleLists): string[] {
  const places = new Map<string, string[]>();
  const prefixes = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { id, at } of definitionsIn(file)) {
      places.set(id, [...(places.get(id) ?? []), at]);
      const prefix = prefixOf(id);
      prefixes.set(prefix, (prefixes.get(prefix) ?? new Set()).add(file.path));
    }
  }
  const doubles = [...places]
    .filter(([, at]) => at.length > 1)
    .map(([id, at]) => `${id} is defined ${at.length} times: ${at.join(", ")}`);
  const shared = [...prefixes]
    .filter(([, paths]) => paths.size > 1)
    .map(([prefix, paths]) => `the prefix ${prefix} is that of ${[...paths].join(" and ")}; give each its own`);
  const reserved = [...prefixes]
    .filter(([prefix]) => lists.has(prefix))
    .map(([prefix, paths]) => `the prefix ${prefix} of ${[...paths].join(", ")} is that of a list of rules`);
  const dangling = files.flatMap((file) => [
    ...danglingIn(file, (id) => places.has(id) || !prefixes.has(prefixOf(id))),
    ...danglingInLists(file, lists),
    ...danglingAlone(file, (id) => places.has(id)),
  ]);
  return [...doubles, ...shared, ...reserved, ...new Set(dangling)];
}

function danglingIn({ path, text }: SourceFile, isFine: (id: string) => boolean): string[] {
  return [...text.matchAll(CITATION)]
    .filter(([id]) => !isFine(id))
    .map(({ 0: id, index }) => `${path}:${lineOf(text, index)}: ${id} is defined nowhere`);
}

function danglingAlone({ path, text }: SourceFile, isFine: (id: string) => boolean): string[] {
  return [...text.matchAll(ALONE_IN_BRACKETS)].flatMap(({ 1: ids = "", index }) =>
    ids
      .split(", ")
      .filter((id) => !isFine(id))
      .map((id) => `${path}:${lineOf(text, index)}: ${id} is defined nowhere`),
  );
}

function danglingInLists({ path, text }: SourceFile, lists: RuleLists): string[] {
  return [...text.matchAll(LIST_CITATION)]
    .filter(({ 1: prefix = "", 2: number = "" }) => lists.get(prefix)?.has(number) === false)
    .map(({ 0: id, index }) => `${path}:${lineOf(text, index)}: ${id} is in no list of rules`);
}

const prefixOf = (id: string): string => id.replace(/\d.*$/, "");

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Whether a position is inside of a comment of several lines. */
function isInComment(text: string, index: number): boolean {
  const opened = text.lastIndexOf("/**", index);
  return opened !== -1 && text.lastIndexOf("*/", index) < opened;
}
