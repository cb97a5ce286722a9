import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextTurn } from "../../../base/index.ts";
import { ColumnBuilder, keyHash, NO_TIMESTAMP, t, type ValueType } from "../../record/index.ts";
import { createKeyedBackend } from "../index.ts";
import { type Fixed, type Row, TableWorld, totalsType } from "./table-world.test-support.ts";

const table = (name: string, fields: Readonly<Record<string, ValueType<never>>>) => ({
  name,
  key: t.record(fields) as ValueType<unknown>,
  value: totalsType,
});
const numbers = table("byNumber", { id: t.float64 } as never);

/** Few keys, so that they come again; some of the hashes are the same. */
const kinds = {
  "a number": { descriptor: numbers, row: fc.record({ id: fc.integer({ min: 0, max: 60 }) }) },
  "a text, wide and lone surrogates too": {
    descriptor: table("byText", { name: t.string } as never),
    row: fc.record({
      name: fc.constantFrom("", "a", "ab", "abc", "abcd", "größe", "日本", "\ud800", "\udc00", "\ud83d\ude00"),
    }),
  },
  "a bigint": {
    descriptor: table("byBigint", { id: t.bigint } as never),
    row: fc.record({ id: fc.constantFrom(0n, 1n, -1n, 2n ** 32n, 2n ** 33n, 2n ** 32n + 1n) }),
  },
  "several fields, null too": {
    descriptor: table("bySeveral", {
      day: t.nullable(t.int32),
      name: t.nullable(t.string),
      isOpen: t.boolean,
    } as never),
    row: fc.record({
      day: fc.option(fc.integer({ min: 0, max: 3 })),
      name: fc.option(fc.constantFrom("", "a", "b")),
      isOpen: fc.boolean(),
    }),
  },
};

const slice = fc.integer({ min: 0, max: 2 });
const step = (row: fc.Arbitrary<unknown>) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("count" as const),
        slice,
        rows: fc.array(row, { maxLength: 20 }),
        last: fc.option(fc.bigInt({ min: -5n, max: 5n })),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const), slice }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("fix" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("write" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("discard" as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("restore" as const), parallelism: fc.integer({ min: 1, max: 4 }) }),
    },
  );

for (const [what, { descriptor, row }] of Object.entries(kinds)) {
  test(`by ${what}, it holds what Maps hold, and snapshots hold what they held at the barrier, at any parallelism`, () =>
    fc.assert(
      fc.asyncProperty(fc.array(step(row), { maxLength: 30 }), async (steps) => {
        let world = await TableWorld.open(descriptor, 2);
        let pending: Fixed[] = [];
        for (const each of steps) {
          if (each.kind === "count") world.count(each.slice, each.rows as Row[], each.last);
          if (each.kind === "drop") world.drop(each.slice);
          if (each.kind === "fix") pending.push(world.fix());
          if (each.kind === "discard") for (const snapshot of pending.shift()?.snapshots ?? []) snapshot.discard();
          if (each.kind === "write" && pending[0] !== undefined) {
            const fixed = pending.shift() as Fixed;
            await assertWritten(world, fixed);
          }
          if (each.kind === "restore") {
            const fixed = pending.pop() ?? world.fix();
            pending = [];
            const handles = await world.write(fixed);
            world = await TableWorld.open(descriptor, each.parallelism, {
              handles,
              files: world.files,
              model: fixed.model,
            });
          }
          world.assertHolds();
        }
        for (const fixed of pending) await assertWritten(world, fixed);
      }),
      { numRuns: 100 },
    ));
}

/** What is written holds what was fixed, whatever came after. */
async function assertWritten(world: TableWorld, fixed: Fixed): Promise<void> {
  const handles = await world.write(fixed);
  const restored = await TableWorld.open(world.descriptor, 3, { handles, files: world.files, model: fixed.model });
  restored.assertHolds();
}

test("tables of many pages grow in steps and lose no key, while a snapshot is unwritten", async () => {
  const world = await TableWorld.open(numbers, 2);
  let fixed: Fixed | null = null;
  for (let batch = 0; batch < 30; batch++) {
    const rows = Array.from({ length: 400 }, (_none, at) => ({ id: batch * 300 + at }));
    world.count(0, rows, BigInt(batch));
    if (batch === 15) fixed = world.fix();
  }
  world.assertHolds();
  assert.ok(fixed !== null);
  await assertWritten(world, fixed);
});

test("slots are given out in order, and a key keeps its own", async () => {
  const backend = await createKeyedBackend(
    { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "orders" },
    null,
    nextTurn,
  );
  const ids = [7, 7, 3, 0, 7, 3];
  const slots = new Int32Array(ids.length);
  const column = { kind: "float64", values: Float64Array.from(ids), nulls: null } as const;
  const records = {
    keys: [column],
    hashes: Int32Array.from(ids, keyHash),
    rows: Int32Array.of(0, 1, 2, 3, 4, 5),
    count: 6,
  };
  backend.slicedTable(numbers).table(5).slotsOf(records, slots);
  assert.deepEqual([...slots], [0, 0, 1, 2, 0, 1]);
});

test("texts of one hash are keys of their own, whatever they begin with (TXK1)", async () => {
  const backend = await createKeyedBackend(
    { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "orders" },
    null,
    nextTurn,
  );
  const long = "abcdefghijkl";
  const more = [
    "\0",
    "ab\0",
    "a\0\0",
    long,
    `${long}m`,
    `${long}n`,
    `${long}mnopq`,
    `${long}mnopr`,
    long.slice(1),
    "é",
    "ab",
  ];
  const names = ["ab", "abcd", "ab", "", "abce", "abcd", "", ...more, ...more];
  const builder = new ColumnBuilder(t.record({ name: t.string }) as ValueType<unknown>);
  for (const name of names) builder.appendRow({ name }, NO_TIMESTAMP);
  const { columns, rows, count } = builder.take();
  const slots = new Int32Array(count);
  const byText = table("byText", { name: t.string } as never);
  backend
    .slicedTable(byText)
    .table(0)
    .slotsOf({ keys: columns, hashes: new Int32Array(count), rows, count }, slots);
  const distinct = [...new Set(names)];
  assert.deepEqual(
    [...slots],
    names.map((name) => distinct.indexOf(name)),
  );
});

test("a key of another subtask is refused (CTB3)", async () => {
  const backend = await createKeyedBackend(
    { keyGroups: { first: 0, last: 3 }, maxParallelism: 8, operatorUid: "orders" },
    null,
    nextTurn,
  );
  const foreign = Array.from({ length: 99 }, (_none, key) => key).find((key) => (keyHash(key) >>> 0) % 8 > 3) as number;
  const column = { kind: "float64", values: Float64Array.of(foreign), nulls: null } as const;
  const records = { keys: [column], hashes: Int32Array.of(keyHash(foreign)), rows: Int32Array.of(0), count: 1 };
  assert.throws(() => backend.slicedTable(numbers).table(0).slotsOf(records, new Int32Array(1)), {
    code: "PROTOCOL_VIOLATION",
  });
});
