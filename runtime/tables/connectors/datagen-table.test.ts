import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SourceHarness, sourceContract } from "../../testkit/index.ts";
import { findMisfit } from "../../record/index.ts";
import { tableConnector } from "../registry.ts";
import { notNull, sql, tableOf } from "../tables.test-support.ts";
import type { SqlType } from "../../sql/index.ts";
import type { TableSource } from "../table-description.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];

function sourceOf(
  types: Readonly<Record<string, SqlType>>,
  options: Readonly<Record<string, string>>,
  read = Object.keys(types).map((_, place) => place),
): TableSource {
  const connector = tableConnector(tableOf(types, { connector: "datagen", "rows-per-second": "1000000", ...options }));
  const source = connector.source?.(read);
  assert.ok(source !== undefined);
  return source;
}

async function rowsOf(
  types: Readonly<Record<string, SqlType>>,
  options: Readonly<Record<string, string>>,
  read?: number[],
): Promise<Rows> {
  const { source } = sourceOf(types, options, read);
  const harness = await SourceHarness.start(source);
  await harness.read();
  await harness.close();
  return harness.values as Rows;
}

describe("datagen", () => {
  it("ends behind the shortest sequence, and counts from its start", async () => {
    const types = { a: sql.int, b: sql.string, c: sql.decimal(10, 2), d: sql.bigint };
    const fields = Object.fromEntries(
      Object.keys(types).flatMap((name, place) => [
        [`fields.${name}.kind`, "sequence"],
        [`fields.${name}.start`, "5"],
        [`fields.${name}.end`, String(7 + place)],
      ]),
    );
    assert.deepEqual(await rowsOf(types, fields), [
      { a: 5, b: "5", c: 500n, d: 5n },
      { a: 6, b: "6", c: 600n, d: 6n },
      { a: 7, b: "7", c: 700n, d: 7n },
    ]);
    assert.equal((await rowsOf(types, { ...fields, "number-of-rows": "2" })).length, 2);
  });

  it("makes random values of every type, within their bounds", async () => {
    const types = {
      a: notNull(sql.boolean),
      b: sql.tinyint,
      c: sql.int,
      d: sql.bigint,
      e: sql.double,
      f: sql.decimal(6, 2),
      g: sql.string,
      h: sql.bytes,
      i: sql.date,
      j: sql.time(0),
      k: sql.timestamp(3),
      l: sql.instant(6),
      m: sql.array(sql.int),
      n: sql.map(sql.string, sql.double),
      o: sql.row({ x: sql.int }),
      p: sql.multiset(sql.string),
      q: sql.float,
    };
    const options = {
      "number-of-rows": "200",
      "fields.c.min": "-3",
      "fields.c.max": "3",
      "fields.f.max": "10",
      "fields.g.length": "5",
      "fields.o.x.max": "9",
      "fields.o.x.min": "7",
      "fields.k.max-past": "1 h",
      "fields.d.null-rate": "0.5",
    };
    const { source } = sourceOf(types, options);
    const harness = await SourceHarness.start(source);
    await harness.read();
    await harness.close();
    const rows = harness.values as Rows;
    assert.equal(rows.length, 200);
    for (const row of rows) {
      assert.equal(findMisfit(source.type, row), null);
      assert.match(row["g"] as string, /^[0-9a-f]{5}$/);
      assert.ok((row["f"] as bigint) >= 0n && (row["f"] as bigint) <= 1000n);
      assert.ok([7, 8, 9].includes((row["o"] as { x: number }).x));
    }
    assert.deepEqual(new Set(rows.map(({ c }) => c)), new Set([-3, -2, -1, 0, 1, 2, 3]));
    const nulls = rows.filter(({ d }) => d === null).length;
    assert.ok(nulls > 60 && nulls < 140, `${nulls} of 200 are NULL`);
    assert.ok(rows.some(({ b }) => (b as number) < -50) && rows.some(({ b }) => (b as number) > 50));
  });

  it("TBCG1: gives each column the same values whichever columns are read with it", async () => {
    const types = { a: sql.int, b: sql.string };
    const whole = await rowsOf(types, { "number-of-rows": "10" });
    const part = await rowsOf(types, { "number-of-rows": "10" }, [1]);
    assert.deepEqual(
      part,
      whole.map(({ b }) => ({ b })),
    );
    assert.equal(new Set(whole.map(({ a }) => a)).size, 10);
  });

  it("refuses a field of no column, a sequence without an end, and NULLs where none may be", async () => {
    const refused: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{ "fields.x.min": "1" }, /is of no column of the table. Its columns are a/],
      [{ "fields.a.kind": "sequence", "fields.a.start": "1" }, /needs the option 'fields.a.end'/],
      [{ "fields.a.kind": "sequence", "fields.a.start": "3", "fields.a.end": "1" }, /ends at 1, before its start 3/],
      [{ "fields.a.null-rate": "0.1" }, /is NOT NULL, and has a rate of NULLs/],
      [{ "fields.a.max": "ten" }, /Write a number/],
      [{ "fields.a.max": "1.5" }, /the option 'fields.a.max' is '1.5', and the column a is INT NOT NULL/],
      [{ "fields.a.max": "3000000000" }, /Write a number of that type/],
      [{ "fields.a.min": "3", "fields.a.max": "2" }, /is below its least one/],
      [{ "rows-per-second": "0" }, /rows-per-second is not above 0/],
    ];
    for (const [options, expected] of refused)
      assert.throws(() => sourceOf({ a: notNull(sql.int) }, options), expected);
  });
});

describe("collection", () => {
  const rowsIn = (rows: string, read: readonly number[] = [1, 0]) =>
    tableConnector(
      tableOf({ a: sql.bigint, b: notNull(sql.timestamp(3)) }, { connector: "collection", rows }),
    ).source?.(read);

  it("TBIN1: has the rows of its option, with all their digits, in their order", async () => {
    const made = rowsIn('[{"a":9007199254740993,"b":"1970-01-01 00:00:01"},{"b":"1970-01-01 00:00:02"}]');
    assert.ok(made !== undefined && made.source.boundedness === "bounded");
    const harness = await SourceHarness.start(made.source);
    await harness.read();
    await harness.close();
    assert.deepEqual(harness.values, [
      { b: 1000, a: 9_007_199_254_740_993n },
      { b: 2000, a: null },
    ]);
  });

  it("TBIN1: refuses rows that do not fit, with their number", () => {
    assert.throws(
      () => rowsIn('[{"b":"1970-01-01 00:00:01"},{"a":1}]'),
      /row 2 of the option 'rows' cannot be read: the field b is TIMESTAMP\(3\) NOT NULL/,
    );
    assert.throws(() => rowsIn("{}"), /the option 'rows' cannot be read: it is no array/);
    assert.throws(() => rowsIn("[1"), /it is no JSON/);
  });
});

const types = { a: sql.int, b: sql.string };
const { source } = sourceOf(types, { "number-of-rows": "20" });
const records = await rowsOf(types, { "number-of-rows": "20" });
describe("the source of datagen", () => {
  for (const { name, run } of sourceContract(() => ({ makeSource: () => source, records }))) it(name, run);
});
