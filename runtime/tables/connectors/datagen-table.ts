/**
 * Owns: the connector datagen: rows by their numbers, at a rate, for ever or so many.
 */
import { generatorSource } from "../../connectors/basic/index.ts";
import type { ReaderContext, Source } from "../../ports/index.ts";
import { rowTypeOf } from "../../sql/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import type { TableColumn, TableSource } from "../table-description.ts";
import { TableError } from "../table-error.ts";
import type { ConnectorDefinition, ConnectorUse, MakeConnector } from "./connector.ts";
import { columnGenerator, sequenceRows } from "./datagen-values.ts";
import { parallelismRow } from "./option-rows.ts";

const rows: readonly OptionRow[] = [
  { name: "rows-per-second", kind: "whole number", default: "10000", meaning: "of the whole source" },
  {
    name: "number-of-rows",
    kind: "whole number",
    meaning: "the table ends after so many; otherwise it has no end, unless a sequence has one",
  },
  parallelismRow("scan"),
  {
    name: "fields.#.kind",
    kind: ["random", "sequence"],
    default: "random",
    meaning: "of the column `#`: random values, or one number after the other, from `start` to `end`",
  },
  {
    name: "fields.#.min",
    kind: "text",
    meaning: "least random value; the least of the type, for DECIMAL, FLOAT and DOUBLE 0",
  },
  {
    name: "fields.#.max",
    kind: "text",
    meaning: "greatest random value; the greatest of the type, for FLOAT and DOUBLE 1",
  },
  {
    name: "fields.#.max-past",
    kind: "duration",
    default: "0",
    meaning: "of times: how far in the past a random one may be; 0: now",
  },
  {
    name: "fields.#.length",
    kind: "whole number",
    meaning: "of strings, bytes and collections; 100 where the type says nothing, 3 for collections",
  },
  { name: "fields.#.var-len", kind: "boolean", default: "false", meaning: "lengths are random, up to `length`" },
  { name: "fields.#.start", kind: "whole number", meaning: "of a sequence: its first value" },
  { name: "fields.#.end", kind: "whole number", meaning: "of a sequence: its last value; the table ends behind it" },
  { name: "fields.#.null-rate", kind: "text", default: "0", meaning: "the share of NULLs, from 0 to 1" },
];

export const datagenDefinition: ConnectorDefinition = {
  name: "datagen",
  example: `CREATE TABLE orders (
  id BIGINT,
  price DECIMAL(10, 2),
  word STRING,
  ts AS PROCTIME()
) WITH (
  'connector' = 'datagen',
  'rows-per-second' = '100',
  'fields.id.kind' = 'sequence',
  'fields.id.start' = '1',
  'fields.id.end' = '1000',
  'fields.price.min' = '1',
  'fields.price.max' = '100',
  'fields.word.length' = '5'
)`,
  meaning:
    "Makes rows: random ones, or numbers one after the other. A row is the same after a restart, but for times, which are of the clock.",
  isRead: true,
  isWritten: false,
  rows,
  slots: [],
  metadata: {},
};

export const makeDatagen: MakeConnector = (use) => {
  checkFields(use);
  return { source: (places) => datagenSource(use, places) };
};

function datagenSource({ table, options }: ConnectorUse, places: readonly number[]): TableSource {
  const columns = places.map((place) => table.columns[place] as TableColumn);
  const names = table.columns.map(({ name }) => name);
  const given = options.number("number-of-rows");
  const sequence = sequenceRows(names, options);
  const count = given === undefined ? sequence : Math.min(given, sequence ?? given);
  const type = rowTypeOf(columns);
  // A row takes what the reader's clock says, so its generator is made with the reader.
  const sourceOf = (clock: ReaderContext<unknown>["clock"]): Source<unknown> => {
    const makers = columns.map((column) => ({
      name: column.name,
      make: columnGenerator({ ...column, options, clock }),
    }));
    return generatorSource<unknown>({
      name: table.name,
      type,
      ratePerSecond: options.number("rows-per-second"),
      ...(count === null ? {} : { count }),
      generate: (row) => {
        const made: Record<string, unknown> = {};
        for (const { name, make } of makers) made[name] = make(row);
        return made;
      },
    }) as Source<unknown>;
  };
  const planned = sourceOf({ nowMs: () => 0 } as ReaderContext<unknown>["clock"]);
  return {
    source: { ...planned, createReader: (context) => sourceOf(context.clock).createReader(context) },
    changes: "append",
  };
}

const FIELD_OPTION = /^fields\.(.+)\.[a-z-]+$/;

/** Options of fields name columns, or parts of them. */
function checkFields({ table, options }: ConnectorUse): void {
  const names = table.columns.map(({ name }) => name);
  for (const option of Object.keys(table.options)) {
    const field = FIELD_OPTION.exec(option)?.[1];
    if (field === undefined || names.some((name) => field === name || field.startsWith(`${name}.`))) continue;
    throw options.refuse(
      option,
      `the option '${option}' is of no column of the table`,
      `Its columns are ${names.join(", ")}.`,
    );
  }
  for (const [option, text] of Object.entries(table.options)) {
    if (/\.(?:min|max|null-rate)$/.test(option) && !Number.isFinite(Number(text.trim() === "" ? "x" : text)))
      throw options.refuse(option, `the option '${option}' is '${text}'`, "Write a number.");
    if (option.endsWith(".null-rate") && (Number(text) < 0 || Number(text) > 1))
      throw options.refuse(option, `the option '${option}' is '${text}'`, "Write a share from 0 to 1.");
  }
  if ((options.number("rows-per-second") ?? 1) <= 0)
    throw new TableError(table.name, {
      message: "rows-per-second is not above 0",
      remedy: "Write a whole number from 1.",
      option: "rows-per-second",
    });
}
