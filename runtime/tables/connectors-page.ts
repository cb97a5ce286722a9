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
    `## What differs from Flink\n\n${differences.map((each) => `- ${each}`).join("\n")}`,
  ].join("\n\n");
}

/** Where the meaning is another one than Flink's, and why. */
const differences: readonly string[] = [
  "Options: what is unknown, and every Kafka property that the client does not have, is refused; Flink passes some on without effect. Parallelism is the job's, not a table's.",
  "A DECIMAL that does not fit its type, and a number with a fraction for a whole type, cannot be read; Flink's json makes NULL of the first and cuts the second.",
  "Lines: in `filesystem` a line is a record, so csv has no line ends inside of fields. Blank lines are left out. The `raw` format is of text there.",
  "`csv`: without `null-literal` an empty field of another type than text is NULL, as NULL is written; a quoted field is never the null literal.",
  "`datagen`: random values follow from the number of the row, so that a row is the same after a restart. Times are the exception.",
  "`kafka` begins at the offsets of `properties.group.id`, as in Flink, and at the earliest where the group has none.",
  "`upsert-kafka`, `mysql` and `redis` write of the rows of one key that come in one batch only the last. Results are the same; fewer versions are seen on the way.",
  "Rows of a query whose own key is not the table's: of each key of the table the last row that is still there is written, as Flink does by `table.exec.sink.upsert-materialize`, which here has no switch.",
  "`avro` has no DATE within other values, and no registry of schemas. `debezium-json` is only read.",
];

function connectorText({
  name,
  meaning,
  example,
  isRead,
  isWritten,
  isLookedUp,
  rows,
  slots,
  metadata,
}: ConnectorDefinition): string {
  const uses = [
    ...(isRead ? ["read"] : []),
    ...(isLookedUp === true ? ["looked up"] : []),
    ...(isWritten ? ["written"] : []),
  ];
  const use =
    uses.length === 1 ? `Only ${uses.join("")}.` : `${capitalized(uses.slice(0, -1).join(", "))} and ${uses.at(-1)}.`;
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

const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

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
