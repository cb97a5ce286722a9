/** Row tables beside a list of rows: rows by key, rows that are found again, marks, snapshots that hold what was, restores at another parallelism (RTP1 to RTP3, RTB1 to RTB4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextTurn } from "../../../base/index.ts";
import type { RowTableDescriptor, SlicedRows } from "../../ports/index.ts";
import { ColumnBuilder, keyGroupOfHash, keyGroupRange, t, type ValueType } from "../../record/index.ts";
import { createKeyedBackend } from "../index.ts";
import {
  batchOf,
  describedBy,
  MAX_PARALLELISM,
  pool,
  repeated,
  type Row,
  RowWorld,
  SLICE,
} from "./row-world.test-support.ts";

const row: fc.Arbitrary<Row> = fc.constantFrom(...pool);

type Step =
  | { readonly kind: "add"; readonly rows: readonly Row[]; readonly times: number }
  | { readonly kind: "take" | "mark"; readonly rows: readonly Row[]; readonly times: number }
  | { readonly kind: "tidy" | "fix" | "restore" };

const rows = fc.array(row, { minLength: 1, maxLength: 12 });
/** Some more often: pages fill and empty. */
const times = fc.constantFrom(1, 1, 40, 100);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("add" as const), rows, times }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), rows, times }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mark" as const), rows, times: fc.constant(1) }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "tidy" }) },
  { weight: 4, arbitrary: fc.constant<Step>({ kind: "fix" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restore" }) },
);

for (const key of [["id"], ["name", "id"], ["worth"], ["amount"]] as const) {
  test(`rows by ${key.join(" and ")}: what was added and not taken is found, over snapshots and restores`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 14, size: "max" }),
        fc.constantFrom(1, 2, 3),
        async (steps, parallelism) => {
          const descriptor = describedBy(key);
          let world = await RowWorld.open(descriptor, parallelism);
          let isOrdered = true;
          const fixed: (ReturnType<RowWorld["fix"]> & { readonly at: number })[] = [];
          for (const [at, each] of steps.entries()) {
            if (each.kind === "add") {
              // Rows that are the same have the same mark.
              world.mark(each.rows, 0);
              world.add(repeated(each.rows, each.times), 0);
            } else if (each.kind === "take") world.take(repeated(each.rows, each.times));
            else if (each.kind === "mark") world.mark(each.rows, 5);
            else if (each.kind === "tidy") world.tidy();
            else if (each.kind === "fix") fixed.push({ ...world.fix(), at });
            else {
              const { snapshots, model } = world.fix();
              const handles = await world.write(snapshots);
              world = await RowWorld.open(descriptor, (parallelism % 3) + 1, { handles, files: world.files, model });
              isOrdered = false;
            }
            // What was fixed is written while rows come and go, and has what was there then.
            const oldest = (fixed[0]?.at ?? at) < at - 2 ? fixed.shift() : undefined;
            if (oldest !== undefined) {
              const handles = await world.write(oldest.snapshots);
              const from = { handles, files: world.files, model: oldest.model };
              (await RowWorld.open(descriptor, 2, from)).assertHolds(false);
            }
            world.assertHolds(isOrdered);
          }
          for (const { snapshots } of fixed) for (const snapshot of snapshots) snapshot.discard();
        },
      ),
      // A failing run is not made smaller: that takes long, with rows by the thousand.
      { numRuns: 15, seed: 17, endOnFailure: true },
    );
  });
}

const someRow = (id: bigint): Row => ({ id, name: `n${id}`, worth: 1, tags: null, isOpen: null, amount: null });

async function restored(
  from: RowTableDescriptor,
  to: RowTableDescriptor,
): Promise<{ readonly rows: SlicedRows; readonly before: RowWorld }> {
  const before = await RowWorld.open(from, 1);
  before.add([someRow(1n), someRow(2n)], 0);
  const { snapshots } = before.fix();
  const handles = await before.write(snapshots);
  const options = {
    keyGroups: keyGroupRange(0, 1, MAX_PARALLELISM),
    maxParallelism: MAX_PARALLELISM,
    operatorUid: "join",
  };
  const backend = await createKeyedBackend(options, { handles, read: before.files.read }, nextTurn);
  return { rows: backend.slicedRows(to), before };
}

test("fields of rows may come, go and change places; new ones are null", async () => {
  const changed = t.record({ amount: t.nullable(t.decimal(2)), id: t.bigint, city: t.nullable(t.string) });
  const to = describedBy(["id"], { row: changed as ValueType<unknown>, identity: ["id"] });
  const { rows: found } = await restored(describedBy(["id"]), to);
  const table = found.table(SLICE);
  const seen: object[] = [];
  table.forEachPage(({ columns, rows: places }) => {
    const builder = new ColumnBuilder(changed as ValueType<unknown>, places.length);
    for (const [field, store] of builder.stores.entries())
      store.gather(columns[field] as never, { rows: places, from: 0, to: places.length, at: 0 });
    builder.count = places.length;
    seen.push(...builder.take().toRows());
  });
  assert.deepEqual(seen, [
    { amount: null, id: 1n, city: null },
    { amount: null, id: 2n, city: null },
  ]);
});

test("what does not fit is refused: another key, a field that was null, marks that are not there", async () => {
  const from = describedBy(["id"]);
  const strict = t.record({ id: t.bigint, name: t.string }) as ValueType<unknown>;
  const cases: readonly [RowTableDescriptor, RowTableDescriptor, RegExp][] = [
    [from, describedBy(["name"]), /its key changed/],
    [from, describedBy(["id"], { row: strict, identity: null }), /field "name" could be null/],
    [describedBy(["id"], { hasMarks: false, identity: null }), from, /field "\$mark" is new/],
  ];
  for (const [old, now, reason] of cases)
    await assert.rejects(
      old.hasMarks ? restored(old, now) : restoredWithoutMarks(old, now),
      (error: Error & { code?: string }) => error.code === "STATE_INCOMPATIBLE" && reason.test(error.message),
    );
});

async function restoredWithoutMarks(from: RowTableDescriptor, to: RowTableDescriptor): Promise<void> {
  const world = await RowWorld.open(from, 1);
  const batch = batchOf([someRow(1n)]);
  const hashes = Int32Array.of(world.hashOf(someRow(1n)));
  world.rows[0]?.table(SLICE).add({ columns: batch.columns, hashes, rows: Int32Array.of(0), count: 1 }, null);
  const handles = await world.write(world.fix().snapshots);
  await RowWorld.open(to, 1, { handles, files: world.files, model: [] });
}

const later: Readonly<Record<string, (world: RowWorld) => void>> = {
  added: (world) => world.add(repeated(pool.slice(3), 300), 1),
  taken: (world) => world.take(pool.slice(0, 3)),
  marked: (world) => world.mark(pool.slice(3), 9),
};

for (const [what, change] of Object.entries(later)) {
  test(`a snapshot has what was there at its barrier, whatever is ${what} until it is written (RTB2)`, async () => {
    const world = await RowWorld.open(describedBy(["id"]), 1);
    world.add(pool, 1);
    const { snapshots, model } = world.fix();
    change(world);
    const handles = await world.write(snapshots);
    const after = await RowWorld.open(describedBy(["id"]), 3, { handles, files: world.files, model });
    after.assertHolds(false);
    world.assertHolds(true);
  });
}

test("a row of a key of another subtask is refused (RTB3)", async () => {
  const world = await RowWorld.open(describedBy(["id"]), 2);
  const foreign = [1n, 2n, 3n, 4n, 5n]
    .map(someRow)
    .find((each) => keyGroupOfHash(world.hashOf(each), MAX_PARALLELISM) >= MAX_PARALLELISM / 2) as Row;
  const batch = batchOf([foreign]);
  const records = {
    columns: batch.columns,
    hashes: Int32Array.of(world.hashOf(foreign)),
    rows: Int32Array.of(0),
    count: 1,
  };
  assert.throws(() => world.rows[0]?.table(SLICE).add(records, null), { code: "PROTOCOL_VIOLATION" });
});

test("rows that come and go take no more pages than a few", async () => {
  const world = await RowWorld.open(describedBy(["id"]), 1);
  const table = (world.rows[0] as SlicedRows).table(SLICE);
  let most = 0;
  for (let round = 0; round < 40; round++) {
    const ids = Array.from({ length: 1000 }, (_none, at) => someRow(BigInt(round * 1000 + at)));
    const { columns } = batchOf(ids);
    const hashes = Int32Array.from(ids, (each) => world.hashOf(each));
    const records = { columns, hashes, rows: Int32Array.from(ids.keys()), count: 1000 };
    table.add(records, null);
    for (let at = 0; at < 990; at++) table.remove(table.findSame(records, at));
    table.tidy();
    table.forEachPage(({ firstSlot }) => (most = Math.max(most, firstSlot)));
  }
  assert.equal(table.size, 400);
  assert.ok(most < 8 * 1024, `a page begins at slot ${most}`);
});

test("many slices of a row each take little memory (RPG2)", async () => {
  const world = await RowWorld.open(describedBy(["id"], { identity: null }), 1);
  const rows = [someRow(1n)];
  const { columns } = batchOf(rows);
  const records = { columns, hashes: Int32Array.of(world.hashOf(rows[0] as Row)), rows: Int32Array.of(0), count: 1 };
  const before = process.memoryUsage().arrayBuffers;
  for (let slice = 0; slice < 2000; slice++) (world.rows[0] as SlicedRows).table(slice).add(records, null);
  const each = (process.memoryUsage().arrayBuffers - before) / 2000;
  assert.ok(each < 8 * 1024, `${each} bytes for each slice`);
  assert.equal(world.rows[0]?.slices().length, 2000);
});
