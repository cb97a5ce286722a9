/** Owns: the page of documentation that the tables of connectors, formats and their options give. */
import type { ConnectorDefinition } from "./connectors/connector.ts";
import type { Format } from "./formats/format.ts";
import type { OptionRow } from "./options/option-row.ts";
import { connectorDefinitions } from "./registry.ts";

/** Markdown, without a heading of the first level. */
export function describeConnectors(): string {
  const formats = new Map<string, Format>();
  for (const { slots } of connectorDefinitions)
    for (const slot of slots) for (const format of slot.formats) formats.set(format.name, format);
  return [
    ...connectorDefinitions.map(connectorText),
    "## Formats\n\nOptions begin with the format's name: `'csv.field-delimiter' = ';'`.",
    ...[...formats.values()].map(formatText),
  ].join("\n\n");
}

function connectorText({
  name,
  meaning,
  example,
  isRead,
  isWritten,
  rows,
  slots,
  metadata,
}: ConnectorDefinition): string {
  const use = isRead && isWritten ? "Read and written." : isRead ? "Only read." : "Only written.";
  const names = [...new Set(slots.flatMap(({ formats }) => formats.map((format) => `\`${format.name}\``)))];
  const keys = Object.entries(metadata).map(
    ([key, row]) =>
      `| \`${key}\` | \`${row.type}\` | ${row.isWritten ? "read and written" : "read (VIRTUAL)"} | ${row.meaning} |`,
  );
  return [
    `## ${name}`,
    `${meaning} ${use}${names.length === 0 ? "" : ` Formats: ${names.join(", ")}.`}`,
    ...(example === null ? [] : [`\`\`\`sql\n${example};\n\`\`\``]),
    ...optionsText(rows),
    ...(keys.length === 0 ? [] : [["| metadata | type | | |", "|---|---|---|---|", ...keys].join("\n")]),
  ].join("\n\n");
}

function formatText({ name, meaning, changes, encoder, rows }: Format): string {
  const use = encoder === null ? "Only read" : "Read and written";
  return [
    `### ${name}`,
    `${meaning} ${use}${changes === "append" ? "" : "; the table's rows change"}.`,
    ...optionsText(rows),
  ].join("\n\n");
}

function optionsText(rows: readonly OptionRow[]): string[] {
  const used = rows.filter(({ instead }) => instead === undefined);
  const refused = rows
    .filter(({ instead }) => instead !== undefined)
    .map(({ name, instead }) => `\`${name}\`: ${instead}`);
  const lines = used.map(({ name, kind, default: otherwise, isRequired, meaning }) => {
    const value = isRequired === true ? "required" : otherwise === undefined ? "" : `\`${otherwise}\``;
    return `| \`${name}\` | ${typeof kind === "string" ? kind : kind.map((each) => `\`${each}\``).join(", ")} | ${value} | ${meaning} |`;
  });
  return [
    ...(lines.length === 0 ? [] : [["| option | value | default | |", "|---|---|---|---|", ...lines].join("\n")]),
    ...(refused.length === 0 ? [] : [`Options of Flink that are refused: ${refused.join(" ")}`]),
  ];
}
