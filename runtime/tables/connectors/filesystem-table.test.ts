import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "node:test";
import { sinkOperator } from "../../operators/index.ts";
import type { OperatorFactory, TwoPhaseCommitSink } from "../../ports/index.ts";
import { ColumnBuilder } from "../../record/index.ts";
import { rowTypeOf, type SqlType } from "../../sql/index.ts";
import { OperatorHarness, SourceHarness, sourceContract } from "../../testkit/index.ts";
import { tableConnector } from "../registry.ts";
import { sql, tableOf } from "../tables.test-support.ts";
import type { TableSink, TableSource } from "../table-description.ts";

type Options = Readonly<Record<string, string>>;
type Types = Readonly<Record<string, SqlType>>;
type Rows = readonly Readonly<Record<string, unknown>>[];

let root: string;
let folders = 0;

before(() => {
  root = mkdtempSync(join(tmpdir(), "filesystem-table-"));
});
after(() => rmSync(root, { recursive: true }));

function newFolder(files: Readonly<Record<string, string>> = {}): string {
  const path = join(root, String(folders++));
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const types = { a: sql.int, b: sql.string, c: sql.bigint };

function sourceOf(options: Options, read = [0, 1, 2], of: Types = types): TableSource {
  const connector = tableConnector(tableOf(of, { connector: "filesystem", ...options }));
  const source = connector.source?.(read);
  assert.ok(source !== undefined);
  return source;
}

async function rowsOf(options: Options, read?: number[], of?: Types): Promise<Rows> {
  const harness = await SourceHarness.start(sourceOf(options, read, of).source);
  await harness.read();
  await harness.close();
  return harness.values as Rows;
}

function sinkOf(options: Options): TableSink {
  const connector = tableConnector(tableOf(types, { connector: "filesystem", ...options }));
  const sink = connector.sink?.("append");
  assert.ok(sink !== undefined);
  return sink;
}

/** Rows through the encoder and the sink, with a checkpoint that completes. */
async function write(sink: TableSink, rows: Rows): Promise<void> {
  assert.ok(sink.encoder !== null);
  const encoder = await OperatorHarness.open(sink.encoder);
  const builder = new ColumnBuilder(rowTypeOf(tableOf(types, {}).columns));
  for (const row of rows) builder.appendRow(row, 0);
  assert.equal(encoder.operator.processBatch?.(builder.take(), 0), rows.length);
  const writer = await OperatorHarness.open(
    sinkOperator(sink.sink as TwoPhaseCommitSink<unknown>) as OperatorFactory<unknown, unknown>,
  );
  await writer.processAll(encoder.values);
  await writer.snapshot(1);
  await writer.complete(1);
  await writer.close();
}

describe("filesystem", () => {
  it("reads the lines of all files of a folder, or of one, as its columns", async () => {
    const path = newFolder({ "1.csv": "1,a,10\n\n2,b,20\n", "2.csv": "3,c,30", ".hidden": "9,z,90\n" });
    assert.deepEqual(await rowsOf({ path, format: "csv" }), [
      { a: 1, b: "a", c: 10n },
      { a: 2, b: "b", c: 20n },
      { a: 3, b: "c", c: 30n },
    ]);
    const url = pathToFileURL(join(path, "2.csv")).href;
    assert.deepEqual(await rowsOf({ path: url, format: "csv" }, [2, 0]), [{ c: 30n, a: 3 }]);
    const raw = await rowsOf({ path: join(path, "2.csv"), format: "raw" }, [0], { line: sql.string });
    assert.deepEqual(raw, [{ line: "3,c,30" }]);
  });

  it("says in which line a record is that cannot be read, and what to do", async () => {
    const path = newFolder({ "1.json": '{"a":1}\n{"a":"x"}\n' });
    await assert.rejects(
      rowsOf({ path, format: "json" }),
      /table orders: a record cannot be read: the field a: "x" is not INT; mend the file, or set 'json.ignore-parse-errors' = 'true'.*line 2 of .*1.json/,
    );
    const lenient = await rowsOf({ path, format: "json", "json.ignore-parse-errors": "true" }, [0]);
    assert.deepEqual(lenient, [{ a: 1 }, { a: null }]);
  });

  it("writes part files that appear with their checkpoint, and reads them again", async () => {
    const rows = [
      { a: 1, b: "x, y", c: 9_007_199_254_740_993n },
      { a: null, b: "", c: null },
    ];
    for (const format of ["csv", "json"]) {
      const path = join(newFolder(), "out");
      await write(sinkOf({ path, format }), rows);
      const [part = ""] = readdirSync(path);
      const text = readFileSync(join(path, part), "utf8");
      assert.equal(
        text,
        format === "csv"
          ? '1,"x, y",9007199254740993\n,,\n'
          : '{"a":1,"b":"x, y","c":9007199254740993}\n{"a":null,"b":"","c":null}\n',
      );
      assert.deepEqual(await rowsOf({ path, format }), rows);
    }
  });

  it("refuses a file system that it does not have, and partitions", async () => {
    assert.throws(
      () => sourceOf({ path: "hdfs://host/orders", format: "csv" }),
      /'hdfs:\/\/host\/orders' is not of a file system that is mounted here/,
    );
    assert.throws(
      () => sourceOf({ path: "/x", format: "raw" }, [0], { n: sql.int }),
      /a line of a file is text, and the column n is INT/,
    );
    assert.throws(() => sourceOf({ path: " ", format: "csv" }), /the option 'path' is empty/);
    assert.throws(
      () => sourceOf({ path: "/x", format: "csv", "partition.default-name": "none" }),
      /Write a table for each partition/,
    );
  });

  it("finds files that come later where it is to look for them", async () => {
    const path = newFolder();
    const { source } = sourceOf({ path, format: "csv", "source.monitor-interval": "1 s" });
    assert.equal(source.boundedness, "unbounded");
    assert.ok(source.createEnumerator !== undefined);
    assert.equal(sourceOf({ path, format: "csv" }).source.boundedness, "bounded");
  });
});

describe("the source of filesystem", () => {
  const lines = Array.from({ length: 30 }, (_, row) => `${row},text ${row},${row * 1000}`);
  const records = lines.map((_, row) => ({ a: row, b: `text ${row}`, c: BigInt(row * 1000) }));
  const contract = sourceContract(async () => {
    const path = newFolder({ "1.csv": lines.slice(0, 20).join("\n"), "2.csv": lines.slice(20).join("\n") });
    const { source } = sourceOf({ path, format: "csv" });
    return { makeSource: () => source, records };
  });
  for (const { name, run } of contract) it(name, run);
});
