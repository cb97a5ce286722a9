import assert from "node:assert/strict";
import { test } from "node:test";
import { t, type ValueType } from "./value-type.ts";
import { type GuardMode, ValueGuard } from "./value-guard.ts";

const Count = t.record({ word: t.string, n: t.int64 }) as ValueType<unknown>;
const guardOf = (type: ValueType<unknown>, mode: GuardMode = "sampled", emitsState = false): ValueGuard =>
  new ValueGuard('operator "counts", uid "c1",', type, mode, emitsState);
const MANY = 5000;

class Total {
  n = 1;
}

test("a field too many, one of another type, and an instance of a class are refused by operator, field and value (VG1)", () => {
  const cases: readonly (readonly [ValueType<unknown>, unknown, RegExp])[] = [
    [
      Count,
      { word: "a", n: 1, more: 2 },
      /operator "counts", uid "c1", emitted a record that at \.more is not declared/,
    ],
    [
      Count,
      { word: "a", n: "7" },
      /at \.n is the string "7", but the declared type is int64 \(of record<word: string, n: int64>\)/,
    ],
    [Count, { word: "a" }, /at \.n is missing/],
    [t.any, { total: new Total() }, /at \.total is an instance of class Total/],
    [t.any, new Total(), /is an instance of class Total/],
    [t.string, 3, /is 3 \(number\), but the declared type is string/],
    [
      t.any,
      { get: Object.defineProperty({}, "a", { get: () => 1, enumerable: true }) },
      /at \.get\.a is a property with a getter/,
    ],
  ];
  for (const mode of ["sampled", "all", "unfrozen"] as const) {
    for (const [type, value, message] of cases)
      assert.throws(() => guardOf(type, mode).admit(value), { code: "VALUE_NOT_SERIALIZABLE", message });
  }
});

test("what begins to be wrong after many records is found in the next batch, in every mode (VG1)", () => {
  for (const mode of ["sampled", "all", "unfrozen"] as const) {
    const guard = guardOf(Count, mode);
    for (let n = 0; n < MANY; n++) guard.admit({ word: "a", n });
    guard.checkNext();
    assert.throws(() => guard.admit({ word: "a", n: "7" }), /at \.n is the string "7"/);
  }
});

test("a row object that is reused is an error at its second record, where it is changed (VG2)", () => {
  const guard = guardOf(Count);
  const row = { word: "a", n: 0 };
  assert.equal(guard.admit(row), row, "a record is not copied");
  assert.throws(() => (row.n = 1), /read only property 'n'/);
});

test("undeclared values, and what an operator with state emits, are frozen every time; flat declared ones now and then (VG2)", () => {
  const frozenAfterMany = (guard: ValueGuard): number => {
    for (let n = 0; n < MANY; n++) guard.admit({ word: "a", n });
    guard.checkNext();
    return Array.from({ length: 200 }, (_none, n) => guard.admit({ word: "a", n })).filter(Object.isFrozen).length;
  };
  assert.equal(frozenAfterMany(guardOf(t.any)), 200);
  assert.equal(frozenAfterMany(guardOf(Count, "sampled", true)), 200);
  assert.equal(frozenAfterMany(guardOf(Count, "all")), 200);
  assert.equal(frozenAfterMany(guardOf(Count)), 1);
  assert.equal(frozenAfterMany(guardOf(t.any, "unfrozen", true)), 0);
  assert.equal(frozenAfterMany(guardOf(Count, "open")), 0);
});

test("of a batch that came in every row is looked at like an emitted one (VG1, VG2)", () => {
  const rowsOf = (): unknown[] => Array.from({ length: 2000 }, (_none, n) => ({ word: "a", n }));
  const frozenIn = (guard: ValueGuard): number => {
    const rows = rowsOf();
    guard.admitRows(rows);
    return rows.filter(Object.isFrozen).length;
  };
  const undeclared = guardOf(t.any);
  assert.deepEqual([frozenIn(undeclared), frozenIn(undeclared)], [2000, 2000]);
  const declared = guardOf(Count);
  assert.deepEqual([frozenIn(declared), frozenIn(declared)], [1024, 1]);
  assert.deepEqual([frozenIn(guardOf(t.any, "unfrozen")), frozenIn(guardOf(Count, "open"))], [0, 0]);
  const raw = new Uint8Array([1]);
  const rows: unknown[] = [{ raw }];
  undeclared.admitRows(rows);
  assert.notEqual((rows[0] as { raw: Uint8Array }).raw, raw, "what cannot be frozen is replaced by a copy");
  assert.throws(() => declared.admitRows([{ word: "a", n: "7" }]), { code: "VALUE_NOT_SERIALIZABLE" });
});

test("a buffer that is filled again for each record does not change those before, and each receiver has its own (VG2)", () => {
  const type = t.record({ raw: t.bytes }) as ValueType<unknown>;
  for (const each of [t.any, type]) {
    const guard = guardOf(each);
    const raw = new Uint8Array([0]);
    const emitted: { raw: Uint8Array }[] = [];
    for (let n = 0; n < 3; n++) {
      raw[0] = n;
      emitted.push(guard.admit({ raw }) as { raw: Uint8Array });
    }
    assert.deepEqual(
      emitted.map((value) => value.raw[0]),
      [0, 1, 2],
    );
    const shared = guard.share(emitted[0]) as { raw: Uint8Array };
    shared.raw[0] = 9;
    assert.equal(emitted[0]?.raw[0], 0);
  }
});
