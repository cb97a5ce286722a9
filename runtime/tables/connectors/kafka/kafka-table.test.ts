import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KafkaRecord } from "../../../connectors/kafka/index.ts";
import { rowKinds } from "../../../record/index.ts";
import type { SqlType } from "../../../sql/index.ts";
import { TableOptions } from "../../options/table-options.ts";
import { checkTableOptions, tableConnector } from "../../registry.ts";
import type { TableColumn, TableDescription } from "../../table-description.ts";
import { TableError } from "../../table-error.ts";
import { encodedRows, notNull, sql, tableOf } from "../../tables.test-support.ts";
import type { ConnectorUse } from "../connector.ts";
import { formatRows } from "../option-rows.ts";
import { keyAndValue } from "./key-and-value.ts";
import { kafkaDefinition, upsertKafkaDefinition } from "./kafka-definition.ts";
import { listed, plainFormats, positionsOf, valueFormats } from "./kafka-options.ts";
import { connectionOf } from "./kafka-properties.ts";
import { lastRows, recordRows } from "./kafka-table.ts";

type Options = Readonly<Record<string, string>>;
type Types = Readonly<Record<string, SqlType>>;

const servers = { topic: "orders", "properties.bootstrap.servers": "localhost:9092" };
const kafka = { connector: "kafka", ...servers, "scan.startup.mode": "earliest-offset" };
const upsert = { connector: "upsert-kafka", ...servers, "key.format": "json", "value.format": "json" };

function useOf(table: TableDescription, definition = kafkaDefinition): ConnectorUse {
  const rows = [...definition.rows, ...formatRows(definition.slots, table.options)];
  return { table, options: new TableOptions(table, definition.name, rows) };
}

const optionsOf = (options: Options): TableOptions =>
  useOf(tableOf({ a: sql.int }, { ...kafka, format: "json", ...options })).options;

function record(key: string | null, value: string | null, headers: KafkaRecord["headers"] = []): KafkaRecord {
  const bytes = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text));
  return { topic: "orders", partition: 2, offset: 17, timestamp: 1000, key: bytes(key), value: bytes(value), headers };
}

describe("kafka as a table", () => {
  const columns: readonly TableColumn[] = [
    { name: "k_id", type: sql.int, metadata: null },
    { name: "price", type: sql.decimal(10, 2), metadata: null },
    { name: "at", type: notNull(sql.instant(3)), metadata: "timestamp" },
    { name: "part", type: notNull(sql.int), metadata: "partition" },
    { name: "offset", type: notNull(sql.bigint), metadata: null },
    { name: "place", type: notNull(sql.bigint), metadata: "offset" },
    { name: "headers", type: sql.map(sql.string, sql.bytes), metadata: "headers" },
  ];
  const options = {
    ...kafka,
    "key.format": "json",
    "key.fields": "k_id",
    "key.fields-prefix": "k_",
    "value.format": "csv",
    "value.fields-include": "EXCEPT_KEY",
  };
  const table: TableDescription = { name: "orders", columns, primaryKey: [], options };

  it("TBCU1: a row has the columns of key, value and metadata, in the order that is asked for", () => {
    const use = useOf(table);
    const parts = keyAndValue(use, ["k_id"], valueFormats);
    const read = recordRows(use, parts, columns);
    const row = {
      k_id: 7,
      price: 1250n,
      at: 1000,
      part: 2,
      offset: 5n,
      place: 17n,
      headers: new Map([["h", Uint8Array.of(97)]]),
    };
    const incoming = record('{"id":7}', "12.5,5", [["h", Buffer.from("a")]]);
    assert.deepEqual(read(incoming), [[row, 0]]);
    assert.equal(
      JSON.stringify(Object.keys(read(incoming)[0]?.[0] ?? {})),
      JSON.stringify(columns.map(({ name }) => name)),
    );
    const some = [columns[2], columns[0]] as TableColumn[];
    assert.equal(JSON.stringify(recordRows(use, parts, some)(incoming)), '[[{"at":1000,"k_id":7},0]]');
    assert.deepEqual(recordRows(use, parts, [columns[0] as TableColumn])(record(null, "1,2")), [[{ k_id: null }, 0]]);
  });

  it("TBCA1: a record without a value is no row", () => {
    const use = useOf(tableOf({ a: sql.int }, { ...kafka, format: "json" }));
    assert.deepEqual(recordRows(use, keyAndValue(use, [], valueFormats), use.table.columns)(record("k", null)), []);
  });

  it("writes key, value and metadata, and refuses metadata that is only read", () => {
    const written = columns.filter(({ name }) => !["part", "place"].includes(name));
    const sink = tableConnector({ ...table, columns: written }).sink?.("append");
    const row = { k_id: 7, price: 1250n, at: 5, offset: 5n, headers: new Map([["h", Uint8Array.of(97)]]) };
    assert.deepEqual(encodedRows(sink, written, [[row, 0]]), [
      { key: '{"id":7}', value: "12.50,5", headers: row.headers, timestamp: 5 },
    ]);
    assert.throws(
      () => tableConnector(table).sink?.("append"),
      /the metadata 'partition' is only read. Declare the column part as VIRTUAL/,
    );
  });

  it("reads changes of debezium-json, and says that its rows change", () => {
    const connector = tableConnector(tableOf({ a: sql.int }, { ...kafka, format: "debezium-json" }));
    assert.equal(connector.source?.([0]).changes, "retract");
    assert.throws(() => connector.sink?.("append"), /the format debezium-json is only read/);
    assert.equal(tableConnector(tableOf({ a: sql.int }, { ...kafka, format: "json" })).source?.([0]).changes, "append");
  });

  it("is bounded where it has an end, and exactly once where it is to be", () => {
    const bounded = tableConnector(
      tableOf({ a: sql.int }, { ...kafka, format: "json", "scan.bounded.mode": "latest-offset" }),
    );
    assert.equal(bounded.source?.([0]).source.boundedness, "bounded");
    const exact = tableConnector(
      tableOf({ a: sql.int }, { ...kafka, format: "json", "sink.delivery-guarantee": "exactly-once" }),
    );
    assert.equal(exact.sink?.("append").sink.guarantee, "exactly-once");
    assert.equal(bounded.sink?.("append").sink.guarantee, "at-least-once");
    assert.throws(() => bounded.sink?.("retract"), /the connector kafka only appends/);
  });

  it("refuses keys without a format, prefixes of nothing, and two formats", () => {
    const refused: readonly (readonly [Options, RegExp])[] = [
      [{}, /needs the option 'format'/],
      [{ format: "json", "value.format": "json" }, /there is both 'format' and 'value.format'/],
      [{ format: "json", "key.fields": "a" }, /'key.format' and 'key.fields' belong together/],
      [{ format: "json", "key.fields": "x", "key.format": "raw" }, /the table has no column x for the key/],
      [
        { format: "json", "key.fields": "a", "key.format": "raw", "key.fields-prefix": "k_" },
        /does not begin with 'k_'/,
      ],
      [
        { format: "json", "key.fields": "a", "key.format": "raw", "key.fields-prefix": "a" },
        /Add 'value.fields-include' = 'EXCEPT_KEY'/,
      ],
      [{ format: "json", "properties.max.poll.records": "5" }, /the client has no such setting/],
    ];
    for (const [more, expected] of refused)
      assert.throws(() => tableConnector(tableOf({ a: sql.int }, { ...kafka, ...more })), expected);
    assert.throws(
      () => checkTableOptions(tableOf({ a: sql.int }, { connector: "kafka", format: "json", topic: "a" })),
      /properties.bootstrap.servers/,
    );
  });
});

describe("where reading of kafka begins and ends", () => {
  const positions = (options: Options, topics = ["orders"]) => positionsOf(optionsOf(options), topics);

  it("follows scan.startup.mode and scan.bounded.mode", () => {
    assert.deepEqual(positions({}), { start: "earliest" });
    assert.deepEqual(positions({ "scan.startup.mode": "latest-offset", "properties.group.id": "g" }), {
      group: "g",
      start: "latest",
    });
    assert.deepEqual(positions({ "scan.startup.mode": "group-offsets", "properties.group.id": "g" }), {
      group: "g",
      start: "committed",
    });
    assert.deepEqual(positions({ "scan.startup.mode": "timestamp", "scan.startup.timestamp-millis": "5" }), {
      start: { timestamp: 5 },
    });
    assert.deepEqual(
      positions({
        "scan.startup.mode": "specific-offsets",
        "scan.startup.specific-offsets": "partition:0,offset:42; partition:1,offset:300",
        "scan.bounded.mode": "specific-offsets",
        "scan.bounded.specific-offsets": "partition:0,offset:50",
      }),
      {
        start: { offsets: { orders: { 0: 42, 1: 300 } } },
        end: { offsets: { orders: { 0: 50 } }, otherwise: "latest" },
      },
    );
  });

  it("refuses a mode without what it needs", () => {
    assert.throws(
      () => positions({ "scan.startup.mode": "group-offsets" }),
      /there is no option 'properties.group.id'/,
    );
    assert.throws(
      () => positions({ "scan.startup.mode": "timestamp" }),
      /needs the option 'scan.startup.timestamp-millis'/,
    );
    assert.throws(
      () => positions({ "scan.startup.mode": "specific-offsets" }),
      /needs the option 'scan.startup.specific-offsets'/,
    );
    const offsets = { "scan.startup.mode": "specific-offsets", "scan.startup.specific-offsets": "0:42" };
    assert.throws(() => positions(offsets), /'0:42' is no offset of a partition/);
    assert.throws(() => positions(offsets, ["a", "b"]), /there are several topics/);
    assert.deepEqual(listed(" a ; b;"), ["a", "b"]);
  });
});

describe("how kafka is reached", () => {
  it("Kafka's names of settings become those of the client, and passwords are taken out of the JAAS text", () => {
    assert.deepEqual(connectionOf(optionsOf({})), {
      brokers: "localhost:9092",
      clientId: "streamjob",
      requestTimeout: 30_000,
    });
    const jaas = `org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="a\\"b";`;
    const sasl = connectionOf(
      optionsOf({
        "properties.security.protocol": "SASL_SSL",
        "properties.sasl.mechanism": "SCRAM-SHA-256",
        "properties.sasl.jaas.config": jaas,
        "properties.ssl.truststore.certificates": "PEM",
      }),
    );
    assert.deepEqual(sasl.sasl, { mechanism: "scram-sha-256", username: "me", password: 'a"b' });
    assert.deepEqual(sasl.tls, { ca: "PEM" });
    assert.equal(connectionOf(optionsOf({ "properties.security.protocol": "SSL" })).tls, true);
  });

  it("a missing password and a file that is no PEM are refused, and no message has the password", () => {
    const login = {
      "properties.security.protocol": "SASL_PLAINTEXT",
      "properties.sasl.jaas.config": 'required password="secret";',
    };
    assert.throws(
      () => connectionOf(optionsOf(login)),
      (error) =>
        error instanceof TableError &&
        /with username and password/.test(error.message) &&
        !error.message.includes("secret"),
    );
    const store = { "properties.security.protocol": "SSL", "properties.ssl.truststore.location": "/nowhere.jks" };
    assert.throws(() => connectionOf(optionsOf(store)), /the file '\/nowhere.jks' cannot be read/);
  });
});

describe("upsert-kafka as a table", () => {
  const types: Types = {
    id: notNull(sql.int),
    name: notNull(sql.string),
    at: notNull(sql.timestamp(3)),
    note: sql.string,
  };
  const table = tableOf(types, upsert, ["id"]);

  it("TBCA1: a record without a value is a row that is gone, with its key", () => {
    const use = useOf(table, upsertKafkaDefinition);
    const read = lastRows(use, keyAndValue(use, ["id"], plainFormats), table.columns);
    assert.deepEqual(read(record('{"id":7}', null)), [[{ id: 7, name: "", at: 0, note: null }, rowKinds.delete]]);
    const value = '{"id":7,"name":"a","at":"1970-01-01 00:00:01","note":null}';
    assert.deepEqual(read(record('{"id":7}', value)), [[{ id: 7, name: "a", at: 1000, note: null }, rowKinds.insert]]);
    assert.equal(tableConnector(table).source?.([0, 1, 2, 3]).changes, "upsert");
  });

  it("TBCA2: writes the last row of each key of a batch, and no value where it is gone", () => {
    const sink = tableConnector(table).sink?.("retract");
    assert.deepEqual(sink?.keyColumns, ["id"]);
    const row = (id: number, name: string) => ({ id, name, at: 0, note: null });
    const records = encodedRows(sink, table.columns, [
      [row(1, "a"), rowKinds.insert],
      [row(2, "b"), rowKinds.insert],
      [row(2, "b"), rowKinds.delete],
      [row(1, "a"), rowKinds.updateBefore],
      [row(1, "c"), rowKinds.updateAfter],
      [row(3, "d"), rowKinds.updateBefore],
    ]) as { key: string; value: string | null }[];
    assert.deepEqual(
      records.map(({ key, value }) => [key, value]),
      [
        ['{"id":2}', null],
        ['{"id":1}', '{"id":1,"name":"c","at":"1970-01-01 00:00:00","note":null}'],
        ['{"id":3}', null],
      ],
    );
  });

  it("needs a key", () => {
    assert.throws(() => tableConnector(tableOf(types, upsert)), /the table has no PRIMARY KEY. Declare one/);
  });
});
