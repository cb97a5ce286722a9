/** Tables of MariaDB that are read whole: in parts, in the middle of which a job is restored. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { mysqlSource } from "../../runtime/connectors/mysql/index.ts";
import { sqlJob } from "../../runtime/table/index.ts";
import { tableConnector } from "../../runtime/tables/index.ts";
import { notNull, sql, tableOf } from "../../runtime/tables/tables.test-support.ts";
import { JobDriver, SourceHarness } from "../../runtime/testkit/index.ts";
import { testDatabase } from "./database.ts";

const mariadb = await testDatabase("sql_scan");
const ROWS = 2500;

type Row = { readonly id: number; readonly name: string | null };

describe("tables of MySQL are read", { skip: mariadb.skip }, () => {
  const run = (text: string): Promise<void> => mariadb.database().run(text);
  const options = (more: Readonly<Record<string, string>> = {}) => {
    const { host, port, user, password, database } = mariadb.database().address;
    const url = `mysql://${host}:${port}/${database}`;
    return { connector: "mysql", url, "table-name": "numbers", username: user, password, ...more };
  };
  const parted = {
    "scan.partition.column": "id",
    "scan.partition.num": "7",
    "scan.partition.lower-bound": "1",
    "scan.partition.upper-bound": String(ROWS),
  };
  const sourceOf = (more: Readonly<Record<string, string>>, key: readonly string[] = [], columns = [0, 1]) => {
    const table = tableOf({ id: notNull(sql.int), name: sql.string, word: notNull(sql.string) }, options(more), key);
    return tableConnector(table).source?.(columns).source ?? assert.fail("it is read");
  };
  const ids = (rows: readonly unknown[]): readonly number[] => rows.map((row) => (row as Row).id);
  const all = Array.from({ length: ROWS }, (_, at) => at + 1);

  before(async () => {
    await run(
      "create table numbers (id int primary key, name varchar(20), word varchar(20) not null, price decimal(12, 2) not null, latin varchar(20) character set latin1, unique key (word))",
    );
    await run(
      `insert into numbers select seq, if(seq % 3 = 0, null, concat('n', seq)), concat(char(97 + seq % 26), '''\\\\', seq), seq + 0.5, if(seq = 12, 'zwölf', 'x') from seq_1_to_${ROWS}`,
    );
  });

  for (const [what, more, parallelism] of [
    ["by one subtask, few rows at a time", { "scan.fetch-size": "3" }, 1],
    ["in parts by several", parted, 3],
    ["in more parts than it has numbers", { ...parted, "scan.partition.num": "9999" }, 2],
  ] as const)
    it(`to the end, ${what}`, async () => {
      const harness = await SourceHarness.start(sourceOf(more, ["id"]), { parallelism, deadline: "120s" });
      await harness.read();
      await harness.close();
      assert.deepEqual(
        ids(harness.values).toSorted((a, b) => a - b),
        all,
      );
      assert.deepEqual(
        harness.values.find((row) => (row as Row).id === 1),
        { id: 1, name: "n1" },
      );
      if (parallelism === 1) assert.deepEqual(ids(harness.values), all);
    });

  it("TBMS1: within the bounds, each number once, also between two parts", async () => {
    const bounds = {
      "scan.partition.column": "price",
      "scan.partition.num": "3",
      "scan.partition.lower-bound": "10",
      "scan.partition.upper-bound": "20",
    };
    const table = tableOf({ id: notNull(sql.int), price: sql.decimal(12, 2) }, options(bounds), ["id"]);
    const { source } = tableConnector(table).source?.([0]) ?? assert.fail("it is read");
    const harness = await SourceHarness.start(source, { parallelism: 2, deadline: "120s" });
    await harness.read();
    await harness.close();
    assert.deepEqual(
      ids(harness.values).toSorted((a, b) => a - b),
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
    );
  });

  it("MSO2: not in the order of a key that is compared in another order", async () => {
    await run("create table sizes (size enum('small', 'large') primary key, id int not null)");
    await run("insert into sizes values ('small', 1), ('large', 2)");
    const read = async (key: readonly string[]): Promise<readonly number[]> => {
      const table = tableOf(
        { id: notNull(sql.int), size: notNull(sql.string) },
        options({ "table-name": "sizes" }),
        key,
      );
      const { source } = tableConnector(table).source?.([0]) ?? assert.fail("it is read");
      const harness = await SourceHarness.start(source, { deadline: "120s" });
      try {
        await harness.read();
        return ids(harness.values).toSorted((a, b) => a - b);
      } finally {
        await harness.close();
      }
    };
    await assert.rejects(read(["size"]), {
      code: "SOURCE_FAILED",
      message: /sizes cannot be read in the order of its key: size is ENUM, which is ordered by numbers/,
    });
    assert.deepEqual(await read([]), [1, 2]);
    assert.deepEqual(await read(["id"]), [1, 2]);
  });

  for (const [what, more, key] of [
    ["without a key", {}, []],
    ["by a key of numbers", {}, ["id"]],
    ["by a key of texts", {}, ["word"]],
    ["by a key of several columns", parted, ["word", "id"]],
  ] as const)
    it(`MSO2: each row once when it is restored again and again, ${what}`, async () => {
      const source = sourceOf({ ...more, "scan.fetch-size": "10" }, key);
      let splits: readonly unknown[] | undefined;
      const seen: number[] = [];
      for (let round = 0; round < 6; round++) {
        const harness: SourceHarness<unknown, unknown> = await SourceHarness.start(source, {
          parallelism: (round % 3) + 1,
          deadline: "120s",
          ...(splits === undefined ? {} : { splits }),
        });
        const enough = round === 5 ? Number.POSITIVE_INFINITY : 300;
        await harness.read(() => harness.values.length >= enough, 50);
        seen.push(...ids(harness.values));
        splits = harness.snapshot();
        await harness.close();
      }
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        all,
      );
    });

  it("MSO2: with a key rows that come and go among those that were read do not matter", async () => {
    const source = sourceOf({ "scan.fetch-size": "10" }, ["id"]);
    const first = await SourceHarness.start(source, { deadline: "120s" });
    await first.read(() => first.values.length >= 100, 50);
    const splits = first.snapshot();
    await first.close();
    await run("delete from numbers where id in (5, 6)");
    try {
      const second = await SourceHarness.start(source, { splits, deadline: "120s" });
      await second.read();
      await second.close();
      assert.deepEqual([...ids(first.values), ...ids(second.values)], all);
    } finally {
      await run("insert into numbers values (5, 'n5', 'f''\\\\5', 5.5, 'x'), (6, null, 'g''\\\\6', 6.5, 'x')");
    }
  });

  it("MSO3: with a key a restored part is read by the condition of now, and without one, or by another key, it is refused", async () => {
    const scanOf = (end: bigint, key: readonly string[]) => {
      const table = tableOf({ id: notNull(sql.int) }, options({ "scan.fetch-size": "10" }), key);
      const filters = [{ column: 0, operator: "<", value: end }] as const;
      return tableConnector(table).source?.([0], filters).source ?? assert.fail("it is read");
    };
    const begun = async (key: readonly string[]) => {
      const harness = await SourceHarness.start(scanOf(1000n, key), { deadline: "120s" });
      await harness.read(() => harness.values.length >= 100, 50);
      const splits = harness.snapshot();
      await harness.close();
      return { splits, read: ids(harness.values) };
    };
    const keyed = await begun(["id"]);
    const wider = await SourceHarness.start(scanOf(2000n, ["id"]), { splits: keyed.splits, deadline: "120s" });
    await wider.read();
    await wider.close();
    assert.deepEqual([...keyed.read, ...ids(wider.values)], all.slice(0, 1999));
    const { splits } = await begun([]);
    for (const [what, key, message] of [
      [
        "another condition",
        [],
        /with the condition `id` < 1000 and no key, and the rest cannot be read with the condition `id` < 2000 and no key/,
      ],
      ["a key", ["id"], /and no key, and the rest cannot be read with the condition `id` < 2000 and the key `id`/],
    ] as const) {
      const counted = await SourceHarness.start(scanOf(2000n, key), { splits, deadline: "120s" });
      await assert.rejects(counted.read(), message, what);
      await counted.close();
    }
  });

  it("MSO1: the server waits for longer than for others", async () => {
    const { host, port, user, password, database } = mariadb.database().address;
    const source = mysqlSource({
      server: `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
      table: "numbers",
      select: "@@session.net_write_timeout as seconds",
      where: "id = 1",
    });
    const harness = await SourceHarness.start(source, { deadline: "120s" });
    await harness.read();
    await harness.close();
    assert.deepEqual(
      harness.values.map(({ seconds }) => Number(seconds)),
      [86_400],
    );
  });

  it("SQCF1: without the rows that a condition drops, and what the database calls equal is compared again", async () => {
    const columns = Object.entries(options(parted))
      .map(([name, value]) => `'${name}' = '${value}'`)
      .join(", ");
    const found = async (condition: string): Promise<readonly string[]> => {
      const script = `CREATE TABLE numbers (id INT, name STRING, word STRING, latin STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (${columns});
        SELECT id FROM numbers WHERE ${condition};`;
      await using driver = await JobDriver.start(sqlJob(script, "job.sql"), { parallelism: 2, patience: "120s" });
      await driver.run();
      const cells = driver.output<string>("query-1").filter((line) => /^\|.*\d/.test(line));
      return cells.map((line) => line.split("|").at(-2)?.trim() ?? "").toSorted((a, b) => Number(a) - Number(b));
    };
    assert.deepEqual(await found("id > 7 AND 12 >= id AND name IS NOT NULL AND id <> 8"), ["10", "11"]);
    assert.deepEqual(await found("id < 10 AND name IS NULL"), ["3", "6", "9"]);
    assert.deepEqual(await found("word = 'e''\\4' AND id BETWEEN 1 AND 100"), ["4"]);
    assert.deepEqual(await found("name = 'N4'"), []);
    assert.deepEqual(await found("latin = 'zwölf'"), ["12"]);
    assert.deepEqual(await found("latin = '十二'"), []);
    const table = tableOf({ id: notNull(sql.int), name: sql.string }, options(), ["id"]);
    const filters = [
      { column: 0, operator: "<=", value: 5n },
      { column: 1, operator: "=", value: "N4" },
    ] as const;
    const { source } = tableConnector(table).source?.([0], filters) ?? assert.fail("it is read");
    const harness = await SourceHarness.start(source, { deadline: "120s" });
    await harness.read();
    await harness.close();
    assert.deepEqual(ids(harness.values), [4]);
  });

  it("fails with the server's words when there is no such table or column", async () => {
    const wrong = await SourceHarness.start(sourceOf({ "table-name": "nothing" }), { deadline: "120s" });
    await assert.rejects(
      wrong.read(),
      /could not read the table nothing at .*: Table 'sql_scan.nothing' doesn't exist/,
    );
    await wrong.close();
  });

  it("in a script in batch mode, and joined with itself by a lookup", async () => {
    const columns = Object.entries(options(parted))
      .map(([name, value]) => `'${name}' = '${value}'`)
      .join(", ");
    const script = `SET 'execution.runtime-mode' = 'batch';
      CREATE TABLE numbers (id INT, name STRING, price DECIMAL(12, 2), p AS PROCTIME(), PRIMARY KEY (id) NOT ENFORCED) WITH (${columns});
      SELECT COUNT(*) AS n, SUM(a.price) AS price, COUNT(b.name) AS names FROM numbers AS a
      LEFT JOIN numbers FOR SYSTEM_TIME AS OF a.p AS b ON b.id = a.id + 1 WHERE a.name IS NOT NULL;`;
    await using driver = await JobDriver.start(sqlJob(script, "job.sql"), { parallelism: 2, patience: "120s" });
    await driver.run();
    const named = all.filter((id) => id % 3 !== 0);
    const price = named.reduce((sum, id) => sum + id + 0.5, 0).toFixed(2);
    const next = named.filter((id) => (id + 1) % 3 !== 0 && id < ROWS).length;
    const line = driver.output<string>("query-1").find((each) => /^\|\s+\d/.test(each));
    assert.deepEqual(
      line
        ?.split("|")
        .map((cell) => cell.trim())
        .filter((cell) => cell !== ""),
      [String(named.length), price, String(next)],
    );
  });
});

describe("a scan of MySQL is refused", () => {
  const mysql = { connector: "mysql", url: "mysql://db/shop", "table-name": "t", username: "me" };
  const types = { id: sql.int, name: sql.string, tags: sql.array(sql.int) };
  const parts = {
    "scan.partition.column": "id",
    "scan.partition.num": "2",
    "scan.partition.lower-bound": "1",
    "scan.partition.upper-bound": "9",
  };
  const scan = (more: Readonly<Record<string, string>>, columns = [0]): unknown =>
    tableConnector(tableOf(types, { ...mysql, ...more })).source?.(columns);
  for (const [what, more, message] of [
    [
      "with a part of the options of parts",
      { "scan.partition.num": "2" },
      /'scan\.partition\.num' stands without 'scan\.partition\.column'/,
    ],
    ["by a column that is not there", { ...parts, "scan.partition.column": "nr" }, /the table has no column nr/],
    ["by a column that is no number", { ...parts, "scan.partition.column": "name" }, /the column name is no number/],
    [
      "with bounds the wrong way round",
      { ...parts, "scan.partition.upper-bound": "0" },
      /'scan\.partition\.lower-bound' is above/,
    ],
    ["in no parts", { ...parts, "scan.partition.num": "0" }, /'scan\.partition\.num' is 0/],
    ["no row at a time", { "scan.fetch-size": "0" }, /'scan\.fetch-size' is 0/],
    ["with an option of Java's", { "scan.auto-commit": "true" }, /each part is one statement/],
  ] as const)
    it(what, () => assert.throws(() => scan(more), message));
  it("with a column that MySQL cannot have", () =>
    assert.throws(() => scan({}, [2]), /MySQL has no column of the type of tags/));
});
