/** Owns: options that several connectors have. */
import { type OptionRow, prefixed } from "../options/option-row.ts";
import type { Format } from "../formats/format.ts";
import type { FormatSlots } from "./connector.ts";

const PARALLELISM = "Set the job's parallelism: SET 'parallelism.default' = '4'.";

export const parallelismRow = (side: "scan" | "sink"): OptionRow => ({
  name: `${side}.parallelism`,
  kind: "whole number",
  meaning: "",
  instead: PARALLELISM,
});

/** The option that names the format of a slot. */
export const formatRow = (name: string, formats: readonly Format[], isRequired: boolean): OptionRow => ({
  name,
  kind: formats.map((format) => format.name),
  ...(isRequired ? { isRequired: true as const } : {}),
  meaning: `one of ${formats.map((format) => `\`${format.name}\``).join(", ")}`,
});

/** The options of the formats that a table has chosen. */
export const formatRows = (slots: FormatSlots, options: Readonly<Record<string, string>>): readonly OptionRow[] =>
  slots.flatMap(({ prefix, formats }) => {
    const chosen = formats.find(({ name }) => name === options[`${prefix}format`]);
    return chosen === undefined ? [] : prefixed(`${prefix}${chosen.name}.`, chosen.rows);
  });
