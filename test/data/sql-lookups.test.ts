/** Lookup joins of SQL in tables of real servers: MariaDB and Redis. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { type Job, job, t } from "../../runtime/api/index.ts";
import { printSink } from "../../runtime/connectors/basic/index.ts";
import { tableEnvironment } from "../../runtime/table/index.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { redisPart, testPart } from "../environment/index.ts";
import { testDatabase } from "./database.ts";

const mariadb = await testDatabase("sql_lookups");
const redis = await testPart(redisPart);

const Order = t.record({ id: t.int32, user_name: t.nullable(t.string), amount: t.decimal(2) });
type Order = { readonly id: number; readonly user_name: string | null; readonly amount: bigint };

const order = (id: number, user_name: string | null, amount = 100n): Order => ({ id, user_name, amount });

/** Orders are given to the driver, and joined. */
const jobOf = (statements: string, query: string): Job =>
  job((env) => {
    const tables = tableEnvironment(env);
    tables.table("orders", env.fromCollection<Order>([], { type: Order, uid: "orders" }));
    tables.execute(statements);
    tables.sql(query).toStream({ uid: "rows" }).sinkTo(printSink(), { uid: "out" });
  });

/** A long patience: servers of tests share a busy machine. */
const start = (made: Job, orders: readonly Order[], parallelism = 1): Promise<JobDriver> =>
  JobDriver.start(made, { sources: { orders }, parallelism, patience: "120s" });

const textOf = (row: unknown): string =>
  Object.values(row as object)
    .map((value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value)))
    .join(" | ");

const linesOf = (driver: JobDriver): readonly string[] => driver.output("out").map(textOf);

describe("lookup joins in MySQL", { skip: mariadb.skip }, () => {
  const usersTable = (options: string, columns = "user_name STRING, city STRING, vip BOOLEAN"): string => {
    const { host, port, user, password, database } = mariadb.database().address;
    return `CREATE TABLE users (${columns}) WITH (
      'connector' = 'mysql', 'url' = 'mysql://${host}:${port}/${database}', 'table-name' = 'users', 'username' = '${user}', 'password' = '${password}'${options})`;
  };

  before(async () => {
    const run = (sql: string): Promise<void> => mariadb.database().run(sql);
    await run("create table users (user_name varchar(20) primary key, city varchar(20), vip boolean not null)");
    await run(
      "insert into users values ('ann', 'Bern', true), ('bob', null, false), ('it''s \\\\ \"x\"', 'Oslo', false)",
    );
    await run(
      `create table typed (big bigint, price decimal(38, 6), day date, at datetime(6), instant timestamp(3) null, clock time(3), part float, whole double, packed varbinary(9), json json, key (big))`,
    );
    await run(
      `insert into typed values (9007199254740993, 12345678901234567890123456789012.123456, '2026-02-28', '2026-02-28 23:59:59.123456', '2026-02-28 23:59:59.5',
        '23:59:59.25', 1.2345671, 0.1, x'00ff', '{"a": [1, 2]}'), (1, null, null, null, null, null, null, null, null, null)`,
    );
  });

  for (const [what, set] of [
    ["in the order of the rows", ""],
    [
      "as they come",
      "SET 'table.exec.async-lookup.output-mode' = 'ALLOW_UNORDERED'; SET 'table.exec.async-lookup.buffer-capacity' = '3';",
    ],
  ] as const)
    it(`finds the rows of each key, ${what}`, async () => {
      const names = ["ann", null, "bob", "nobody", 'it\'s \\ "x"', "ANN", "ann "];
      const orders = Array.from({ length: 40 }, (_, at) => order(at, names[at % names.length] ?? null));
      const query = `SELECT o.id, u.city, u.vip FROM orders AS o LEFT JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name`;
      const found: Readonly<Record<string, string>> = {
        ann: "Bern | true",
        bob: "null | false",
        'it\'s \\ "x"': "Oslo | false",
      };
      const expected = orders.map(({ id, user_name }) => `${id} | ${found[user_name ?? ""] ?? "null | null"}`);
      await using driver = await start(jobOf(`${set} ${usersTable("")};`, query), orders);
      driver.end();
      await driver.run();
      const lines = linesOf(driver);
      assert.deepEqual(set === "" ? lines : lines.toSorted(), set === "" ? expected : expected.toSorted());
    });

  it("TBMA2: finds no row of a text that the column's character set cannot have", async () => {
    await mariadb
      .database()
      .run(
        "create table old_names (user_name varchar(20) character set utf8mb3 primary key, city varchar(20) character set latin1)",
      );
    await mariadb.database().run("insert into old_names values ('zoë', 'Zürich')");
    const table = usersTable("", "user_name STRING, city STRING").replace("'users'", "'old_names'");
    const query =
      "SELECT o.id, u.city FROM orders AS o LEFT JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name";
    const names = ["zoë", "zo😀", "東京"];
    await using driver = await start(
      jobOf(`${table};`, query),
      names.map((name, at) => order(at, name)),
    );
    driver.end();
    await driver.run();
    assert.deepEqual(linesOf(driver), ["0 | Zürich", "1 | null", "2 | null"]);
  });

  it("reads each type with all of its digits, and asks by them", async () => {
    const columns =
      "big BIGINT, price DECIMAL(38, 6), `day` DATE, `at` TIMESTAMP(6), instant TIMESTAMP_LTZ(3), clock TIME(3), part FLOAT, whole DOUBLE, packed BYTES, json STRING";
    const typed = usersTable("", columns)
      .replace("CREATE TABLE users", "CREATE TABLE typed")
      .replace("'users'", "'typed'");
    const asked: Readonly<Record<string, string>> = {
      big: "CAST(9007199254740992 + o.id AS BIGINT)",
      price: "CAST('12345678901234567890123456789012.123456' AS DECIMAL(38, 6))",
      "`day`": "DATE '2026-02-28'",
      "`at`": "TIMESTAMP '2026-02-28 23:59:59.123456'",
      instant: "CAST(TIMESTAMP '2026-02-28 23:59:59.500' AS TIMESTAMP_LTZ(3))",
      clock: "CAST('23:59:59.25' AS TIME(3))",
      whole: "CAST(0.1 AS DOUBLE)",
      packed: "x'00ff'",
    };
    for (const [column, value] of Object.entries(asked)) {
      const query = `SELECT r.big, r.price, r.\`day\`, CAST(r.\`at\` AS STRING) AS a, r.instant, CAST(r.clock AS STRING) AS c, r.part, r.whole, r.packed, r.json FROM orders AS o JOIN typed FOR SYSTEM_TIME AS OF PROCTIME() AS r ON r.${column} = ${value}`;
      await using driver = await start(jobOf(`${typed};`, query), [order(1, null)]);
      driver.end();
      await driver.run();
      const [row, second] = driver.output<Readonly<Record<string, unknown>>>("out");
      assert.ok(row !== undefined && second === undefined, column);
      assert.equal(
        textOf({ ...row, day: (row["day"] as Date).toISOString().slice(0, 10) }),
        [
          "9007199254740993",
          "12345678901234567890123456789012123456",
          "2026-02-28",
          "2026-02-28 23:59:59.123456",
          String(Date.UTC(2026, 1, 28, 23, 59, 59, 500)),
          "23:59:59.250",
          String(Math.fround(1.2345671)),
          "0.1",
          "00ff",
          '{"a": [1, 2]}',
        ].join(" | "),
        column,
      );
    }
  });

  it("keeps answers for as long as the cache says, also that there is none; without a cache each row asks", async () => {
    const { run } = { run: (sql: string) => mariadb.database().run(sql) };
    const query =
      "SELECT o.id, u.city FROM orders AS o LEFT JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name";
    const cache = `, 'lookup.cache' = 'PARTIAL', 'lookup.partial-cache.expire-after-write' = '1 min'`;
    const seen = async (options: string): Promise<readonly string[]> => {
      await run("delete from users where user_name in ('eva', 'fay')");
      await run("insert into users values ('eva', 'Rome', false)");
      await using driver = await start(jobOf(`${usersTable(options)};`, query), []);
      const ask = async (id: number): Promise<void> => {
        driver.push("orders", order(id, "eva"));
        driver.push("orders", order(id + 1, "fay"));
        await driver.run();
      };
      await ask(1);
      await run("update users set city = 'Lima' where user_name = 'eva'");
      await run("insert into users values ('fay', 'Kyiv', false)");
      await ask(3);
      await driver.advance("61s");
      await ask(5);
      driver.end();
      await driver.run();
      return linesOf(driver);
    };
    const first = ["1 | Rome", "2 | null"];
    const last = ["5 | Lima", "6 | Kyiv"];
    assert.deepEqual(await seen(""), [...first, "3 | Lima", "4 | Kyiv", ...last]);
    assert.deepEqual(await seen(cache), [...first, "3 | Rome", "4 | null", ...last]);
    assert.deepEqual(await seen(`${cache}, 'lookup.partial-cache.cache-missing-key' = 'false'`), [
      ...first,
      "3 | Rome",
      "4 | Kyiv",
      ...last,
    ]);
  });

  it("SQHL2: a row without an answer is asked for again where the hint says so", async () => {
    await mariadb.database().run("delete from users where user_name = 'gus'");
    const hint =
      "'retry-predicate' = 'lookup_miss', 'retry-strategy' = 'fixed_delay', 'fixed-delay' = '10 s', 'max-attempts' = '2'";
    const query = `SELECT /*+ LOOKUP('table' = 'u', ${hint}) */ o.id, u.city FROM orders AS o
      LEFT JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name`;
    await using driver = await start(jobOf(`${usersTable("")};`, query), [order(1, "gus")]);
    // The first answer is there when the clock waits for the second call.
    while ((driver.clock.nextTimerMs ?? Number.POSITIVE_INFINITY) > 10_000 && linesOf(driver).length === 0)
      await driver.advance("0 ms");
    await mariadb.database().run("insert into users values ('gus', 'Lund', false)");
    await driver.advance("10 s");
    driver.push("orders", order(2, "nobody"));
    driver.push("orders", order(3, null));
    driver.end();
    await driver.run();
    assert.deepEqual(linesOf(driver), ["1 | Lund", "2 | null", "3 | null"]);
  });

  it("fails with the table and the column when a row is not as it is declared", async () => {
    const users = usersTable("", "user_name STRING, city INT");
    const query =
      "SELECT o.id, u.city FROM orders AS o JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name";
    await using driver = await start(jobOf(`${users};`, query), [order(1, "ann")]);
    driver.end();
    await assert.rejects(
      driver.run(),
      /table users: a row cannot be read: the column city: "Bern" is not INT; declare the column as the database has it/,
    );
  });

  it("fails ahead of any row when there is no such table or column", async () => {
    const users = usersTable("", "user_name STRING, town STRING");
    const query =
      "SELECT o.id, u.town FROM orders AS o JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name";
    await assert.rejects(async () => {
      await using driver = await start(jobOf(`${users};`, query), []);
      await driver.run();
    }, /lookup users .*: could not prepare the query .*Unknown column 'town'/);
  });
});

describe("lookup joins in Redis", { skip: redis.skip }, () => {
  let client: Redis;
  before(async () => {
    client = new Redis({ ...redis.gives(), lazyConnect: true });
    await client.set("sql-lookup:user:ann", '{"city": "Bern", "level": 3}');
    await client.set("sql-lookup:user:bob", "Oslo;2");
    await client.hset("sql-lookup:card:ann:7", { city: "Rome", total: "12.50", odd: "x" });
    await client.hset("sql-lookup:card:bob:7", { odd: "x" });
  });
  after(() => client?.disconnect());

  const usersTable = (columns: string, options: string): string => {
    const { host, port } = redis.gives();
    return `CREATE TABLE users (${columns}) WITH ('connector' = 'redis', 'url' = 'redis://${host}:${port}/0', ${options});`;
  };

  async function joined(users: string, query: string, orders: readonly Order[]): Promise<readonly string[]> {
    await using driver = await start(jobOf(users, query), orders, 2);
    driver.end();
    await driver.run();
    return linesOf(driver).toSorted();
  }

  const names = ["ann", "nobody", null].map((name, at) => order(at, name));
  const query =
    "SELECT o.id, u.city, u.level FROM orders AS o LEFT JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name";

  it("finds values that a format reads", async () => {
    const columns = "user_name STRING, city STRING, level INT, PRIMARY KEY (user_name) NOT ENFORCED";
    const json = usersTable(columns, "'key-prefix' = 'sql-lookup:user:', 'format' = 'json'");
    const expected = ["0 | Bern | 3", "1 | null | null", "2 | null | null"];
    assert.deepEqual(await joined(json, query, names), expected);
    assert.deepEqual(
      await joined(json, `${query} AND u.level > 3`, names),
      expected.map((line) => line.replace("Bern | 3", "null | null")),
    );
    const csv = usersTable(columns, "'key-prefix' = 'sql-lookup:user:', 'format' = 'csv', 'csv.field-delimiter' = ';'");
    assert.deepEqual(await joined(csv, query, [order(0, "bob")]), ["0 | Oslo | 2"]);
  });

  it("finds the fields of a hash, by a key that a template makes of several columns", async () => {
    const columns =
      "shop INT, user_name STRING, city STRING, total DECIMAL(10, 2), PRIMARY KEY (user_name, shop) NOT ENFORCED";
    const users = usersTable(columns, "'key-template' = 'sql-lookup:card:${user_name}:${shop}', 'data-type' = 'hash'");
    const lookup =
      "SELECT o.id, u.city, u.total, u.shop FROM orders AS o LEFT JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name AND u.shop = 7";
    assert.deepEqual(await joined(users, lookup, [...names, order(3, "bob")]), [
      "0 | Rome | 1250 | 7",
      "1 | null | null | null",
      "2 | null | null | null",
      "3 | null | null | 7",
    ]);
    // Whether the hash is there is known also when nothing but its key is wanted.
    const keys =
      "SELECT o.id, u.shop FROM orders AS o JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name AND u.shop = 7";
    assert.deepEqual(await joined(users, keys, [...names, order(3, "bob")]), ["0 | 7", "3 | 7"]);
  });

  it("fails with the key when a value cannot be read", async () => {
    const users = usersTable(
      "user_name STRING, city INT, PRIMARY KEY (user_name) NOT ENFORCED",
      "'key-prefix' = 'sql-lookup:user:', 'format' = 'json'",
    );
    const lookup =
      "SELECT o.id, u.city FROM orders AS o JOIN users FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_name = u.user_name";
    await assert.rejects(
      joined(users, lookup, [order(1, "ann")]),
      /table users: the value of sql-lookup:user:ann cannot be read: the field city: "Bern" is not INT/,
    );
  });
});
