import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../byte-buffer.ts";
import { keyHash, keyIdentity } from "../key.ts";
import { keptValue, plainKey } from "../plain-key.ts";
import { NO_TIMESTAMP } from "../row-batch.ts";
import { findMisfit } from "../type-check.ts";
import { anyType, type TypeWithValues } from "../types.test-support.ts";
import { t, type ValueType } from "../value-type.ts";
import { ColumnBatch, debugColumns } from "./column-batch.ts";
import { ColumnBuilder } from "./column-builder.ts";
import { decodeColumns, encodeColumns } from "./column-codec.ts";
import { hashKeyColumns } from "./column-hash.ts";
import { columnsOfRows, rowsOfColumns } from "./conversion.ts";

type Row = Record<string, unknown>;
type Case = { readonly type: ValueType<unknown>; readonly rows: readonly Row[]; readonly times: readonly number[] };

const RUNS = 150;

/** Records of one to four fields of any type, with rows and timestamps. */
const typedRows: fc.Arbitrary<Case> = fc
  .array(anyType as fc.Arbitrary<TypeWithValues>, { minLength: 1, maxLength: 4 })
  .chain((fields) => {
    const named = fields.map((field, place) => [`f${place}`, field] as const);
    const type = t.record(Object.fromEntries(named.map(([name, field]) => [name, field.type]))) as ValueType<unknown>;
    const row = fc.record(Object.fromEntries(named.map(([name, field]) => [name, field.value])), {
      noNullPrototype: true,
    });
    const time = fc.oneof(fc.constant(NO_TIMESTAMP), fc.nat());
    return fc
      .array(fc.tuple(row, time), { maxLength: 40 })
      .map((entries) => ({ type, rows: entries.map(([value]) => value as Row), times: entries.map(([, at]) => at) }));
  });

function built({ type, rows, times }: Case): ColumnBatch {
  const builder = new ColumnBuilder(type, 64);
  for (const [at, row] of rows.entries()) builder.appendRow(row, times[at] as number);
  return builder.take();
}

/** As it comes out of a ring: views on shared memory, which is overwritten once the batch is released. */
function sent(batch: ColumnBatch): ColumnBatch {
  const writer = new ByteWriter(64);
  encodeColumns(batch, writer);
  const memory = new Uint8Array(new SharedArrayBuffer(writer.length));
  memory.set(writer.view());
  const reader = new ByteReader(memory);
  const read = decodeColumns(batch.layout.type, reader, () => void memory.fill(0xdb));
  assert.ok(reader.isAtEnd);
  return read;
}

const timesOf = (batch: ColumnBatch): number[] =>
  Array.from(batch.timestampsFrom(0) ?? new Float64Array(batch.count).fill(NO_TIMESTAMP));

function assertHolds(batch: ColumnBatch, { rows, times }: Omit<Case, "type">): void {
  assert.deepEqual(batch.toRows(), rows);
  assert.deepEqual(timesOf(batch), times);
}

test("rows come back from columns, from their wire form, and from a selection that was gathered, also after the others were released", () => {
  debugColumns(true);
  fc.assert(
    fc.property(typedRows, fc.array(fc.nat(), { maxLength: 12 }), (each, picks) => {
      const batch = built(each);
      assertHolds(batch, each);
      const wired = sent(batch);
      batch.release();
      assertHolds(wired, each);

      const chosen = each.rows.length === 0 ? [] : picks.map((pick) => pick % each.rows.length);
      const expected = {
        rows: chosen.map((at) => each.rows[at] as Row),
        times: chosen.map((at) => each.times[at] as number),
      };
      const selected = wired.select(Int32Array.from(chosen), chosen.length);
      assertHolds(selected, expected);
      const builder = new ColumnBuilder(each.type, 64);
      builder.append(selected, { rows: selected.rows, from: 0, to: chosen.length });
      wired.release();
      assertHolds(builder.take(), expected);
    }),
    { numRuns: RUNS },
  );
  debugColumns(false);
});

test("memory that was released and is used again holds the next batch and nothing of the one before", () => {
  debugColumns(true);
  fc.assert(
    fc.property(typedRows, fc.nat({ max: 40 }), (each, cut) => {
      const builder = new ColumnBuilder(each.type, 64);
      for (const part of [each.rows.slice(0, cut), each.rows.slice(cut), each.rows]) {
        for (const row of part) builder.appendRow(row, NO_TIMESTAMP);
        const batch = builder.take();
        assert.deepEqual(batch.toRows(), part);
        batch.release();
      }
    }),
    { numRuns: RUNS },
  );
  debugColumns(false);
});

/** Every kind of column has keys, also those whose values are none as they are (PLK1). */
const Pair = t.record({ a: t.int32, b: t.nullable(t.date) }) as ValueType<unknown>;
const keyTypes = [
  t.string,
  t.int32,
  t.int64,
  t.bigint,
  t.float64,
  t.boolean,
  t.timestamp,
  t.date,
  t.bytes,
  t.decimal(2),
  t.list(t.int32),
  t.map(t.string, t.float64),
  Pair,
].flatMap((type) => [type as ValueType<unknown>, t.nullable(type as ValueType<unknown>)]);
const keyValues = fc.oneof(
  fc.constant(null),
  fc.string({ unit: "grapheme-composite", maxLength: 9 }),
  fc.constantFrom("\ud800x", "€", "😀é", 'a"b', "a\\b", "\n", -0, 0.5, 1e21, Number.NaN, -5),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -5n, max: 2n ** 53n }),
  fc.double(),
  fc.boolean(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 5 }),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.array(fc.tuple(fc.string(), fc.double()), { maxLength: 3 }).map((entries) => new Map(entries)),
  fc.record({ a: fc.integer(), b: fc.option(fc.date()) }, { noNullPrototype: true }),
);

function hashesOf(type: ValueType<unknown>, rows: readonly object[], places: readonly number[]): number[] {
  const builder = new ColumnBuilder(type, 64);
  for (const row of rows) builder.appendRow(row, NO_TIMESTAMP);
  const hashes = new Int32Array(64);
  hashKeyColumns(builder.take(), places, hashes);
  return [...hashes.subarray(0, rows.length)];
}

test("a column's hashes are those of its values as keys, so rows and columns of one key meet (CHK1)", () => {
  for (const type of keyTypes) {
    fc.assert(
      fc.property(fc.array(keyValues, { maxLength: 30 }), (candidates) => {
        const values = candidates.filter((value) => findMisfit(type, value) === null);
        const hashes = hashesOf(
          t.record({ key: type }) as ValueType<unknown>,
          values.map((key) => ({ key })),
          [0],
        );
        assert.deepEqual(
          hashes,
          values.map((value) => keyHash(plainKey(value))),
        );
      }),
      { numRuns: 40 },
    );
  }
});

test("the hashes of several columns are those of the array of their keys, and of none that of no values (CHC1)", () => {
  const type = t.record(
    Object.fromEntries(keyTypes.map((each, at) => [`c${at}`, t.nullable(each)])),
  ) as ValueType<unknown>;
  fc.assert(
    fc.property(fc.array(fc.array(keyValues, { minLength: 60, maxLength: 60 }), { maxLength: 8 }), (candidates) => {
      const rows = candidates.map((values) =>
        keyTypes.map((each) => values.find((value) => findMisfit(each, value) === null) ?? null),
      );
      const objects = rows.map((values) => Object.fromEntries(values.map((value, at) => [`c${at}`, value])));
      for (const places of [[], [1, 0], keyTypes.map((_type, place) => place)])
        assert.deepEqual(
          hashesOf(type, objects, places),
          rows.map((values) => keyHash(places.map((place) => plainKey(values[place])))),
        );
    }),
    { numRuns: RUNS },
  );
});

/** What tells keys apart: not the order of a Map, nor the sign of zero. */
function sorted(value: unknown): unknown {
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => [key, sorted(item)] as const);
    return new Map(entries.sort(([left], [right]) => (String(left) < String(right) ? -1 : 1)));
  }
  if (Array.isArray(value)) return value.map((item: unknown) => sorted(item));
  return value === 0 ? 0 : value;
}

test("equal values are one key, others are two, and a key gives its value back (PLK1)", () => {
  for (const type of keyTypes) {
    fc.assert(
      fc.property(keyValues, keyValues, (left, right) => {
        if (findMisfit(type, left) !== null || findMisfit(type, right) !== null) return;
        const [one, other] = [plainKey(left), plainKey(right)];
        assert.deepEqual(sorted(keptValue(type, one)), sorted(left));
        let areEqual = true;
        try {
          assert.deepEqual(sorted(left), sorted(right));
        } catch {
          areEqual = false;
        }
        assert.equal(keyIdentity(one) === keyIdentity(other), areEqual);
      }),
      { numRuns: 200 },
    );
  }
});

const Order = t.record({ item: t.string, amount: t.int32 }) as ValueType<unknown>;

test("a row that does not fit is refused as in blocks of rows; fields in another order are not", () => {
  const builder = new ColumnBuilder(Order);
  builder.appendRow({ amount: 1, item: "a" }, NO_TIMESTAMP);
  assert.deepEqual(builder.take().toRows(), [{ item: "a", amount: 1 }]);
  builder.appendRow(Object.assign(Object.create(null) as object, { item: "b", amount: 2 }), NO_TIMESTAMP);
  assert.deepEqual(builder.take().toRows(), [{ item: "b", amount: 2 }]);
  for (const wrong of [
    null,
    7,
    {},
    { item: "a" },
    { item: "a", amount: undefined },
    { item: "a", amount: 1, more: 1 },
    { item: "a", more: 1 },
    { item: 1, amount: 1 },
    { item: "a", amount: 0.5 },
    new (class {
      item = "a";
      amount = 1;
    })(),
  ])
    assert.throws(() => new ColumnBuilder(Order).appendRow(wrong, NO_TIMESTAMP), { code: "VALUE_NOT_SERIALIZABLE" });
});

test("a type without columns is refused with what to do (LYT1)", () => {
  for (const type of [t.string, t.nullable(Order), t.record({ note: t.optional(t.string) })])
    assert.throws(() => new ColumnBuilder(type as ValueType<unknown>), {
      code: "JOB_GRAPH_INVALID",
      message: /declare a t\.record/,
    });
});

test("a batch is released once (CBA1), and one that shares its columns owns nothing (CBA2)", () => {
  const builder = new ColumnBuilder(Order);
  builder.appendRow({ item: "a", amount: 1 }, NO_TIMESTAMP);
  const batch = builder.take();
  batch.select(Int32Array.of(0), 1).release();
  batch.withColumns(batch.layout, batch.columns).release();
  batch.release();
  assert.throws(() => batch.release(), /released once/);
});

test("a released batch is overwritten in debug mode: who kept it reads nonsense", () => {
  debugColumns(true);
  const builder = new ColumnBuilder(Order);
  builder.appendRow({ item: "abc", amount: 1 }, NO_TIMESTAMP);
  const kept = builder.take();
  kept.release();
  debugColumns(false);
  const [row] = kept.toRows() as [{ item: string; amount: number }];
  assert.notEqual(row.item, "abc");
  assert.notEqual(row.amount, 1);
});

test("a damaged block of columns is refused, whatever byte is wrong: no error but PROTOCOL_VIOLATION or FORMAT_TOO_NEW (CCO2)", () => {
  const builder = new ColumnBuilder(t.record({ text: t.nullable(t.string), n: t.bigint }) as ValueType<unknown>);
  for (const text of ["größe", null, "x"]) builder.appendRow({ text, n: 5n }, 7);
  const batch = builder.take();
  const writer = new ByteWriter(64);
  encodeColumns(batch, writer);
  const whole = writer.copy();
  for (let at = 0; at < whole.length; at++) {
    for (const wrong of [
      Uint8Array.from(whole, (byte, place) => (place === at ? byte ^ 0xff : byte)),
      whole.slice(0, at),
    ]) {
      try {
        decodeColumns(batch.layout.type, new ByteReader(wrong)).toRows();
      } catch (error) {
        assert.match((error as { code?: string }).code ?? String(error), /^(PROTOCOL_VIOLATION|FORMAT_TOO_NEW)$/);
      }
    }
  }
});

test("a batch of rows becomes batches of columns and is the same again, with all that it has beside the rows", () => {
  const rows = Array.from({ length: 25 }, (_none, amount) => ({ item: `i${amount}`, amount }));
  const timestamps = Float64Array.from(rows, ({ amount }) => (amount % 3 === 0 ? NO_TIMESTAMP : amount));
  const keyHashes = Int32Array.from(rows, ({ item }) => keyHash(item));
  const whole = { rows, timestamps, keyHashes };
  const batches = columnsOfRows(new ColumnBuilder(Order, 10), whole);
  assert.deepEqual(
    batches.map(({ count }) => count),
    [10, 10, 5],
  );
  const back = batches.map(rowsOfColumns);
  assert.deepEqual(
    back.flatMap((batch) => batch.rows),
    rows,
  );
  assert.deepEqual(Float64Array.from(back.flatMap((batch) => [...(batch.timestamps ?? [])])), timestamps);
  assert.deepEqual(Int32Array.from(back.flatMap((batch) => [...(batch.keyHashes ?? [])])), keyHashes);
});

test("operators of rows are refused records that take others back: they would take them for new ones", () => {
  const changes = { rows: [{ item: "a", amount: 1 }], timestamps: null, keyHashes: null };
  const [inserts] = columnsOfRows(new ColumnBuilder(Order), { ...changes, rowKinds: Uint8Array.of(0) });
  assert.equal(rowsOfColumns(inserts as ColumnBatch).rows.length, 1);
  const [deletes] = columnsOfRows(new ColumnBuilder(Order), { ...changes, rowKinds: Uint8Array.of(3) });
  assert.throws(() => rowsOfColumns(deletes as ColumnBatch), { code: "JOB_GRAPH_INVALID" });
});

test("numbers come back as they are: whole ones, -0, NaN, and those beyond 32 bits", () => {
  const numbers = [0, -0, 1, -7, 2 ** 31, -(2 ** 31), 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53];
  const builder = new ColumnBuilder(t.record({ n: t.float64 }) as ValueType<unknown>);
  for (const n of numbers) builder.appendRow({ n }, NO_TIMESTAMP);
  assert.deepEqual(
    builder.take().toRows(),
    numbers.map((n) => ({ n })),
  );
});
