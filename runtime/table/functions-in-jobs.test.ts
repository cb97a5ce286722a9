/** Functions of SQL in a script that runs as a job, from a file to a file. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { JobDriver } from "../testkit/index.ts";
import { sqlJob } from "./index.ts";

let root: string;

before(() => {
  root = mkdtempSync(join(tmpdir(), "sql-functions-"));
  mkdirSync(join(root, "in"));
  const lines = [
    `1|2026-03-29 00:59:59|{"channel": {"id": 7}}`,
    `2|2026-03-29 01:00:00|{"channel": {}}`,
    "3|not yet|no json",
  ];
  writeFileSync(join(root, "in", "1.csv"), `${lines.join("\n")}\n`);
});
after(() => rmSync(root, { recursive: true }));

/** The rows of the sink, in the order of their ids. */
async function rowsOf(columns: string, query: string, name: string): Promise<readonly Record<string, unknown>[]> {
  const path = join(root, name);
  const script = `SET 'table.local-time-zone' = 'Europe/Berlin';
    CREATE TABLE clicks (id INT, clicked STRING, body STRING) WITH (
      'connector' = 'filesystem', 'path' = '${join(root, "in")}', 'format' = 'csv', 'csv.field-delimiter' = '|',
      'csv.disable-quote-character' = 'true');
    CREATE TABLE made (${columns}) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json');
    INSERT INTO made ${query};`;
  await using driver = await JobDriver.start(sqlJob(script, "job.sql"), { keepSinks: true, parallelism: 1 });
  await driver.run();
  assert.ok(driver.isFinished);
  const text = readdirSync(path)
    .map((part) => readFileSync(join(path, part), "utf8"))
    .join("");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

it("times are read and written in the session's zone, documents by their paths, and NULL goes through", async () => {
  const query = `SELECT id, DATE_FORMAT(TO_TIMESTAMP_LTZ(clicked), 'HH:mm XXX'), JSON_VALUE(body, 'lax $.channel.id' RETURNING INT DEFAULT -1 ON EMPTY),
    JSON_OBJECT('id' VALUE id, 'ok' VALUE body IS JSON) FROM clicks`;
  assert.deepEqual(await rowsOf("id INT, clock STRING, channel INT, body STRING", query, "zoned"), [
    { id: 1, clock: "01:59 +01:00", channel: 7, body: '{"id":1,"ok":true}' },
    { id: 2, clock: "03:00 +02:00", channel: -1, body: '{"id":2,"ok":true}' },
    { id: 3, clock: null, channel: -1, body: '{"id":3,"ok":false}' },
  ]);
});

it("chance and the clock are there", async () => {
  const query = "SELECT id, UUID(), RAND() < 1, RAND_INTEGER(1, 10), NOW() > TO_TIMESTAMP_LTZ(0, 3) FROM clicks";
  const columns = "id INT, uid STRING, below BOOLEAN, seeded INT, isLater BOOLEAN";
  const rows = await rowsOf(columns, query, "chance");
  assert.equal(new Set(rows.map((row) => row["uid"])).size, 3);
  // Those of java.util.Random with the seed 1.
  assert.deepEqual(
    rows.map(({ id, below, seeded, isLater }) => [id, below, seeded, isLater]),
    [
      [1, true, 5, true],
      [2, true, 8, true],
      [3, true, 7, true],
    ],
  );
});
