/** Lookup joins of scripts: in files that are read whole, and what is refused ahead of the job, at its place. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { JobDriver } from "../testkit/index.ts";
import { sqlJob } from "./index.ts";

let root: string;

before(() => {
  root = mkdtempSync(join(tmpdir(), "sql-lookups-"));
  writeFileSync(join(root, "1.csv"), "1;one\n2;two\n2;deux\n");
  writeFileSync(join(root, "2.csv"), "3;three\n;none\n");
});
after(() => rmSync(root, { recursive: true }));

const orders = `CREATE TABLE orders (id INT, k INT, p AS PROCTIME()) WITH ('connector' = 'collection', 'rows' = '[{"id": 1, "k": 2}, {"id": 2, "k": null}, {"id": 3, "k": 9}, {"id": 4, "k": 3}]');`;
const names = (more = "", columns = "k INT, name STRING", path = root): string =>
  `CREATE TABLE names (${columns}) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'csv', 'csv.field-delimiter' = ';'${more});`;
const select = (join = "JOIN", on = "o.k = n.k"): string =>
  `SELECT o.id, n.name FROM orders AS o ${join} names FOR SYSTEM_TIME AS OF o.p AS n ON ${on};`;

async function printed(script: string): Promise<readonly string[]> {
  await using driver = await JobDriver.start(sqlJob(script, "job.sql"), { parallelism: 2, patience: "120s" });
  await driver.run();
  assert.ok(driver.isFinished);
  return driver
    .output<string>("query-1")
    .filter((line) => /^\|.*\d/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(-3, -1)
        .map((cell) => cell.trim())
        .join(" "),
    )
    .toSorted();
}

describe("a lookup in files", () => {
  it("has all rows of a key, and with LEFT JOIN the rows without one", async () => {
    assert.deepEqual(await printed(`${orders} ${names()} ${select()}`), ["1 deux", "1 two", "4 three"]);
    assert.deepEqual(await printed(`${orders} ${names()} ${select("LEFT JOIN", "o.k = n.k AND n.name <> 'two'")}`), [
      "1 deux",
      "2 <NULL>",
      "3 <NULL>",
      "4 three",
    ]);
  });

  it("is the same in batch mode", async () => {
    const script = `SET 'execution.runtime-mode' = 'batch'; ${orders} ${names()} ${select()}`;
    assert.deepEqual(await printed(script), ["1 deux", "1 two", "4 three"]);
  });

  it("fails when a record cannot be read", async () => {
    const script = `${orders} ${names("", "k INT, name INT")} ${select()}`;
    await assert.rejects(
      printed(script),
      /table names: a record cannot be read: the column name: "one" is not INT[^]*it came of line 1 of/,
    );
  });

  it("fails when there is no such file", async () => {
    const script = `${orders} ${names("", "k INT, name STRING", join(root, "nowhere"))} ${select()}`;
    await assert.rejects(printed(script), /nowhere/);
  });
});

describe("a lookup is refused", () => {
  const redis = (more: string): string =>
    `CREATE TABLE names (k INT, shop INT, name STRING, PRIMARY KEY (k, shop) NOT ENFORCED) WITH ('connector' = 'redis', 'url' = 'redis://localhost'${more});`;
  const mysql = (more: string): string =>
    `CREATE TABLE names (k INT, name STRING) WITH ('connector' = 'mysql', 'url' = 'mysql://localhost/shop', 'table-name' = 'names', 'username' = 'me'${more});`;
  const whole = "o.k = n.k AND n.shop = 1";
  for (const [what, script, message] of [
    [
      "in a connector that cannot be asked",
      `CREATE TABLE names (k INT, name STRING) WITH ('connector' = 'datagen');\n${select()}`,
      /^job\.sql:2:\d+: table names: the connector datagen cannot be asked for single rows[^]*\n {2}\| +\^{3}\nTake one of filesystem, mysql, redis, collection;/,
    ],
    [
      "in files that never end",
      `${names(", 'source.monitor-interval' = '10 s'")} ${select()}`,
      /a lookup reads the table whole when it begins, and this one has no end[^]*\^{5}/,
    ],
    [
      "by a part of a key of Redis",
      `${redis(", 'format' = 'json'")}\n${select()}`,
      /^job\.sql:2:\d+: table names: a table of Redis is asked by its whole key \(k, shop\), and ON has no equality for shop/,
    ],
    ["in values without a format", `${redis("")} ${select("JOIN", whole)}`, /needs the option 'format'/],
    [
      "by a template that lacks a part of the key",
      `${redis(", 'format' = 'json', 'key-template' = 'n:${k}'")} ${select("JOIN", whole)}`,
      /the template lacks shop of the PRIMARY KEY: rows would share a key[^]*\^{3}[^]*Write \$\{shop\} into it/,
    ],
    [
      "by a template with a column that is not of the key",
      `${redis(", 'format' = 'json', 'key-template' = 'n:${k}:${shop}:${name}'")} ${select("JOIN", whole)}`,
      /the template names name, which is no column of the PRIMARY KEY/,
    ],
    [
      "with a template and a prefix",
      `${redis(", 'format' = 'json', 'key-prefix' = 'n', 'key-template' = 'n:${k}:${shop}'")} ${select("JOIN", whole)}`,
      /the table has a 'key-template' as well/,
    ],
    [
      "with a cache that has no limit",
      `${mysql(", 'lookup.cache' = 'PARTIAL'")} ${select()}`,
      /the cache has no limit[^]*Add 'lookup\.partial-cache\.max-rows', or one of the others/,
    ],
    [
      "with limits and no cache",
      `${mysql(", 'lookup.partial-cache.max-rows' = '10'")} ${select()}`,
      /'lookup\.partial-cache\.max-rows' is of a cache, and the table has none[^]*Add 'lookup\.cache' = 'PARTIAL'/,
    ],
    [
      "with a cache of nothing",
      `${mysql(", 'lookup.cache' = 'PARTIAL', 'lookup.partial-cache.max-rows' = '0'")} ${select()}`,
      /'lookup\.partial-cache\.max-rows' is 0/,
    ],
    [
      "with old names of options",
      `${mysql(", 'lookup.cache.ttl' = '1 min'")} ${select()}`,
      /the option 'lookup\.cache\.ttl' is not supported[^]*Write 'lookup\.cache' = 'PARTIAL' and 'lookup\.partial-cache\.expire-after-write'/,
    ],
    [
      "with too many connections",
      `${mysql(", 'lookup.connections' = '101'")} ${select()}`,
      /'lookup\.connections' is 101/,
    ],
    [
      "with a hint, where it is read whole",
      `${names()}\n${select().replace("SELECT", "SELECT /*+ LOOKUP('table' = 'n', 'capacity' = '5') */")}`,
      /^job\.sql:2:\d+: LOOKUP of n, which is read whole when the job begins[^]*\^{6}[^]*Take the hint out/,
    ],
    ["to be made again a negative number of times", `${mysql(", 'lookup.max-retries' = '-1'")} ${select()}`, /is -1/],
    [
      "in an order that is none",
      `SET 'table.exec.async-lookup.output-mode' = 'FAST';\n${names()} ${select()}`,
      /^job\.sql:1:\d+: the option 'table\.exec\.async-lookup\.output-mode' is 'FAST'[^]*Write 'ORDERED' or 'ALLOW_UNORDERED'/,
    ],
    [
      "with an option that is none",
      `SET 'table.exec.async-lookup.bufer-capacity' = '5'; ${names()} ${select()}`,
      /there is no option 'table\.exec\.async-lookup\.bufer-capacity'/,
    ],
    [
      "with a capacity or a time that is none",
      `SET 'table.exec.async-lookup.buffer-capacity' = '0'; SET 'table.exec.async-lookup.timeout' = 'soon'; ${names()} ${select()}`,
      /buffer-capacity' is '0'[^]*timeout' is 'soon'/,
    ],
  ] as const)
    it(what, async () => {
      await assert.rejects(JobDriver.start(sqlJob(`${orders} ${script}`, "job.sql")), { code: "SQL_INVALID", message });
    });
});
