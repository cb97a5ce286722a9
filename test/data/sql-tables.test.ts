/** Tables of SQL on real servers: rows become records and rows of a database, and records become rows. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PlainSink, TransactionWriter, TwoPhaseCommitSink } from "../../runtime/ports/index.ts";
import { rowKinds } from "../../runtime/record/index.ts";
import { tableConnector, type TableColumn, type TableDescription } from "../../runtime/tables/index.ts";
import { encodedRows, notNull, sql, tableOf } from "../../runtime/tables/tables.test-support.ts";
import { SourceHarness } from "../../runtime/testkit/index.ts";
import { prepared, sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";
import { testDatabase } from "./database.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();
const database = await testDatabase("sql_tables");
const { insert, updateBefore, updateAfter, delete: deleted } = rowKinds;

type Changes = readonly (readonly [row: object, kind: number])[];

/** Changes through a table's sink that writes at least once. */
async function write(table: TableDescription, changes: Changes): Promise<void> {
  const sink = tableConnector(table).sink?.(table.primaryKey.length === 0 ? "append" : "retract");
  assert.ok(sink !== undefined);
  const writer = (sink.sink as PlainSink<unknown>).createWriter(sinkContext());
  await writer.open?.();
  for (const record of encodedRows(sink, table.columns, changes)) await writer.write(record, 0);
  await writer.flush?.();
  await writer.close?.();
}

describe("tables of Kafka", { skip: kafka.skip }, () => {
  const metadata = (name: string, type: TableColumn["type"]): TableColumn => ({ name, type, metadata: name });

  it("rows are read as they were written, with their key, and what Kafka knows of them", async () => {
    const topic = await kafka.topics().create("sql-orders");
    const table = tableOf(
      { k_id: sql.bigint, price: sql.decimal(20, 2), seen: sql.timestamp(3) },
      {
        connector: "kafka",
        topic,
        "properties.bootstrap.servers": kafka.topics().bootstrap,
        "scan.startup.mode": "earliest-offset",
        "scan.bounded.mode": "latest-offset",
        "key.format": "json",
        "key.fields": "k_id",
        "key.fields-prefix": "k_",
        "value.format": "avro",
        "value.fields-include": "EXCEPT_KEY",
      },
    );
    const at = metadata("timestamp", notNull(sql.instant(3)));
    const written = { ...table, columns: [...table.columns, at] };
    const rows = [
      { k_id: 9_007_199_254_740_993n, price: 1250n, seen: 5, timestamp: 1_700_000_000_000 },
      { k_id: 2n, price: null, seen: null, timestamp: 1_700_000_000_001 },
    ];
    await write(
      written,
      rows.map((row) => [row, insert] as const),
    );
    const read = { ...table, columns: [...written.columns, metadata("offset", notNull(sql.bigint))] };
    const source = tableConnector(read).source?.([4, 0, 1, 2, 3]);
    assert.ok(source !== undefined);
    const harness = await SourceHarness.start(source.source);
    await harness.read();
    await harness.close();
    assert.deepEqual(
      harness.values,
      rows.map((row, at) => ({ offset: BigInt(at), ...row })),
    );
  });

  it("upsert-kafka has the last value of each key, and none where the row is gone", async () => {
    const topic = await kafka.topics().create("sql-totals");
    const table = tableOf(
      { word: sql.string, total: sql.bigint },
      {
        connector: "upsert-kafka",
        topic,
        "properties.bootstrap.servers": kafka.topics().bootstrap,
        "key.format": "raw",
        "value.format": "json",
      },
      ["word"],
    );
    await write(table, [
      [{ word: "a", total: 1n }, insert],
      [{ word: "a", total: 1n }, updateBefore],
      [{ word: "a", total: 2n }, updateAfter],
      [{ word: "b", total: 1n }, insert],
    ]);
    await write(table, [[{ word: "b", total: 1n }, deleted]]);
    const messages = await kafka.topics().read(topic);
    assert.deepEqual(
      messages.map(({ key, value }) => [key, value]),
      [
        ["a", '{"word":"a","total":2}'],
        ["b", '{"word":"b","total":1}'],
        ["b", null],
      ],
    );
  });
});

describe("tables of MySQL", { skip: database.skip }, () => {
  it("rows are inserted, updated and deleted when their checkpoint is complete", async () => {
    const { host, port, user, password, database: name } = database.database().address;
    await database
      .database()
      .run(
        "create table totals (word varchar(20) primary key, total decimal(20, 2), day date, at datetime(6), clock time(3))",
      );
    const table = tableOf(
      { word: sql.string, total: sql.decimal(20, 2), day: sql.date, at: sql.timestamp(6), clock: sql.time(3) },
      { connector: "mysql", url: `mysql://${host}:${port}/${name}`, "table-name": "totals", username: user, password },
      ["word"],
    );
    const row = (word: string, total: bigint) => ({
      word,
      total,
      day: new Date(86_400_000),
      at: 1_500_000_123_000n,
      clock: 36_005_500,
    });
    const sink = tableConnector(table).sink?.("retract");
    assert.ok(sink !== undefined);
    const writer = (sink.sink as TwoPhaseCommitSink<unknown>).createWriter(sinkContext()) as Required<
      TransactionWriter<unknown, unknown>
    >;
    await writer.open();
    const commit = async (changes: Changes): Promise<void> => {
      assert.deepEqual(await writer.commit(await prepared(writer, encodedRows(sink, table.columns, changes))), {
        kind: "committed",
      });
    };
    await commit([
      [row("a", 100n), insert],
      [row("b", 200n), insert],
    ]);
    await commit([
      [row("a", 100n), updateBefore],
      [row("a", 150n), updateAfter],
      [row("b", 200n), deleted],
      [row("c", 300n), insert],
    ]);
    await writer.close();
    const rows = await database
      .database()
      .rows(
        "select word, cast(total as char) as total, cast(day as char) as day, cast(at as char) as at, cast(clock as char) as clock from totals order by word",
      );
    const rest = { day: "1970-01-02", at: "1970-01-01 00:25:00.000123", clock: "10:00:05.500" };
    assert.deepEqual(rows, [
      { word: "a", total: "1.50", ...rest },
      { word: "c", total: "3.00", ...rest },
    ]);
  });
});
