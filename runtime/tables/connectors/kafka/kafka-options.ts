/**
 * Owns: the options and metadata of kafka and upsert-kafka, and where reading begins and ends.
 */
import type { KafkaOffsets, KafkaPosition, KafkaSourceOptions } from "../../../connectors/kafka/index.ts";
import { avroFormat } from "../../formats/avro-format.ts";
import { csvFormat } from "../../formats/csv-format.ts";
import { debeziumJsonFormat } from "../../formats/debezium-json-format.ts";
import type { Format } from "../../formats/format.ts";
import { jsonFormat } from "../../formats/json-format.ts";
import { rawFormat } from "../../formats/raw-format.ts";
import type { OptionRow } from "../../options/option-row.ts";
import type { TableOptions } from "../../options/table-options.ts";
import { MILLISECOND_DIGITS } from "../../values/time-text.ts";
import type { MetadataRow } from "../connector.ts";
import { formatRow, parallelismRow } from "../option-rows.ts";
import { connectionRows, otherProperties, sinkRows, sourceRows } from "./kafka-properties.ts";

export const plainFormats: readonly Format[] = [jsonFormat, csvFormat, avroFormat, rawFormat];
export const valueFormats: readonly Format[] = [...plainFormats, debeziumJsonFormat];

const topicRow: OptionRow = {
  name: "topic",
  kind: "text",
  isRequired: true,
  meaning: "the topic; to be read, several with `;` between them",
};
const includeRow: OptionRow = {
  name: "value.fields-include",
  kind: ["ALL", "EXCEPT_KEY"],
  default: "ALL",
  meaning: "whether columns of the key are in the value, too",
};
const prefixRow: OptionRow = {
  name: "key.fields-prefix",
  kind: "text",
  meaning: "what the names of the key's columns begin with in the table, and not in the key; with `EXCEPT_KEY`",
};

const guaranteeRows: readonly OptionRow[] = [
  {
    name: "sink.delivery-guarantee",
    kind: ["at-least-once", "exactly-once", "none"],
    default: "at-least-once",
    meaning: "`exactly-once`: readers of committed records see each record once, when its checkpoint is complete",
  },
  {
    name: "sink.transactional-id-prefix",
    kind: "text",
    meaning:
      "exactly once: unique among the jobs of the Kafka cluster; otherwise it is made of the job's name and the sink",
  },
  parallelismRow("sink"),
  parallelismRow("scan"),
];

const discoveryRow: OptionRow = {
  name: "scan.topic-partition-discovery.interval",
  kind: "duration",
  default: "5 min",
  meaning: "how often added partitions are looked for; 0: only at the start",
};

export const kafkaRows: readonly OptionRow[] = [
  topicRow,
  { name: "topic-pattern", kind: "text", meaning: "", instead: "Name the topics in 'topic', with ; between them." },
  ...connectionRows,
  formatRow("format", valueFormats, false),
  {
    ...formatRow("value.format", valueFormats, false),
    meaning: "the same as `format`; its options begin with `value.`",
  },
  { ...formatRow("key.format", plainFormats, false), meaning: "of the key; its options begin with `key.`" },
  { name: "key.fields", kind: "text", meaning: "the columns of the key, with `;` between them" },
  prefixRow,
  includeRow,
  {
    name: "scan.startup.mode",
    kind: ["earliest-offset", "latest-offset", "group-offsets", "timestamp", "specific-offsets"],
    default: "group-offsets",
    meaning: "where reading begins when the job has no state; `group-offsets` needs `properties.group.id`",
  },
  { name: "scan.startup.specific-offsets", kind: "text", meaning: "`partition:0,offset:42;partition:1,offset:300`" },
  { name: "scan.startup.timestamp-millis", kind: "whole number", meaning: "epoch milliseconds" },
  {
    name: "scan.bounded.mode",
    kind: ["unbounded", "latest-offset", "timestamp", "specific-offsets"],
    default: "unbounded",
    meaning: "where reading ends; `latest-offset`: where the topics end when the job starts",
  },
  { name: "scan.bounded.specific-offsets", kind: "text", meaning: "as `scan.startup.specific-offsets`" },
  { name: "scan.bounded.timestamp-millis", kind: "whole number", meaning: "epoch milliseconds" },
  discoveryRow,
  ...sourceRows,
  {
    name: "sink.partitioner",
    kind: ["default"],
    default: "default",
    meaning: "by the key, as Kafka's own producers do; without a key evenly",
  },
  ...guaranteeRows,
  ...sinkRows,
  otherProperties,
];

const BUFFER = "Take it out: of the rows of one key that come together only the last is written.";

export const upsertRows: readonly OptionRow[] = [
  topicRow,
  ...connectionRows,
  {
    ...formatRow("key.format", plainFormats, true),
    meaning: "of the key, which is the PRIMARY KEY; its options begin with `key.`",
  },
  { ...formatRow("value.format", plainFormats, true), meaning: "of the value; its options begin with `value.`" },
  prefixRow,
  includeRow,
  discoveryRow,
  ...sourceRows,
  ...guaranteeRows,
  ...sinkRows,
  { name: "sink.buffer-flush.*", kind: "text", meaning: "", instead: BUFFER },
  otherProperties,
];

export const kafkaMetadata: Readonly<Record<string, MetadataRow>> = {
  topic: {
    type: "STRING NOT NULL",
    isWritten: false,
    meaning: "the record's topic",
    fits: ({ kind }) => kind === "varchar",
  },
  partition: { type: "INT NOT NULL", isWritten: false, meaning: "its partition", fits: ({ kind }) => kind === "int" },
  offset: {
    type: "BIGINT NOT NULL",
    isWritten: false,
    meaning: "its place in the partition",
    fits: ({ kind }) => kind === "bigint",
  },
  timestamp: {
    type: "TIMESTAMP_LTZ(3)",
    isWritten: true,
    meaning: "its time; written, when it is not NULL, instead of that of writing",
    fits: (type) => type.kind === "timestamp_ltz" && type.precision === MILLISECOND_DIGITS,
  },
  headers: {
    type: "MAP<STRING, BYTES>",
    isWritten: true,
    meaning: "its headers; of two of one name the last",
    fits: (type) => type.kind === "map" && type.key.kind === "varchar" && type.value.kind === "varbinary",
  },
};

/** `a;b`. */
export const listed = (text: string | undefined): readonly string[] =>
  (text ?? "")
    .split(";")
    .map((each) => each.trim())
    .filter((each) => each !== "");

type Positions = Pick<KafkaSourceOptions<unknown>, "start" | "end" | "group">;

/** Errors: TableError. */
export function positionsOf(options: TableOptions, topics: readonly string[]): Positions {
  const group = options.text("properties.group.id");
  const ofGroup = group === undefined ? {} : { group };
  const mode = options.given("scan.startup.mode");
  const end = endOf(options, topics);
  const bounded = end === null ? {} : { end };
  if (mode !== "group-offsets") return { ...ofGroup, ...bounded, start: startOf(options, mode, topics) };
  if (group === undefined)
    throw options.refuse(
      "scan.startup.mode",
      "reading is to begin at the offsets of a group, and there is no option 'properties.group.id'",
      "Give the group, or another 'scan.startup.mode', such as 'earliest-offset'.",
    );
  return { ...ofGroup, ...bounded, start: "committed" };
}

function startOf(options: TableOptions, mode: string, topics: readonly string[]): KafkaPosition {
  switch (mode) {
    case "latest-offset":
      return "latest";
    case "timestamp":
      return { timestamp: requiredNumber(options, "scan.startup.timestamp-millis") };
    case "specific-offsets":
      return { offsets: offsetsOf(options, "scan.startup.specific-offsets", topics) };
    default:
      return "earliest";
  }
}

function endOf(options: TableOptions, topics: readonly string[]): Exclude<KafkaPosition, "earliest"> | null {
  switch (options.given("scan.bounded.mode")) {
    case "latest-offset":
      return "latest";
    case "timestamp":
      return { timestamp: requiredNumber(options, "scan.bounded.timestamp-millis") };
    case "specific-offsets":
      return { offsets: offsetsOf(options, "scan.bounded.specific-offsets", topics), otherwise: "latest" };
    default:
      return null;
  }
}

function requiredNumber(options: TableOptions, name: string): number {
  const value = options.number(name);
  if (value !== undefined) return value;
  throw options.refuse(name, `the mode 'timestamp' needs the option '${name}'`, "Give epoch milliseconds.");
}

const OFFSET = /^partition:(\d+),offset:(\d+)$/;

function offsetsOf(options: TableOptions, name: string, topics: readonly string[]): KafkaOffsets {
  const written = listed(options.text(name));
  const [topic, second] = topics;
  if (second !== undefined || topic === undefined)
    throw options.refuse(
      name,
      "offsets of partitions are given, and there are several topics",
      "Name one topic, or another mode.",
    );
  const offsets = written.map((each) => {
    const [, partition, offset] = OFFSET.exec(each.replace(/\s/g, "")) ?? [];
    if (partition === undefined)
      throw options.refuse(
        name,
        `'${each}' is no offset of a partition`,
        "Write 'partition:0,offset:42;partition:1,offset:300'.",
      );
    return [Number(partition), Number(offset)] as const;
  });
  if (offsets.length === 0)
    throw options.refuse(
      name,
      `the mode 'specific-offsets' needs the option '${name}'`,
      "Write 'partition:0,offset:42;partition:1,offset:300'.",
    );
  return { [topic]: Object.fromEntries(offsets) };
}
