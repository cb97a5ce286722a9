/**
 * Owns: a table of the catalog as the CREATE TABLE that would make it, as it is after all that has altered it.
 *
 * SQZI1 Values of options that are secrets are not shown.
 */
import { expressionText } from "../syntax/query-text.ts";
import { nameText, stringText } from "../syntax/expression-text.ts";
import { typeText } from "../types/sql-type.ts";
import type { DefinedColumn, TableDefinition } from "./catalog.ts";
import { quoted } from "./names.ts";

/** Whether a text names a secret, as the key of an option does: SQZI1. */
export const namesSecret = (text: string): boolean => /password|secret|token|sasl\.jaas/i.test(text);

export function tableDefinitionText(name: string, definition: TableDefinition): string {
  const { columns, watermark, primaryKey, partitionedBy, options } = definition;
  const parts = columns.map(columnText);
  if (watermark !== null)
    parts.push(
      `WATERMARK FOR ${watermark.column.parts.map(nameText).join(".")} AS ${expressionText(watermark.strategy)}`,
    );
  if (primaryKey !== null) parts.push(`PRIMARY KEY (${primaryKey.columns.map(nameText).join(", ")}) NOT ENFORCED`);
  const partitions = partitionedBy.length === 0 ? "" : ` PARTITIONED BY (${partitionedBy.map(nameText).join(", ")})`;
  const shown = options.map(
    ({ key, value }) => `  ${stringText(key)} = ${stringText(namesSecret(key) ? "****" : value)}`,
  );
  const settings = shown.length === 0 ? "" : ` WITH (\n${shown.join(",\n")}\n)`;
  return `CREATE TABLE ${name} (\n${parts.map((part) => `  ${part}`).join(",\n")}\n)${partitions}${settings}`;
}

function columnText(column: DefinedColumn): string {
  const name = quoted(column.name.name);
  switch (column.kind) {
    case "physical":
      return `${name} ${typeText(column.type)}`;
    case "metadata": {
      const from = column.key === null ? "" : ` FROM ${stringText(column.key)}`;
      return `${name} ${typeText(column.type)} METADATA${from}${column.isVirtual ? " VIRTUAL" : ""}`;
    }
    default:
      return `${name} AS ${expressionText(column.value)}`;
  }
}
