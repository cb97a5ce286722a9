/** Owns: the page of documentation that the table of functions gives. */
import { aggregateFunctions } from "./aggregate-functions.ts";
import { builtInFunctions, type FunctionRow } from "./function-table.ts";
import { scalarFunctions } from "./scalar-functions.ts";
import { usageOf } from "./signature.ts";

/** Markdown: a table for each group, without a heading of its own. */
export function describeFunctions(): string {
  const groups: readonly (readonly [string, readonly FunctionRow[]])[] = [
    ...Object.entries(scalarFunctions),
    ["Aggregates", aggregateFunctions.plain],
    ["With OVER only", aggregateFunctions.ranking],
  ];
  return groups
    .map(([title, rows]) => `## ${title}\n\n| call | gives | |\n|---|---|---|\n${rows.map(rowText).join("\n")}\n`)
    .join("\n");
}

function rowText([name]: FunctionRow): string {
  const found = builtInFunctions.get(name.toUpperCase());
  if (found === undefined) throw new RangeError(`${name} is in no table`);
  const usages = new Set(found.signatures.map((signature) => `\`${usageOf(name, signature)}\``));
  const results = new Set(found.signatures.map(({ result }) => resultWords[result] ?? result));
  return `| ${[...usages].join(", ")} | ${[...results].join(", ")} | ${found.meaning} |`;
}

const resultWords: Readonly<Record<string, string>> = {
  T: "the common type",
  $1: "the type of the first",
  $3: "the type of the third",
  sum: "the same type; a DECIMAL gets 38 digits",
  avg: "the same type; a DECIMAL gets 38 digits",
  whole: "the same type",
  remainder: "the type of the second",
  element: "the type of the elements",
  keys: "an array",
  values: "an array",
  multiset: "a multiset",
  array: "an array",
  STRINGS: "an array of STRING",
};
