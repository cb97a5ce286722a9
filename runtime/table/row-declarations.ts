/**
 * Owns: rows of tables, views and queries as a module of TypeScript: a type for each table and view by its name, and for each query by its text.
 * Called by: `streamjob sql --declarations`.
 *
 * RDCL1 The same rows are the same text, in whatever order they were made: a file that is kept changes only with the rows.
 * RDCL2 A name becomes that of a type by one rule (typeNameOf). What cannot become one, and two names that would become the same, are refused, all at once: nothing is renamed
 *     silently.
 * RDCL3 A column that no stream has is unknown, and says why; the job that takes it as a stream is refused anyway.
 */
import { type Catalog, fieldText, type SqlType, typeScriptOf } from "../sql/index.ts";

type Columns = readonly { readonly name: string; readonly type: SqlType }[];

export type DeclaredRows = {
  readonly tables: readonly { readonly name: string; readonly columns: Columns }[];
  readonly queries: readonly { readonly text: string; readonly columns: Columns }[];
};

type Declarations =
  | { readonly kind: "declarations"; readonly text: string }
  /** Sentences. */
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/** Those of which something is known; a script without mistakes has no others but where a function in another language gives the columns. */
export const tablesOf = ({ objects }: Catalog): DeclaredRows["tables"] =>
  objects.flatMap(([name, object]) => (object.kind === "unknown" ? [] : [{ name, columns: object.schema.columns }]));

/** `head`: lines of a comment at the top. */
export function rowDeclarations({ tables, queries }: DeclaredRows, head: readonly string[]): Declarations {
  const reasons: string[] = [];
  const types = new Map<string, { readonly of: string; readonly body: string }>();
  for (const { name, columns } of tables) {
    const type = typeNameOf(name);
    if (type === null) {
      reasons.push(
        `${JSON.stringify(name)} cannot be the name of a type. Give the table a name of letters, digits and _, with a letter first.`,
      );
      continue;
    }
    const body = rowText(columns, "");
    const other = types.get(type);
    if (other === undefined) types.set(type, { of: name, body });
    else if (other.of !== name) reasons.push(`${other.of} and ${name} would both be ${type}. Rename one of them.`);
    else if (other.body !== body)
      reasons.push(`There are two tables ${name}, with other columns each. Rename one of them.`);
  }
  const rows = new Map<string, string>();
  for (const { text, columns } of queries) {
    const body = rowText(columns, "    ");
    if ((rows.get(text) ?? body) !== body)
      reasons.push(
        `${JSON.stringify(text)} is asked twice, and its rows have other columns each time. Name the columns in one of them.`,
      );
    rows.set(text, body);
  }
  if (reasons.length > 0) return { kind: "refused", reasons };
  return { kind: "declarations", text: moduleText(types, rows, head) };
}

function moduleText(
  types: ReadonlyMap<string, { readonly of: string; readonly body: string }>,
  rows: ReadonlyMap<string, string>,
  head: readonly string[],
): string {
  const sections = [head.map((line) => `// ${line}`).join("\n")];
  for (const [name, { of, body }] of inOrder(types))
    sections.push(`/** A row of ${of}. */\nexport type ${name} = ${body};`);
  // Without an export it would be no module, and what it says of another one its only contents.
  if (types.size === 0) sections.push("export {};");
  const queries = inOrder(rows).map(([text, body]) => `    ${JSON.stringify(text)}: ${body};`);
  if (queries.length > 0)
    sections.push(
      `declare module "streamjob/table" {\n  /** By the text of the query. */\n  interface QueryRows {\n${queries.join("\n")}\n  }\n}`,
    );
  return sections.join("\n\n");
}

/** RDCL1 */
const inOrder = <T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] =>
  [...map].toSorted(([left], [right]) => (left < right ? -1 : 1));

/** `t_order` and `T_ORDER` become TOrderRow, `userOrders` UserOrdersRow. Null: no type can have it. */
function typeNameOf(name: string): string | null {
  const words = name.split("_").filter((word) => word !== "");
  const isShouted = name === name.toUpperCase();
  const type = words.map((word) => capitalized(isShouted ? word.toLowerCase() : word)).join("");
  return IDENTIFIER.test(name) && IDENTIFIER.test(type) ? `${type}Row` : null;
}

const capitalized = (word: string): string => {
  const [first = "", ...rest] = word;
  return first.toUpperCase() + rest.join("");
};

/** `indent`: of the line with its closing brace. */
function rowText(columns: Columns, indent: string): string {
  const lines = columns.flatMap(({ name, type }) => {
    const made = typeScriptOf(type);
    if (made.kind === "type") return [`readonly ${fieldText(name)}: ${made.text};`];
    return [`/** ${commentText(`${made.reason}. ${made.remedy}`)} */`, `readonly ${fieldText(name)}: unknown;`];
  });
  return `{\n${lines.map((line) => `${indent}  ${line}\n`).join("")}${indent}}`;
}

/** Names in it are the person's. */
const commentText = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll("*/", "* /");
