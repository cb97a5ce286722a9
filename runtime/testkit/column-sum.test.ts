/** `sum` over columns is `sum` over rows: the same records for any types of keys and numbers, over restores that change the parallelism and the form (KS2, SUS1). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Job, job, t } from "../api/index.ts";
import { columnSumOperator, sumOperator } from "../operators/index.ts";
import type { PlainSink, Source } from "../ports/index.ts";
import {
  ColumnBuilder,
  debugColumns,
  type Key,
  keyIdentity,
  NO_TIMESTAMP,
  rowKinds,
  type ValueType,
} from "../record/index.ts";
import { JobDriver } from "./job-driver.ts";
import type { JobSnapshot } from "./job-snapshot.ts";
import { OperatorHarness } from "./operator-harness.ts";

type Row = { readonly key: Key; readonly note: readonly string[]; readonly n: number };
type Form = "rows" | "columns";

const text = fc.oneof(fc.constantFrom("", "a", "b", "ä", "\ud800"), fc.string({ unit: "binary", maxLength: 20 }));
const KEYS: Readonly<Record<string, { readonly type: ValueType<never>; readonly values: fc.Arbitrary<Key> }>> = {
  string: { type: t.string as never, values: text },
  "nullable string": { type: t.nullable(t.string) as never, values: fc.option(text) },
  int64: { type: t.int64 as never, values: fc.constantFrom(0, -0, 1, -7, 2 ** 40) },
  int32: { type: t.int32 as never, values: fc.constantFrom(0, 3, -(2 ** 31)) },
  float64: { type: t.float64 as never, values: fc.constantFrom(0, -0, 0.5, Number.POSITIVE_INFINITY) },
  boolean: { type: t.nullable(t.boolean) as never, values: fc.constantFrom(true, false, null) },
  bigint: { type: t.bigint as never, values: fc.constantFrom(0n, -1n, 2n ** 62n) },
};
const NUMBERS: Readonly<Record<string, { readonly type: ValueType<number>; readonly values: fc.Arbitrary<number> }>> = {
  int64: { type: t.int64, values: fc.constantFrom(0, 1, -5, 2 ** 40) },
  int32: { type: t.int32, values: fc.constantFrom(0, 1, -5) },
  float64: { type: t.float64, values: fc.constantFrom(0.1, 0.2, -0, 1e300) },
};

function typeOf(key: string, number: string): ValueType<Row> {
  return t.record({
    key: KEYS[key]?.type as never,
    note: t.list(t.string),
    n: NUMBERS[number]?.type as never,
  }) as ValueType<never> as ValueType<Row>;
}

const sums = (type: ValueType<Row>, form: Form, parallelism = 1): Job =>
  job((env) => {
    env.configure({ parallelism });
    const rows = env.fromSource(notRead(type), { uid: "rows", parallelism: 1 });
    const keyed = form === "columns" ? rows.keyBy("key") : rows.keyBy((row) => row.key);
    keyed.sum("n", { uid: "sums" }).sinkTo(notWritten, { uid: "out" });
  });

const notRead = (type: ValueType<Row>): Source<Row, number> => ({
  kind: "source",
  name: "rows",
  boundedness: "unbounded",
  type,
  discover: () => [0],
  createReader: () => assert.fail("the driver gives the records"),
});

const notWritten: PlainSink<Row> = {
  kind: "sink",
  name: "out",
  guarantee: "at-least-once",
  createWriter: () => assert.fail("the driver takes the records"),
};

/** Of each key what was emitted for it, in order. */
class Expected {
  readonly #sums = new Map<unknown, number>();

  emitted(rows: readonly Row[]): Row[] {
    return rows.map((row) => {
      const sum = (this.#sums.get(keyIdentity(row.key)) ?? 0) + row.n;
      this.#sums.set(keyIdentity(row.key), sum);
      return { ...row, n: sum };
    });
  }
}

/** Records of one key stay in their order; those of others may be in another subtask. */
function byKey(rows: readonly Row[]): Map<unknown, Row[]> {
  const groups = Map.groupBy(rows, ({ key }) => keyIdentity(key));
  return new Map([...groups].sort(([left], [right]) => (String(left) < String(right) ? -1 : 1)));
}

describe("sum over columns", () => {
  for (const [key, { values: keys }] of Object.entries(KEYS)) {
    for (const [number, { values: numbers }] of Object.entries(NUMBERS)) {
      it(`of ${number} by ${key} emits what sum over rows does, and each goes on with the other's state (KS2, SUS1)`, async () => {
        const type = typeOf(key, number);
        const row = fc.record({ key: keys, note: fc.array(fc.constantFrom("x", "y"), { maxLength: 2 }), n: numbers });
        const stretch = fc.record({
          form: fc.constantFrom<Form>("rows", "columns"),
          parallelism: fc.constantFrom(1, 2, 3),
          rows: fc.array(row, { maxLength: 12 }),
        });
        await fc.assert(
          fc.asyncProperty(fc.array(stretch, { minLength: 2, maxLength: 4 }), async (stretches) => {
            const expected = new Expected();
            let restore: JobSnapshot | undefined;
            for (const { form, parallelism, rows } of stretches) {
              await using driver = await JobDriver.start(
                sums(type, form, parallelism),
                restore === undefined ? { sources: { rows: [] } } : { restore },
              );
              for (const [at, each] of rows.entries()) driver.push("rows", each, at);
              await driver.run();
              const emitted = driver.records<Row>("out");
              assert.deepEqual(byKey(emitted.map(({ value }) => value)), byKey(expected.emitted(rows)));
              for (const { value, timestamp } of emitted) assert.deepEqual(value.note, rows[timestamp]?.note);
              restore = await driver.snapshot();
            }
          }),
          { numRuns: 12 },
        );
      });
    }
  }

  it("refuses a sum that its type does not hold (CSM2)", async () => {
    for (const [number, addend] of [
      ["int32", 2 ** 30],
      ["int64", Number.MAX_SAFE_INTEGER - 1],
    ] as const) {
      const driver = await JobDriver.start(sums(typeOf("string", number), "columns"), { sources: { rows: [] } });
      for (let left = 3; left > 0; left--) driver.push("rows", { key: "a", note: [], n: addend });
      await assert.rejects(driver.run(), {
        code: "VALUE_NOT_SERIALIZABLE",
        message: /sum\("n"\): a sum is [0-9]+, which the field's declared type int/,
      });
    }
  });

  it("refuses sums of keys that the declared column cannot hold (SUS2)", async () => {
    await using first = await JobDriver.start(sums(typeOf("string", "int64"), "rows"), { sources: { rows: [] } });
    first.push("rows", { key: "a", note: [], n: 1 });
    await first.run();
    const restore = await first.snapshot();
    await assert.rejects(JobDriver.start(sums(typeOf("int64", "int64"), "columns"), { restore }), {
      code: "STATE_INCOMPATIBLE",
      message: /uid "sums": the stored state has sums of keys that are not int64/,
    });
  });

  it("leaves nothing of the form that it took over: rows can be read by builds that know no tables (SUS1)", async () => {
    const type = typeOf("string", "int64");
    const ofColumns = await openColumns(type);
    const builder = new ColumnBuilder(type as ValueType<unknown>);
    for (const n of [1, 2]) builder.appendRow({ key: "a", note: [], n }, NO_TIMESTAMP);
    ofColumns.processBatch(builder.take());
    const { files } = ofColumns;
    const tables = await ofColumns.snapshot(1);
    assert.equal(tables.keyed?.kind, "tables");
    const ofRows = await OperatorHarness.open(sumOperator<Row>("n"), {
      keySelector: ({ key }) => key,
      files,
      restore: [tables],
    });
    const values = await ofRows.snapshot(2);
    assert.ok(values.keyed !== null && values.keyed.kind !== "tables");
    ofRows.process({ key: "a", note: [], n: 4 });
    assert.deepEqual(ofRows.values, [{ key: "a", note: [], n: 7 }]);
  });

  it("shares the other columns, and leaves out what a selection does (CSM1)", async () => {
    debugColumns(true);
    const type = typeOf("string", "int64");
    const harness = await openColumns(type);
    const builder = new ColumnBuilder(type as ValueType<unknown>);
    for (const [at, key] of ["a", "b", "a", "a"].entries()) builder.appendRow({ key, note: [key], n: at + 1 }, at);
    const batch = builder.take();
    harness.processBatch(batch.select(Int32Array.of(3, 0, 1), 3));
    batch.release();
    assert.deepEqual(
      harness.events.map((event) => event.kind === "record" && [event.value.key, event.value.n, event.timestamp]),
      [
        ["a", 4, 3],
        ["a", 5, 0],
        ["b", 2, 1],
      ],
    );
  });

  it("refuses NaN as a key, and records that take others back, as operators of rows do", async () => {
    const type = typeOf("float64", "int64");
    const builder = new ColumnBuilder(type as ValueType<unknown>);
    builder.appendRow({ key: Number.NaN, note: [], n: 1 }, NO_TIMESTAMP);
    const harness = await openColumns(type);
    assert.throws(() => harness.processBatch(builder.take()), { code: "KEY_INVALID" });
    builder.appendRow({ key: 1, note: [], n: 1 }, NO_TIMESTAMP);
    builder.rowKinds()[0] = rowKinds.delete;
    assert.throws(() => harness.processBatch(builder.take()), { code: "JOB_GRAPH_INVALID" });
  });

  it("is not for what has no columns", () => {
    const key = t.string;
    const n = t.int64;
    const made = (fields: Readonly<Record<string, ValueType<never>>>): unknown =>
      columnSumOperator({ type: t.record(fields) as ValueType<unknown>, key: "key", field: "n" });
    const any = (type: unknown): ValueType<never> => type as ValueType<never>;
    assert.notEqual(made({ key: any(key), n: any(n) }), null);
    for (const [name, fields] of Object.entries({
      "a field may be missing": { key, n, more: t.optional(t.string) },
      "the sum may be null": { key, n: t.nullable(t.int64) },
      "the sum is a date": { key, n: t.date },
      "the sum is a bigint": { key, n: t.bigint },
      "the key is of several values": { key: t.list(t.string), n },
      "there is no such field": { key },
    }))
      assert.equal(made(fields as never), null, name);
    assert.equal(columnSumOperator({ type: t.any as ValueType<unknown>, key: "key", field: "n" }), null);
  });
});

function openColumns(type: ValueType<Row>): Promise<OperatorHarness<Row, Row>> {
  const factory = columnSumOperator<Row>({ type: type as ValueType<unknown>, key: "key", field: "n" });
  assert.ok(factory !== null);
  return OperatorHarness.open(factory, { keySelector: ({ key }) => key });
}
