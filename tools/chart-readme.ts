/**
 * Owns: the table of values in the chart's README, from values.schema.json (what each means) and values.yaml (its default).
 * Called by: reference-pages.ts.
 *
 * CHR1 A value without an explanation, and an explanation without a value, is an error: neither file can grow alone.
 */
import { parse } from "yaml";

type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly string[];
};

const BEGIN = "<!-- Generated from values.schema.json and values.yaml by `npm run docs`; do not edit. -->";
const END = "<!-- End of the generated table. -->";
/** Only parent charts set it. */
const WITHOUT_DEFAULT = "global";

/** The page with its table of values written anew. Errors: CHR1. */
export function withValuesTable(page: string, schemaText: string, valuesText: string): string {
  const [before, rest] = [page.slice(0, page.indexOf(BEGIN)), page.slice(page.indexOf(END))];
  if (!page.includes(BEGIN) || !rest.startsWith(END)) throw new Error(`the chart's README has no line "${BEGIN}"`);
  const rows = rowsOf(JSON.parse(schemaText) as Schema, parse(valuesText), "");
  return `${before}${BEGIN}\n\n| value | default | means |\n|---|---|---|\n${rows.join("\n")}\n\n${rest}`;
}

function rowsOf(schema: Schema, values: unknown, path: string): string[] {
  const properties = schema.properties ?? {};
  const given = values as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((name) => properties[name] === undefined);
  if (unknown !== undefined) throw new Error(`values.schema.json says nothing of "${path}${unknown}"`);
  return Object.entries(properties).flatMap(([name, member]) => {
    const here = `${path}${name}`;
    if (member.description === undefined) throw new Error(`values.schema.json has no description of "${here}"`);
    if (here === WITHOUT_DEFAULT) return [];
    if (!(name in given)) throw new Error(`values.yaml has no default of "${here}"`);
    if (member.properties !== undefined) return rowsOf(member, given[name], `${here}.`);
    const choice = member.enum === undefined ? "" : ` One of ${member.enum.map((one) => `\`${one}\``).join(", ")}.`;
    // "Create it." alone would not say what.
    const what = name === "enabled" && schema.description !== undefined ? `${schema.description} ` : "";
    const means = `${what}${member.description}${choice}`.replaceAll("|", "\\|");
    return [`| \`${here}\` | \`${JSON.stringify(given[name])}\` | ${means} |`];
  });
}
