/** Owns: the page of documentation that the table of functions gives. */
import { aggregateFunctions } from "./aggregate-functions.ts";
import { type FunctionExample, functionExamples, jsonExamples } from "./function-examples.ts";
import { builtInFunctions, type FunctionRow } from "./function-table.ts";
import { scalarFunctions } from "./scalar-functions.ts";
import { usageOf } from "./signature.ts";

/** Markdown: a table for each group, without a heading of its own; an example where there is one. */
export function describeFunctions(): string {
  const groups: readonly (readonly [string, readonly FunctionRow[]])[] = [
    ...Object.entries(scalarFunctions),
    ["Aggregates", aggregateFunctions.plain],
    ["With OVER only", aggregateFunctions.ranking],
  ];
  const tables = groups.map(([title, rows]) => table(title, rows.map(rowText)));
  const json = jsonExamples.map(
    ([usage, result, meaning, ...example]) => `| ${code(usage)} | ${result} | ${meaning} | ${exampleText(example)} |`,
  );
  return [...tables.slice(0, AGGREGATES), table("JSON", json), ...tables.slice(AGGREGATES)].join("\n");
}

/** Tables of scalar functions, which stand before those of aggregates. */
const AGGREGATES = Object.keys(scalarFunctions).length;

const table = (title: string, rows: readonly string[]): string =>
  `## ${title}\n\n| call | gives | | for example |\n|---|---|---|---|\n${rows.join("\n")}\n`;

/** In a cell of a table. */
const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

const exampleText = (example: FunctionExample | undefined): string =>
  example === undefined ? "" : `${code(example[0])}: ${code(example[1])}`;

function rowText([name]: FunctionRow): string {
  const found = builtInFunctions.get(name.toUpperCase());
  if (found === undefined) throw new RangeError(`${name} is in no table`);
  const usages = new Set(found.signatures.map((signature) => `\`${usageOf(name, signature)}\``));
  const results = new Set(found.signatures.map(({ result }) => resultWords[result] ?? result));
  const example = exampleText(functionExamples.get(found.name));
  return `| ${[...usages].join(", ")} | ${[...results].join(", ")} | ${found.meaning} | ${example} |`;
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
  STRING_MAP: "a map of STRING",
  entries: "an array of ROW",
  longer: "an array",
  both: "the common type",
  mapped: "a map",
};
