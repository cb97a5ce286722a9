/** The queries of the SQL bench over its events, in columns: what is there in the end is what DuckDB gives for the same rows. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DuckDBDecimalValue, DuckDBInstance, DuckDBTimestampValue } from "@duckdb/node-api";
import { type DataStream, job, type Job } from "streamjob";
import { printSink } from "streamjob/connectors/basic";
import { tableEnvironment } from "streamjob/table";
import { type EventRange, eventRows, eventSource, eventTimes } from "../../bench/nexmark-sql/event-source.ts";
import { eventTables, type TableName, tableNames } from "../../bench/nexmark-sql/events.ts";
import { type SqlQuery, sqlQueries } from "../../bench/nexmark-sql/queries.ts";
import { sideInput } from "../../bench/nexmark-sql/side-input.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";

/** 12 seconds, so that windows of 10 seconds end among them and at their end; thinned out, so that it takes a second. */
const EVENTS: EventRange = { among: 120_000, every: 10 };

type Change = { readonly kind: string; readonly row: Readonly<Record<string, unknown>> };

const oracleFile = readFileSync(new URL("nexmark-sql-oracle.sql", import.meta.url), "utf8");
const oracles = new Map(
  [...oracleFile.matchAll(/^-- (q\d+|course)\n((?:(?!--).+\n)+)/gm)].map(([, name = "", text = ""]) => [name, text]),
);

/** `creates`: statements ahead of the query. */
function jobOf({ text, tables: names }: SqlQuery, creates: string): Job {
  return job((env) => {
    const tables = tableEnvironment(env);
    tables.execute(creates);
    for (const name of names) {
      const events: DataStream<object> = env
        .fromSource(eventSource(name, EVENTS), { uid: name })
        .transform(eventTimes(name), { uid: `${name}:times`, type: eventTables[name].type });
      tables.table(name, events, { rowtime: "dateTime" });
    }
    tables.sql(text).toChangelogStream({ uid: "changes" }).sinkTo(printSink(), { uid: "out" });
  });
}

/** Rows as lines, and how often each is there in the end. */
async function ours(query: SqlQuery, creates: string): Promise<ReadonlyMap<string, number>> {
  await using driver = await JobDriver.start(jobOf(query, creates), { parallelism: 2, patience: "120s" });
  await driver.run();
  assert.ok(driver.isFinished);
  const counts = new Map<string, number>();
  for (const { kind, row } of driver.output<Change>("out")) {
    const weight = query.weight === null ? 1 : Number(row[query.weight]);
    add(counts, lineOf(query.determined.map((name) => row[name])), kind === "+I" || kind === "+U" ? weight : -weight);
  }
  return counts;
}

function add(counts: Map<string, number>, line: string, change: number): void {
  const count = (counts.get(line) ?? 0) + change;
  if (count === 0) counts.delete(line);
  else counts.set(line, count);
}

/** A decimal as the whole number of its smallest unit, a time in milliseconds. */
const lineOf = (values: readonly unknown[]): string =>
  values
    .map((value) => {
      if (value instanceof DuckDBTimestampValue) return value.micros / 1000n;
      return value instanceof DuckDBDecimalValue ? value.value : value;
    })
    .join(" | ");

function csvOf(name: TableName): string {
  const rows = eventRows(name, EVENTS);
  const times = new Set(
    (eventTables[name].type.fields ?? []).flatMap((field) => (field.type.kind === "timestamp" ? [field.name] : [])),
  );
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) =>
    names
      .map((column) =>
        times.has(column) ? new Date(row[column] as number).toISOString().replace("Z", "") : String(row[column]),
      )
      .join(","),
  );
  return [names.join(","), ...lines].join("\n");
}

describe("queries of the SQL bench give what DuckDB gives", () => {
  const folder = mkdtempSync(join(tmpdir(), "nexmark-sql-"));
  let instance: DuckDBInstance;
  before(async () => {
    instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    for (const name of tableNames) {
      const path = join(folder, `${name}.csv`);
      writeFileSync(path, csvOf(name));
      await connection.run(`CREATE TABLE ${name} AS SELECT * FROM read_csv('${path}', header = true, delim = ',')`);
    }
    sideInput(folder);
    const side = join(folder, "side_input.csv");
    await connection.run(
      `CREATE TABLE side_input AS SELECT * FROM read_csv('${side}', header = false, names = ['key', 'value'])`,
    );
    connection.closeSync();
  });
  after(() => {
    instance.closeSync();
    rmSync(folder, { recursive: true });
  });

  /** `asked`: the same for DuckDB. */
  const check = async (query: SqlQuery, asked: string, creates = ""): Promise<void> => {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(asked);
    connection.closeSync();
    const places = query.determined.map((column) => reader.columnNames().indexOf(column));
    assert.ok(!places.includes(-1), `DuckDB gives ${reader.columnNames().join()}`);
    const differences = new Map(await ours(query, creates));
    const expected = reader.getRows();
    assert.ok(expected.length > 0, "a query without a result says nothing");
    const weightAt = query.weight === null ? -1 : reader.columnNames().indexOf(query.weight);
    for (const row of expected)
      add(differences, lineOf(places.map((place) => row[place])), weightAt < 0 ? -1 : -Number(row[weightAt]));
    assert.deepEqual([...differences].slice(0, 5), [], "rows that one of the two has more often than the other");
  };

  for (const [name, query] of sqlQueries)
    it(name, () =>
      check(
        query,
        oracles.get(name) ?? query.text.replaceAll("`", ""),
        query.text.includes("side_input") ? sideInput(folder) : "",
      ),
    );

  it("all of them are read", () => {
    assert.equal(sqlQueries.size, 23);
  });
});
