/** Scripts whose tables are outside: from files, and to what keeps the last row of each key. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { buildStreamGraph } from "../api/engine.ts";
import { JobDriver } from "../testkit/index.ts";
import { sqlJob } from "./index.ts";

let root: string;

before(() => {
  root = mkdtempSync(join(tmpdir(), "sql-job-"));
  mkdirSync(join(root, "in"));
  const lines = ["1;ann;1.50", "2;bob;2.25", "3;ann;3.00", "4;cid;1.00", "5;bob;0.25"];
  writeFileSync(join(root, "in", "1.csv"), `${lines.join("\n")}\n`);
});
after(() => rmSync(root, { recursive: true }));

const orders = () => `CREATE TABLE orders (id INT, name STRING, price DECIMAL(10, 2)) WITH (
  'connector' = 'filesystem', 'path' = '${join(root, "in")}', 'format' = 'csv', 'csv.field-delimiter' = ';');`;
const lasts = (
  columns: string,
  key: string,
) => `CREATE TABLE lasts (${columns}, PRIMARY KEY (${key}) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:1', 'key.format' = 'csv', 'value.format' = 'csv');`;

type Outgoing = { readonly key: string; readonly value: string | null };

/** What readers of the topic have in the end; the sink is collected instead of Kafka. */
async function lastValues(script: string, parallelism: number): Promise<readonly string[]> {
  await using driver = await JobDriver.start(sqlJob(script, "job.sql"), { parallelism });
  await driver.run();
  const values = new Map<string, string>();
  const [uid = ""] = /sink-[0-9a-f]+/.exec(sinksOf(driver)) ?? [];
  for (const { key, value } of driver.output(uid) as readonly Outgoing[]) {
    if (value === null) values.delete(key);
    else values.set(key, value);
  }
  return [...values.values()].sort();
}

/** The driver names the sinks that it has when it is asked for another one. */
function sinksOf(driver: JobDriver): string {
  try {
    driver.output("no such sink");
  } catch (error) {
    return String(error);
  }
  return "";
}

describe("a script as a job", () => {
  it("overwrites files, those that it reads, too, by one subtask, when all rows are there", async () => {
    const path = join(root, "overwritten");
    mkdirSync(path);
    for (const [name, text] of Object.entries({ "1.csv": "1,a\n2,b\n", "2.csv": "3,c\n", _SUCCESS: "" }))
      writeFileSync(join(path, name), text);
    const table = `SET 'execution.runtime-mode' = 'batch'; CREATE TABLE f (n INT, s STRING) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'csv');`;
    const texts = (): readonly string[] => readdirSync(path).map((name) => readFileSync(join(path, name), "utf8"));
    for (const [insert, expected] of [
      ["INSERT OVERWRITE f SELECT n * 10, UPPER(s) FROM f WHERE n > 1 ORDER BY n DESC LIMIT 5", ["", "30,C\n20,B\n"]],
      ["INSERT INTO f SELECT n + 1, s FROM f WHERE n = 20", ["", "21,B\n", "30,C\n20,B\n"]],
      ["INSERT OVERWRITE f SELECT n, s FROM f WHERE n > 100", [""]],
    ] as const) {
      await using driver = await JobDriver.start(sqlJob(`${table} ${insert};`, "job.sql"), {
        keepSinks: true,
        parallelism: 3,
      });
      await driver.run();
      assert.deepEqual([...texts()].sort(), expected);
    }
  });

  it("reads files, and writes part files that another script reads", async () => {
    const path = join(root, "out");
    const costly = `CREATE TABLE costly (name STRING, doubled DECIMAL(11, 2)) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json');`;
    const script = `${orders()} ${costly} INSERT INTO costly SELECT UPPER(name), price * 2 FROM orders WHERE price > 1.25;`;
    await using driver = await JobDriver.start(sqlJob(script, "job.sql"), { keepSinks: true, parallelism: 1 });
    await driver.run();
    assert.ok(driver.isFinished);
    const text = readdirSync(path)
      .map((part) => readFileSync(join(path, part), "utf8"))
      .join("");
    assert.equal(text, '{"name":"ANN","doubled":3.00}\n{"name":"BOB","doubled":4.50}\n{"name":"ANN","doubled":6.00}\n');
  });

  for (const parallelism of [1, 2, 3]) {
    it(`keeps the last row of each key of a query, at parallelism ${parallelism}`, async () => {
      const script = `${orders()} ${lasts("name STRING, total DECIMAL(38, 2)", "name")}
        INSERT INTO lasts SELECT name, SUM(price) FROM orders GROUP BY name;`;
      assert.deepEqual(await lastValues(script, parallelism), ["ann,4.50", "bob,2.50", "cid,1.00"]);
    });

    it(`SQBK1: rows that share the table's key do not delete each other, at parallelism ${parallelism}`, async () => {
      const script = `${orders()} ${lasts("orders BIGINT, name STRING", "orders")}
        INSERT INTO lasts SELECT COUNT(*), name FROM orders GROUP BY name;`;
      const values = await lastValues(script, parallelism);
      assert.equal(values.length, 2);
      assert.equal(values[0], "1,cid");
      assert.match(values[1] ?? "", /^2,(?:ann|bob)$/);
    });
  }

  it("in batch mode final results are appended to files", async () => {
    const path = join(root, "totals");
    const totals = `CREATE TABLE totals (name STRING, total DECIMAL(38, 2)) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'csv');`;
    const script = `SET 'execution.runtime-mode' = 'batch'; ${orders()} ${totals} INSERT INTO totals SELECT name, SUM(price) FROM orders GROUP BY name;`;
    await using driver = await JobDriver.start(sqlJob(script, "job.sql"), { keepSinks: true, parallelism: 2 });
    await driver.run();
    const lines = readdirSync(path).flatMap((part) => readFileSync(join(path, part), "utf8").trim().split("\n"));
    assert.deepEqual(lines.sort(), ["ann,4.50", "bob,2.50", "cid,1.00"]);
  });

  it("what a connector refuses is shown at its option, before anything is connected to", async () => {
    const counts = `CREATE TABLE counts (name STRING, orders BIGINT) WITH ('connector' = 'filesystem', 'path' = '/x', 'format' = 'csv');`;
    await assert.rejects(
      JobDriver.start(
        sqlJob(`${orders()}\n${counts} INSERT INTO counts SELECT name, COUNT(*) FROM orders GROUP BY name;`, "job.sql"),
      ),
      /job.sql:3:\d+: table counts: the connector filesystem only appends, and the rows of this query change/,
    );
    const nested = `CREATE TABLE n (m MAP<STRING, INT>) WITH ('connector' = 'filesystem', 'path' = '/x', 'format' = 'csv'); SELECT * FROM n;`;
    await assert.rejects(
      JobDriver.start(sqlJob(nested, "job.sql")),
      /job.sql:1:\d+: table n: the format csv cannot have this table[^]*\^{8}/,
    );
  });

  it("refuses partitions at their column", async () => {
    const script = `CREATE TABLE t (id INT, name STRING) PARTITIONED BY (name) WITH ('connector' = 'filesystem', 'path' = '/x', 'format' = 'csv'); INSERT INTO t VALUES (1, 'a');`;
    await assert.rejects(
      JobDriver.start(sqlJob(script, "job.sql")),
      /job.sql:1:\d+: table t: it is PARTITIONED BY name/,
    );
  });

  it("says what is wrong with a table", async () => {
    const script = `CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = '/x', 'fromat' = 'csv'); SELECT * FROM t;`;
    await assert.rejects(
      JobDriver.start(sqlJob(script, "job.sql")),
      /job.sql:1:\d+: table t: 'fromat' is no option of the connector filesystem[^]*\^{8}[^]*Did you mean 'format'\?/,
    );
  });

  for (const [set, message] of [
    ["SET 'parallelism.defalt' = '2'", /^job\.sql:2:3: there is no option "parallelism\.defalt".*\n2 \| {3}SET/],
    ["SET 'parallelism.default' = 'two'", /^job\.sql:2:3: .*parallelism\.default/],
    ["SET 'table.exec.state.ttl' = 'soon'", /^job\.sql:2:3: "soon" is not a duration[^]*last written/],
  ] as const)
    it(`refuses an option at its place (SCOP1): ${set}`, async () => {
      const script = `VALUES 1;\n  ${set};`;
      await assert.rejects(JobDriver.start(sqlJob(script, "job.sql")), { code: "SQL_INVALID", message });
    });

  it("has the options that it sets", async () => {
    const { configuration } = await buildStreamGraph(sqlJob("SET 'pipeline.name' = 'mine'; VALUES 1", "job.sql"));
    assert.equal(configuration.jobName, "mine");
  });
});
