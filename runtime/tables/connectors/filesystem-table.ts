/**
 * Owns: the connector filesystem: lines of files as rows, rows as lines of part files, exactly once.
 */
import { filesSink, textFiles } from "../../connectors/files/index.ts";
import type { Sink, Source } from "../../ports/index.ts";
import { StreamError } from "../../../base/index.ts";
import { t } from "../../record/index.ts";
import { rowTypeOf, typeText } from "../../sql/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import { csvFormat } from "../formats/csv-format.ts";
import { type Decode, type Format, type FormatUse, RecordMisfit } from "../formats/format.ts";
import { jsonFormat } from "../formats/json-format.ts";
import { rawFormat } from "../formats/raw-format.ts";
import { decodedSource } from "../reading/decoded-source.ts";
import { wholeTable } from "../reading/whole-table.ts";
import type { TableColumn, TableSink, TableSource } from "../table-description.ts";
import { encoderOperator } from "../writing/encoder-operator.ts";
import {
  type ConnectorDefinition,
  type ConnectorUse,
  type MakeConnector,
  requireInserts,
  storedColumns,
} from "./connector.ts";
import { formatRow, parallelismRow } from "./option-rows.ts";

const formats: readonly Format[] = [csvFormat, jsonFormat, rawFormat];
const ROLL = "A part ends with each checkpoint, and at sink.rolling-policy.file-size.";

const rows: readonly OptionRow[] = [
  {
    name: "path",
    kind: "text",
    isRequired: true,
    meaning: "a folder; or, to be read, a file; `file:///…` or a path on the machines of the job",
  },
  formatRow("format", formats, true),
  {
    name: "source.monitor-interval",
    kind: "duration",
    meaning: "how often new files are looked for; without it the table ends behind the files that are there",
  },
  {
    name: "source.path.regex-pattern",
    kind: "text",
    meaning: "",
    instead: "Give the folder or the file itself as path.",
  },
  {
    name: "sink.rolling-policy.file-size",
    kind: "size",
    default: "128MB",
    meaning: "a part that is so long is closed, and another one begun",
  },
  { name: "sink.rolling-policy.rollover-interval", kind: "duration", meaning: "", instead: ROLL },
  { name: "sink.rolling-policy.check-interval", kind: "duration", meaning: "", instead: ROLL },
  {
    name: "auto-compaction",
    kind: "boolean",
    meaning: "",
    instead: "Take longer intervals between checkpoints, and with them larger files.",
  },
  {
    name: "compaction.*",
    kind: "text",
    meaning: "",
    instead: "Take longer intervals between checkpoints, and with them larger files.",
  },
  { name: "partition.*", kind: "text", meaning: "", instead: "Write a table for each partition." },
  { name: "sink.partition-commit.*", kind: "text", meaning: "", instead: "Write a table for each partition." },
  parallelismRow("scan"),
  parallelismRow("sink"),
];

export const filesystemDefinition: ConnectorDefinition = {
  name: "filesystem",
  example: `CREATE TABLE orders (
  id INT,
  user_name STRING,
  price DECIMAL(10, 2),
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH (
  'connector' = 'filesystem',
  'path' = '/data/orders',
  'format' = 'csv',
  'csv.field-delimiter' = ';'
)`,
  meaning:
    "Lines of text files, packed or not, each a row; files whose names begin with `.` or `_` are left out. Written are part files, exactly once: a part appears when its checkpoint is complete. Of `INSERT OVERWRITE` in batch mode all parts appear when all rows are there, and the files that the folder had then are gone; folders in it, and files whose names begin with `.` or `_`, stay.",
  isRead: true,
  isWritten: true,
  isLookedUp: true,
  rows,
  slots: [{ prefix: "", formats }],
  metadata: {},
};

export const makeFilesystem: MakeConnector = (use) => ({
  source: (places) => filesSource(use, places),
  lookup: ({ columns }) => {
    const { source } = filesSource(use, columns);
    if (source.boundedness === "bounded") return { kind: "loaded", load: (context) => wholeTable(source, context) };
    throw use.options.refuse(
      "source.monitor-interval",
      "a lookup reads the table whole when it begins, and this one has no end",
      "Take 'source.monitor-interval' out of the table that is looked up in.",
    );
  },
  sink: (changes) => {
    requireInserts(use, "filesystem", changes);
    return filesTableSink(use);
  },
  overwritingSink: (changes) => {
    requireInserts(use, "filesystem", changes);
    return filesTableSink(use, { overwrites: true });
  },
});

/** Errors: TableError, for raw bytes: lines are text. */
function formatOf({ table, options }: ConnectorUse): Format {
  const name = options.given("format");
  const binary = storedColumns(table).find(({ type }) => type.kind !== "varchar" && type.kind !== "char");
  if (name === "raw" && binary !== undefined)
    throw options.refuse(
      "format",
      `a line of a file is text, and the column ${binary.name} is ${typeText(binary.type)}`,
      "Declare it as STRING, and cast it in a computed column.",
    );
  return formats.find((format) => format.name === name) as Format;
}

const useOf = ({ table, options }: ConnectorUse, format: Format, read: readonly string[]): FormatUse => ({
  options,
  prefix: `${format.name}.`,
  columns: storedColumns(table),
  read,
});

/** A path of this machine. Errors: TableError. */
function pathOf({ options }: ConnectorUse): string {
  const path = options.given("path");
  if (path.trim() === "") throw options.refuse("path", "the option 'path' is empty", "Write a folder, or a file.");
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(path)?.[1]?.toLowerCase();
  if (scheme === undefined) return path;
  if (scheme !== "file")
    throw options.refuse(
      "path",
      `the path '${path}' is not of a file system that is mounted here`,
      "Write a path of the machines, or file:///….",
    );
  return decodeURIComponent(path.replace(/^file:(?:\/\/)?/i, ""));
}

function filesSource(use: ConnectorUse, places: readonly number[]): TableSource {
  const { table, options } = use;
  const columns = places.map((place) => table.columns[place] as TableColumn);
  const format = formatOf(use);
  const decode = readable(
    use,
    format.decoder(
      useOf(
        use,
        format,
        columns.map(({ name }) => name),
      ),
    ),
  );
  const every = options.milliseconds("source.monitor-interval");
  const records = textFiles({
    name: table.name,
    path: pathOf(use),
    ...(every === undefined ? {} : { monitorContinuously: every }),
  }) as Source<unknown> as Source<string>;
  return {
    source: decodedSource({ records, type: rowTypeOf(columns), decoder: () => decode }),
    changes: format.changes,
  };
}

/** What cannot be read fails the job, with what to do. */
function readable({ table, options }: ConnectorUse, decode: Decode): Decode {
  const format = options.given("format");
  const remedy =
    format === "raw"
      ? "mend the file"
      : `mend the file, or set '${format}.ignore-parse-errors' = 'true' to read such values as NULL`;
  return (record, take) => {
    try {
      decode(record, take);
    } catch (error) {
      if (!(error instanceof RecordMisfit)) throw error;
      throw new StreamError(
        "SOURCE_FAILED",
        `table ${table.name}: a record cannot be read: ${error.message}; ${remedy}`,
        {
          destiny: "terminal",
          cause: error,
        },
      );
    }
  };
}

function filesTableSink(use: ConnectorUse, how: { readonly overwrites?: true } = {}): TableSink {
  const { table, options } = use;
  const format = formatOf(use);
  const encode = format.encoder?.(useOf(use, format, []));
  if (encode === undefined)
    throw options.refuse("format", `the format ${format.name} is only read`, "Choose csv or json.");
  const rollBytes = options.bytes("sink.rolling-policy.file-size");
  return {
    encoder: encoderOperator(table, () => encode),
    recordType: t.any,
    sink: filesSink<string | Uint8Array>({
      name: table.name,
      directory: pathOf(use),
      format: (record) => record,
      ...(rollBytes === undefined ? {} : { rollBytes }),
      ...how,
    }) as Sink<unknown>,
    keyColumns: null,
  };
}
