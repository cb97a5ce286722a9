/** Owns: the format avro: records in Avro's binary form, with the schema that the columns have. */
import { rowKinds } from "../../record/index.ts";
import { loadKafka } from "../connectors/lazy-rooms.ts";
import type { OptionRow } from "../options/option-row.ts";
import { avroShape, type AvroShape } from "./avro-schema.ts";
import { type Format, type FormatUse, madeOf, RecordMisfit, type Row } from "./format.ts";

const MS_PER_DAY = 86_400_000;

const rows: readonly OptionRow[] = [
  {
    name: "timestamp_mapping.legacy",
    kind: "boolean",
    default: "true",
    meaning:
      "a TIMESTAMP is a `timestamp-millis`; otherwise a `local-timestamp-millis`. TIMESTAMP_LTZ is always a `timestamp-millis`",
  },
  {
    name: "codec",
    kind: "text",
    meaning: "",
    instead: "Records are not packed one by one: set 'properties.compression.type'.",
  },
];

export const avroFormat: Format = {
  name: "avro",
  meaning:
    "Avro's binary form, without a schema in front: reader and writer have the same columns, in the same order. The schema is the one that Flink derives from them.",
  rows,
  changes: "append",
  decoder: (use) => {
    const { schema, type, dates } = shapeOf(use);
    const { avroReader } = loadKafka();
    const read = avroReader(type, { schema });
    return (record, take) => {
      const bytes =
        typeof record === "string"
          ? Buffer.from(record, "utf8")
          : Buffer.from(record.buffer, record.byteOffset, record.byteLength);
      const value = readable(() => read(bytes));
      const row: Row = {};
      for (const name of use.read) row[name] = value[name];
      for (const name of dates)
        if (name in row && row[name] !== null) row[name] = new Date((row[name] as number) * MS_PER_DAY);
      take(row, rowKinds.insert);
    };
  },
  encoder: (use) => {
    const { schema, type, dates } = shapeOf(use);
    const write = loadKafka().avroValue(type, { schema });
    if (dates.length === 0) return write;
    return (row) => {
      const value = { ...row };
      for (const name of dates) if (row[name] !== null) value[name] = (row[name] as Date).getTime() / MS_PER_DAY;
      return write(value);
    };
  },
};

function shapeOf(use: FormatUse): AvroShape {
  const isLegacy = use.options.boolean(`${use.prefix}timestamp_mapping.legacy`);
  return madeOf(use, "avro", () => avroShape(use.columns, isLegacy));
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RecordMisfit(
      `it is not in Avro's form for these columns: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
