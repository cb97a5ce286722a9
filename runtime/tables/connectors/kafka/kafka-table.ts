/**
 * Owns: the connectors kafka and upsert-kafka: from topics to rows, and from rows to records.
 *
 * TBCA1 A record without a value is no row of kafka, and of upsert-kafka a row that is gone, with its key alone.
 * TBCA2 Rows of upsert-kafka are written by key, the last of each key of a batch; one that is gone is a record without a value.
 */
import type { KafkaRecord } from "../../../connectors/kafka/index.ts";
import type { Sink, Source } from "../../../ports/index.ts";
import { NO_TIMESTAMP, rowKinds, t } from "../../../record/index.ts";
import { rowTypeOf } from "../../../sql/index.ts";
import type { EncodedRecord, Row, TakeRow } from "../../formats/format.ts";
import { decodedSource } from "../../reading/decoded-source.ts";
import type { TableColumn, TableConnector, TableSink, TableSource } from "../../table-description.ts";
import { neutralValue } from "../../values/neutral-value.ts";
import { encoderOperator } from "../../writing/encoder-operator.ts";
import { keyedEncoderOperator } from "../../writing/keyed-encoder.ts";
import { type ConnectorUse, type MakeConnector, requireInserts, requireKey } from "../connector.ts";
import { loadKafka } from "../lazy-rooms.ts";
import {
  changesOf,
  keyAndValue,
  type KeyAndValue,
  keyDecoder,
  partEncoder,
  type Part,
  recordDecoder,
} from "./key-and-value.ts";
import { listed, plainFormats, positionsOf, valueFormats } from "./kafka-options.ts";
import { connectionOf } from "./kafka-properties.ts";

/** Rows of one record, with their kinds. */
type Rows = readonly (readonly [row: Row, kind: number])[];
type Read = (record: KafkaRecord) => Rows;

export const makeKafka: MakeConnector = (use) => {
  const { options } = use;
  if (options.text("format") === undefined && options.text("value.format") === undefined)
    throw options.refuse(
      "format",
      "the connector kafka needs the option 'format'",
      "Add 'format' = 'json' to WITH, or another format.",
    );
  if (options.isSet("format") && options.isSet("value.format"))
    throw options.refuse(
      "value.format",
      "there is both 'format' and 'value.format', which mean the same",
      "Take one of them out.",
    );
  const names = listed(options.text("key.fields"));
  if (names.length > 0 !== options.isSet("key.format"))
    throw options.refuse("key.format", "'key.format' and 'key.fields' belong together", "Give both, or none.");
  const parts = keyAndValue(use, names, valueFormats);
  return {
    source: (places) => kafkaTableSource(use, parts, columnsAt(use, places)),
    sink: (changes) => {
      requireInserts(use, "kafka", changes);
      const encode = recordEncoder(use, parts);
      return kafkaTableSink(
        use,
        encoderOperator(use.table, () => encode),
        parts.key === null ? null : names,
      );
    },
  };
};

export const makeUpsertKafka: MakeConnector = (use): TableConnector => {
  const keys = requireKey(use, "upsert-kafka");
  const parts = keyAndValue(use, keys, plainFormats);
  return {
    source: (places) => upsertSource(use, parts, columnsAt(use, places)),
    sink: () => {
      const encode = recordEncoder(use, parts);
      const encodeKey = partEncoder(use, parts.key as Part);
      const encoder = keyedEncoderOperator(
        use.table,
        () => (row, isDeleted) =>
          isDeleted ? { key: encodeKey(row), value: null, headers: null, timestamp: null } : encode(row),
      );
      return kafkaTableSink(use, encoder, keys);
    },
  };
};

const columnsAt = ({ table }: ConnectorUse, places: readonly number[]): readonly TableColumn[] =>
  places.map((place) => table.columns[place] as TableColumn);

function kafkaTableSource(use: ConnectorUse, parts: KeyAndValue, columns: readonly TableColumn[]): TableSource {
  const { options } = use;
  const changes = changesOf(parts);
  const source = rowsOfTopics(use, columns, {
    positions: positionsOf(options, listed(options.given("topic"))),
    rowsPerRecord: changes === "append" ? 1 : 2,
    read: recordRows(use, parts, columns),
  });
  return { source, changes };
}

/** The rows of a record of kafka. */
export function recordRows(use: ConnectorUse, parts: KeyAndValue, columns: readonly TableColumn[]): Read {
  const decode = recordDecoder<KafkaRecord>(use, parts, { columns, metadata: metadataOf });
  return (record) => (record.value === null ? [] : taken((take) => decode(record, take)));
}

function upsertSource(use: ConnectorUse, parts: KeyAndValue, columns: readonly TableColumn[]): TableSource {
  const group = use.options.text("properties.group.id");
  const source = rowsOfTopics(use, columns, {
    positions: { start: "earliest", ...(group === undefined ? {} : { group }) },
    rowsPerRecord: 1,
    read: lastRows(use, parts, columns),
  });
  return { source, changes: "upsert" };
}

/** The rows of a record of upsert-kafka (TBCA1). */
export function lastRows(use: ConnectorUse, parts: KeyAndValue, columns: readonly TableColumn[]): Read {
  const decode = recordDecoder<KafkaRecord>(use, parts, { columns, metadata: metadataOf });
  const key = parts.key as Part;
  const keyColumns = columns.filter(({ name }) => key.columns.some((column) => column.name === name));
  const readKey = keyDecoder(use, key, keyColumns);
  const neutral = columns.map(({ name, type }) => [name, type.isNullable ? null : neutralValue(type)] as const);
  return (record) => {
    if (record.value !== null) return taken((take) => decode(record, take));
    return [[{ ...Object.fromEntries(neutral), ...readKey(record.key) }, rowKinds.delete]];
  };
}

/** What was taken during the call. */
function taken(decode: (take: TakeRow) => void): Rows {
  const rows: (readonly [Row, number])[] = [];
  decode((row, kind) => void rows.push([row, kind]));
  return rows;
}

type Reading = {
  readonly positions: ReturnType<typeof positionsOf>;
  readonly rowsPerRecord: number;
  readonly read: Read;
};

function rowsOfTopics(
  { table, options }: ConnectorUse,
  columns: readonly TableColumn[],
  { positions, rowsPerRecord, read }: Reading,
): Source<unknown> {
  const { kafkaSource, recordFormat } = loadKafka();
  const discoveryMs = options.milliseconds("scan.topic-partition-discovery.interval");
  const records = kafkaSource<Rows>({
    ...connectionOf(options),
    ...positions,
    name: table.name,
    topics: listed(options.given("topic")),
    format: recordFormat(t.anyOf<Rows>(), read),
    isolation: options.given("properties.isolation.level") as "read_committed",
    fetchBytes: Number(options.given("properties.max.partition.fetch.bytes")),
    partitionDiscovery: discoveryMs === 0 || discoveryMs === undefined ? "once" : discoveryMs,
  });
  const decoder = () => (rows: Rows, take: TakeRow) => {
    for (const [row, kind] of rows) take(row, kind);
  };
  return decodedSource<Rows>({
    records: records as Source<unknown> as Source<Rows>,
    type: rowTypeOf(columns),
    decoder,
    rowsPerRecord,
  });
}

function metadataOf({ metadata }: TableColumn): (record: KafkaRecord) => unknown {
  switch (metadata) {
    case "topic":
      return ({ topic }) => topic;
    case "partition":
      return ({ partition }) => partition;
    case "offset":
      return ({ offset }) => BigInt(offset);
    case "timestamp":
      return ({ timestamp }) => timestamp;
    default:
      return ({ headers }) => new Map(headers.map(([name, value]) => [name, bytesOf(value)]));
  }
}

/** A copy, as what was fetched is used again (KFO2). */
function bytesOf(value: Uint8Array | string | null): Uint8Array | null {
  if (value === null) return null;
  return typeof value === "string" ? new Uint8Array(Buffer.from(value)) : new Uint8Array(value);
}

/** What the sink takes. */
type Outgoing = {
  readonly key: EncodedRecord | null;
  readonly value: EncodedRecord | null;
  readonly headers: ReadonlyMap<string, Uint8Array> | null;
  readonly timestamp: number | null;
};

function recordEncoder(use: ConnectorUse, { key, value }: KeyAndValue): (row: Row) => Outgoing {
  const encodeKey = key === null ? null : partEncoder(use, key);
  const encodeValue = partEncoder(use, value);
  const nameOf = (metadata: string): string | undefined =>
    use.table.columns.find((column) => column.metadata === metadata)?.name;
  const [headers, timestamp] = [nameOf("headers"), nameOf("timestamp")];
  return (row) => ({
    key: encodeKey?.(row) ?? null,
    value: encodeValue(row),
    headers: headers === undefined ? null : (row[headers] as Outgoing["headers"]),
    timestamp: timestamp === undefined ? null : (row[timestamp] as number | null),
  });
}

function kafkaTableSink(
  { table, options }: ConnectorUse,
  encoder: TableSink["encoder"],
  keyColumns: readonly string[] | null,
): TableSink {
  const topics = listed(options.given("topic"));
  const [topic] = topics;
  if (topic === undefined || topics.length > 1)
    throw options.refuse("topic", `rows are written to one topic, and 'topic' names ${topics.length}`, "Name one.");
  const prefix = options.text("sink.transactional-id-prefix");
  const sink = loadKafka().kafkaSink<Outgoing>({
    ...connectionOf(options),
    name: table.name,
    topic,
    key: ({ key }) => key,
    value: ({ value }) => value,
    headers: ({ headers }) => Object.fromEntries(headers ?? []),
    timestamp: ({ timestamp }) => timestamp ?? NO_TIMESTAMP,
    guarantee: options.given("sink.delivery-guarantee") as "at-least-once",
    compression: options.given("properties.compression.type") as "none",
    batchBytes: Number(options.given("properties.batch.size")),
    linger: Number(options.given("properties.linger.ms")),
    deliveryTimeout: Number(options.given("properties.delivery.timeout.ms")),
    transactionTimeout: Number(options.given("properties.transaction.timeout.ms")),
    ...(prefix === undefined ? {} : { transactionalIdPrefix: prefix }),
  });
  return { encoder, recordType: t.any, sink: sink as Sink<unknown>, keyColumns };
}
