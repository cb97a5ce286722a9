import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rowKinds } from "../../record/index.ts";
import { TableOptions } from "../options/table-options.ts";
import { tableConnector } from "../registry.ts";
import { encodedRows, notNull, sql, tableOf } from "../tables.test-support.ts";
import { redisDefinition } from "./redis/redis-definition.ts";
import { serverUrl as redisUrl } from "./redis/redis-server.ts";
import { mysqlDefinition } from "./mysql/mysql-definition.ts";
import { serverUrl } from "./mysql/mysql-server.ts";

type Options = Readonly<Record<string, string>>;

const types = {
  id: notNull(sql.int),
  price: sql.decimal(10, 2),
  at: sql.timestamp(6),
  day: sql.date,
  name: sql.string,
};
const mysql = {
  connector: "mysql",
  url: "jdbc:mysql://db:3307/shop",
  "table-name": "orders",
  username: "me",
  password: "p@ss",
};
const redis = { connector: "redis", url: "redis://cache:6379/1", format: "json", "key-prefix": "orders:" };
const row = (id: number, name: string | null) => ({ id, price: 1250n, at: 1_500_000_000n, day: new Date(0), name });
const changes = [
  [row(1, "a"), rowKinds.insert],
  [row(2, "b"), rowKinds.insert],
  [row(1, "a"), rowKinds.updateBefore],
  [row(1, null), rowKinds.updateAfter],
  [row(2, "b"), rowKinds.delete],
] as const;

describe("mysql as a table", () => {
  const values = (id: number, name: string | null) => ({
    id,
    price: "12.50",
    at: "1970-01-01 00:00:01.5",
    day: "1970-01-01",
    name,
  });

  it("TBCI1: keeps the last row of each key, deletes what is gone, and writes values with all their digits", () => {
    const table = tableOf(types, mysql, ["id"]);
    const sink = tableConnector(table).sink?.("retract");
    assert.deepEqual(encodedRows(sink, table.columns, changes), [
      { row: values(1, null), isDeleted: false },
      { row: values(2, "b"), isDeleted: true },
    ]);
    assert.deepEqual(sink?.keyColumns, ["id"]);
    assert.equal(sink?.sink.guarantee, "exactly-once");
  });

  it("appends without a key, and then takes no changes", () => {
    const table = tableOf(types, { ...mysql, "sink.exactly-once.mode": "xa" });
    const sink = tableConnector(table).sink?.("append");
    assert.deepEqual(encodedRows(sink, table.columns, changes.slice(0, 1)), [
      { row: values(1, "a"), isDeleted: false },
    ]);
    assert.equal(sink?.keyColumns, null);
    assert.throws(() => tableConnector(table).sink?.("upsert"), /mysql without a PRIMARY KEY only appends/);
    const simple = tableConnector(tableOf(types, { ...mysql, "sink.delivery-guarantee": "at-least-once" }, ["id"]));
    assert.equal(simple.sink?.("upsert").sink.guarantee, "at-least-once");
  });

  it("refuses an address that is none, and types that no column has", () => {
    const url = (written: string): string =>
      serverUrl(
        new TableOptions(tableOf(types, { ...mysql, url: written }), "the connector mysql", mysqlDefinition.rows),
      );
    assert.equal(url("jdbc:mysql://db:3307/shop"), "mysql://me:p%40ss@db:3307/shop");
    assert.throws(() => url("postgres://db/shop"), /'url' is not the address of a database/);
    assert.throws(() => url("mysql://db"), /'url' is not the address of a database/);
    assert.throws(
      () => url("mysql://you:secret@db/shop"),
      (error) => error instanceof Error && !error.message.includes("secret"),
    );
    assert.throws(() => url("jdbc:mysql://db/shop?useSSL=true"), /properties of JDBC/);
    assert.throws(
      () => tableConnector(tableOf({ a: sql.array(sql.int) }, mysql)).sink?.("append"),
      /MySQL has no column of the type of a, ARRAY<INT>/,
    );
  });
});

describe("redis as a table", () => {
  it("keeps the last row of each key as a value, and deletes what is gone", () => {
    const table = tableOf(types, redis, ["id", "name"]);
    const sink = tableConnector(table).sink?.("retract");
    const value = '{"price":12.50,"at":"1970-01-01 00:00:01.5","day":"1970-01-01"}';
    const named = changes.filter(([each]) => each.name !== null);
    assert.deepEqual(encodedRows(sink, table.columns, named), [
      { key: "orders:1:a", value: null },
      { key: "orders:2:b", value: null },
    ]);
    assert.deepEqual(encodedRows(sink, table.columns, changes.slice(0, 1)), [{ key: "orders:1:a", value }]);
  });

  it("refuses a table without a key, or with nothing but a key, and an address that is none", () => {
    assert.throws(() => tableConnector(tableOf(types, redis)).sink?.("append"), /the table has no PRIMARY KEY/);
    assert.throws(
      () => tableConnector(tableOf({ id: sql.int }, redis, ["id"])).sink?.("append"),
      /all columns of the table are in its key/,
    );
    const url = (options: Options): string =>
      redisUrl(new TableOptions(tableOf(types, { ...redis, ...options }), "the connector redis", redisDefinition.rows));
    assert.equal(url({ password: "a/b" }), "redis://:a%2Fb@cache:6379/1");
    assert.throws(() => url({ url: "http://cache" }), /'url' is not the address of a Redis server/);
    assert.throws(() => url({ url: "redis://:secret@cache" }), /has a user in it/);
  });
});
