/** Row tables beside a list of rows: rows by key, rows that are found again, marks, snapshots that hold what was, restores at another parallelism (RTP1 to RTP3, RTB1 to RTB4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import { NO_SLOT, type RowTable, type RowTableDescriptor, type SlicedRows } from "../../ports/index.ts";
import {
  type ColumnBatch,
  ColumnBuilder,
  keyGroupOfHash,
  keyGroupRange,
  type Key,
  keyHash,
  plainKey,
  subtaskOfKeyGroup,
  t,
  type ValueType,
} from "../../record/index.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";
import { createKeyedBackend, type KeyedSnapshot, type KeyedStateBackend } from "../index.ts";

const MAX_PARALLELISM = 8;
const SLICE = 3;

type Row = {
  readonly id: bigint;
  readonly name: string | null;
  readonly worth: number;
  readonly tags: readonly string[] | null;
  readonly isOpen: boolean | null;
  readonly amount: bigint | null;
};

const rowType = t.record({
  id: t.bigint,
  name: t.nullable(t.string),
  worth: t.float64,
  tags: t.nullable(t.list(t.string)),
  isOpen: t.nullable(t.boolean),
  amount: t.nullable(t.decimal(2)),
}) as ValueType<unknown>;

const describedBy = (key: readonly string[], more: Partial<RowTableDescriptor> = {}): RowTableDescriptor => ({
  name: "rows",
  row: rowType,
  key,
  identity: ["id", "name", "worth", "tags", "isOpen", "amount"],
  hasMarks: true,
  ...more,
});

const texts = new WeakMap<object, string>();

function textOf(row: object): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const text = JSON.stringify(row, (_name, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  texts.set(row, text);
  return text;
}

function batchOf(rows: readonly object[], type = rowType): ColumnBatch {
  const builder = new ColumnBuilder(type, Math.max(1, rows.length));
  for (const row of rows) builder.appendRow(row, 0);
  return builder.take();
}

type Held = { readonly row: Row; mark: number };

/** The table of one subtask of several, and what is to be in all of them. */
class RowWorld {
  readonly descriptor: RowTableDescriptor;
  readonly files: MemorySnapshotFiles;
  readonly backends: readonly KeyedStateBackend[];
  readonly rows: readonly SlicedRows[];
  model: Held[];

  private constructor(
    descriptor: RowTableDescriptor,
    files: MemorySnapshotFiles,
    { backends, model }: { readonly backends: readonly KeyedStateBackend[]; readonly model: Held[] },
  ) {
    this.descriptor = descriptor;
    this.files = files;
    this.backends = backends;
    this.rows = backends.map((backend) => backend.slicedRows(descriptor));
    this.model = model;
  }

  static async open(
    descriptor: RowTableDescriptor,
    parallelism: number,
    from: { readonly handles: readonly KeyedStateHandle[]; files: MemorySnapshotFiles; model: Held[] } | null = null,
  ): Promise<RowWorld> {
    const backends = await Promise.all(
      Array.from({ length: parallelism }, (_none, subtask) =>
        createKeyedBackend(
          {
            keyGroups: keyGroupRange(subtask, parallelism, MAX_PARALLELISM),
            maxParallelism: MAX_PARALLELISM,
            operatorUid: "join",
          },
          from === null ? null : { handles: from.handles, read: from.files.read },
          nextTurn,
        ),
      ),
    );
    const model = (from?.model ?? []).map((held) => ({ ...held }));
    return new RowWorld(descriptor, from?.files ?? new MemorySnapshotFiles(), { backends, model });
  }

  hashOf(row: Row): number {
    const { key } = this.descriptor;
    const [only, second] = key.map((name) => plainKey(row[name as keyof Row]));
    return keyHash(second === undefined ? (only as Key) : [only as Key, second]);
  }

  add(rows: readonly Row[], mark: number): void {
    this.#byOwner(rows, (table, batch, { hashes, places }) => {
      const marks = this.descriptor.hasMarks ? new Int32Array(places.length).fill(mark) : null;
      const slots = new Int32Array(places.length);
      table.add({ columns: batch.columns, hashes, rows: places, count: places.length }, marks, slots);
      for (const slot of slots) assert.equal(table.markOf(slot), mark);
    });
    this.model.push(...rows.map((row) => ({ row, mark })));
  }

  /** Rows of which one that is the same is taken out, if there is one. */
  take(rows: readonly Row[]): void {
    this.#byOwner(rows, (table, batch, { hashes, places }) => {
      for (let at = 0; at < places.length; at++) {
        const row = rows[places[at] as number] as Row;
        const slot = table.findSame({ columns: batch.columns, hashes, rows: places, count: places.length }, at);
        const found = this.model.findIndex((held) => textOf(held.row) === textOf(row));
        assert.equal(slot !== NO_SLOT, found >= 0);
        if (slot === NO_SLOT) continue;
        // Equal rows have equal marks in this world.
        assert.equal(table.markOf(slot), this.model[found]?.mark);
        table.remove(slot);
        this.model.splice(found, 1);
      }
    });
  }

  /** All rows that are the same as one of these. */
  mark(rows: readonly Row[], mark: number): void {
    const wanted = new Set(rows.map(textOf));
    for (const table of this.#tables())
      table.forEachPage(({ columns, rows: places, firstSlot }) => {
        const batch = new ColumnBuilder(rowType, places.length);
        for (const [field, store] of batch.stores.entries())
          store.gather(columns[field] as never, { rows: places, from: 0, to: places.length, at: 0 });
        batch.count = places.length;
        for (const [at, row] of batch.take().toRows().entries())
          if (wanted.has(textOf(row))) table.setMark(firstSlot + (places[at] as number), mark);
      });
    for (const held of this.model) if (wanted.has(textOf(held.row))) held.mark = mark;
  }

  tidy(): void {
    for (const table of this.#tables()) table.tidy();
  }

  fix(): { readonly snapshots: readonly KeyedSnapshot[]; readonly model: Held[] } {
    return {
      snapshots: this.backends.map((backend) => backend.snapshot()),
      model: this.model.map((held) => ({ ...held })),
    };
  }

  async write(snapshots: readonly KeyedSnapshot[]): Promise<KeyedStateHandle[]> {
    const handles = await Promise.all(snapshots.map((snapshot) => snapshot.write(this.files, nextTurn)));
    return handles.filter((handle) => handle !== null);
  }

  /** `isOrdered`: rows of a key are in the order in which they came. */
  assertHolds(isOrdered: boolean): void {
    const shown = ({ row, mark }: Held): string => `${textOf(row)} ${mark}`;
    const distinct = [...new Map(this.model.map(({ row }) => [this.#keyText(row), row])).values()];
    let total = 0;
    this.#byOwner(distinct, (table, batch, { hashes, places }) => {
      const first = new Int32Array(places.length);
      const { key } = this.descriptor;
      const fields = rowType.fields ?? [];
      const keys = key.map((name) => batch.columns[fields.findIndex((field) => field.name === name)] as never);
      table.find({ keys, hashes, rows: places, count: places.length }, first);
      for (let at = 0; at < places.length; at++) {
        const row = distinct[places[at] as number] as Row;
        const found: Held[] = [];
        const slots: number[] = [];
        for (let slot = first[at] as number; slot !== NO_SLOT; slot = table.next[slot] as number) slots.push(slot);
        const builder = new ColumnBuilder(rowType, Math.max(1, slots.length));
        for (const [field, store] of builder.stores.entries())
          table.gather(field, { slots: Int32Array.from(slots), from: 0, to: slots.length, at: 0 }, store);
        builder.count = slots.length;
        for (const [index, each] of builder.take().toRows().entries())
          found.push({ row: each as Row, mark: table.markOf(slots[index] as number) });
        const wanted = this.model.filter((held) => this.#keyText(held.row) === this.#keyText(row)).map(shown);
        const shownRows = found.map(shown);
        assert.deepEqual(isOrdered ? shownRows : shownRows.sort(), isOrdered ? wanted : wanted.sort());
        total += found.length;
      }
    });
    assert.equal(total, this.model.length);
    assert.equal(
      this.#tables().reduce((sum, table) => sum + table.size, 0),
      this.model.length,
    );
  }

  #keyText(row: Row): string {
    return textOf(this.descriptor.key.map((name) => row[name as keyof Row]));
  }

  #tables(): readonly RowTable[] {
    return this.rows.map((rows) => rows.table(SLICE));
  }

  #byOwner(
    rows: readonly Row[],
    use: (table: RowTable, batch: ColumnBatch, own: { hashes: Int32Array; places: Int32Array }) => void,
  ): void {
    const hashes = Int32Array.from(rows, (row) => this.hashOf(row));
    for (const [subtask, table] of this.#tables().entries()) {
      const own = rows.flatMap((_row, at) => {
        const group = keyGroupOfHash(hashes[at] as number, MAX_PARALLELISM);
        return subtaskOfKeyGroup(group, this.backends.length, MAX_PARALLELISM) === subtask ? [at] : [];
      });
      const batch = batchOf(rows);
      if (own.length > 0) use(table, batch, { hashes, places: Int32Array.from(own) });
      batch.release();
    }
  }
}

/** Few: what is taken or marked is often there. */
const pool: readonly Row[] = [
  { id: 1n, name: "ada", worth: 0, tags: null, isOpen: true, amount: 12n },
  { id: 1n, name: "ada", worth: 0, tags: ["a", "b"], isOpen: true, amount: 12n },
  { id: 1n, name: null, worth: -7, tags: [], isOpen: null, amount: null },
  { id: 2n, name: "", worth: 1.5, tags: null, isOpen: false, amount: 2n ** 70n },
  { id: 2n, name: "some longer text that takes more words", worth: 0, tags: ["a"], isOpen: null, amount: null },
  { id: -3n, name: "é\u{1f600}", worth: -7, tags: null, isOpen: false, amount: 12n },
  { id: 2n ** 40n, name: "", worth: 1.5, tags: ["a", "b"], isOpen: null, amount: -1n },
  { id: 2n ** 40n, name: null, worth: Number.NaN, tags: [], isOpen: true, amount: 12n },
];
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

const repeated = (from: readonly Row[], count: number): readonly Row[] =>
  Array.from({ length: count }, () => from).flat();

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
