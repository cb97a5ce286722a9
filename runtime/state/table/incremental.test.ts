/** Snapshots of tables that build on earlier ones (SLC1 to SLC3, SBA1 to SBA3, WTB1 to WTB3, TCH1, TCH2): whatever happened between, what is complete holds what was there at its barrier. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import { t, type ValueType } from "../../record/index.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";
import { CheckpointLine } from "./checkpoint-line.test-support.ts";
import { describedBy, type Held, pool, repeated, type Row as HeldRow, RowWorld } from "./row-world.test-support.ts";
import { type Model, type Row, TableWorld, totalsType } from "./table-world.test-support.ts";

const numbers = {
  name: "byNumber",
  key: t.record({ id: t.float64 }) as ValueType<unknown>,
  value: totalsType,
};

type Protocol = { readonly kind: "trigger" | "write" | "complete" | "checkpoint" | "abort" | "savepoint" | "restore" };
const protocol: fc.Arbitrary<Protocol> = fc.record({
  kind: fc.constantFrom(
    ...(["trigger", "write", "complete", "abort", "savepoint"] as const),
    ...(Array.from({ length: 8 }, () => "checkpoint") as "checkpoint"[]),
    "restore",
  ),
});

/** What both worlds can. */
type World<M> = {
  readonly files: MemorySnapshotFiles;
  fix: RowWorld["fix"] extends (request: infer R) => unknown
    ? (request?: R) => { readonly snapshots: ReturnType<RowWorld["fix"]>["snapshots"]; readonly model: M }
    : never;
};

/** One step of the JobManager; a restore gives another world. */
async function act<M, W extends World<M>>(
  { kind }: Protocol,
  world: W,
  line: CheckpointLine<M>,
  open: (from: { handles: readonly KeyedStateHandle[]; files: MemorySnapshotFiles; model: M }) => Promise<W>,
): Promise<W> {
  const check = async (handles: readonly KeyedStateHandle[], model: M): Promise<W> => {
    const before = new Map(world.files.files);
    const restored = await open({ handles, files: world.files, model });
    assert.deepEqual(before, world.files.files);
    return restored;
  };
  switch (kind) {
    case "trigger":
      line.trigger((request) => world.fix(request));
      return world;
    case "write":
      await line.write();
      return world;
    case "checkpoint":
      if (line.isIdle) line.trigger((request) => world.fix(request));
      await line.write();
    // falls through
    case "complete": {
      const complete = line.complete();
      if (complete !== null) await check(complete.handles, complete.model);
      return world;
    }
    case "abort":
      line.abort();
      return world;
    case "savepoint": {
      const { snapshots, model } = world.fix();
      const files = new MemorySnapshotFiles();
      const handles = await Promise.all(snapshots.map((snapshot) => snapshot.write(files, nextTurn)));
      // All of it is in its own files.
      await open({ handles: handles.filter((handle) => handle !== null), files, model });
      return world;
    }
    case "restore":
      line.abortAll();
      return line.newest === null ? world : check(line.newest.handles, line.newest.model);
  }
}

const idsFrom = (from: number, count: number, stride: number): Row[] =>
  Array.from({ length: count }, (_none, at) => ({ id: from + at * stride }));

const counted = fc.record({
  kind: fc.constant("count" as const),
  slice: fc.integer({ min: 0, max: 2 }),
  from: fc.integer({ min: 0, max: 1700 }),
  rows: fc.constantFrom(1, 5, 40, 300),
  stride: fc.constantFrom(1, 7),
  last: fc.option(fc.bigInt({ min: -5n, max: 5n })),
});
const dropped = fc.record({ kind: fc.constant("drop" as const), slice: fc.integer({ min: 0, max: 2 }) });

test("tables: every checkpoint that is complete holds what was there at its barrier, at any parallelism, with the files that are kept", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          { weight: 5, arbitrary: counted },
          { weight: 1, arbitrary: dropped },
          { weight: 7, arbitrary: protocol },
        ),
        { maxLength: 40, size: "max" },
      ),
      fc.integer({ min: 1, max: 3 }),
      async (steps, parallelism) => {
        let world = await TableWorld.open(numbers, 2);
        // So much that a change is seldom half of a page.
        for (const slice of [0, 1]) world.count(slice, idsFrom(0, 1500, 1), 7n);
        let line = new CheckpointLine<Model>(world.files);
        const open = async (from: {
          handles: readonly KeyedStateHandle[];
          files: MemorySnapshotFiles;
          model: Model;
        }) => {
          const restored = await TableWorld.open(numbers, parallelism, from);
          restored.assertHolds();
          return restored;
        };
        for (const each of steps) {
          if (each.kind === "count") {
            world.count(each.slice, idsFrom(each.from, each.rows, each.stride), each.last);
          } else if (each.kind === "drop") world.drop(each.slice);
          else {
            const after: TableWorld = await act<Model, TableWorld>(each, world, line, open);
            if (after !== world) line = lineAfter(after.files, line);
            world = after;
          }
        }
        line.abortAll();
        world.assertHolds();
      },
    ),
    { numRuns: 8, endOnFailure: true },
  ));

/** A restarted task knows of nothing; the JobManager goes on. */
function lineAfter<M>(files: MemorySnapshotFiles, before: CheckpointLine<M>): CheckpointLine<M> {
  const line = new CheckpointLine<M>(files);
  line.goOnFrom(before);
  return line;
}

type RowStep = {
  readonly kind: "add" | "take" | "mark" | "tidy";
  readonly rows: readonly HeldRow[];
  readonly times: number;
};
const rowSteps: fc.Arbitrary<RowStep> = fc.record({
  kind: fc.constantFrom("add" as const, "add" as const, "take" as const, "mark" as const, "tidy" as const),
  rows: fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: 8 }),
  times: fc.constantFrom(1, 1, 1, 20, 120),
});

test("rows: every checkpoint that is complete holds what was there at its barrier, at any parallelism, with the files that are kept", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 6, arbitrary: rowSteps }, { weight: 6, arbitrary: protocol }), {
        maxLength: 30,
        size: "max",
      }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, parallelism) => {
        const descriptor = describedBy(["name", "id"]);
        let world = await RowWorld.open(descriptor, 2);
        world.add(repeated(pool, 200), 0);
        let line = new CheckpointLine<Held[]>(world.files);
        const open = async (from: {
          handles: readonly KeyedStateHandle[];
          files: MemorySnapshotFiles;
          model: Held[];
        }) => {
          const restored = await RowWorld.open(descriptor, parallelism, from);
          restored.assertHolds(false);
          return restored;
        };
        for (const each of steps) {
          if (each.kind === "add") {
            world.mark(each.rows, 0);
            world.add(repeated(each.rows, each.times), 0);
          } else if (each.kind === "take") world.take(repeated(each.rows, each.times));
          else if (each.kind === "mark") world.mark(each.rows, each.times);
          else if (each.kind === "tidy") world.tidy();
          else {
            const after: RowWorld = await act<Held[], RowWorld>(each as Protocol, world, line, open);
            if (after !== world) line = lineAfter(after.files, line);
            world = after;
          }
        }
        line.abortAll();
        world.assertHolds(false);
      },
    ),
    { numRuns: 8, endOnFailure: true },
  ));

const rowsWith = (from: number, to: number): HeldRow[] =>
  Array.from({ length: to - from }, (_none, at) => ({ ...(pool[0] as HeldRow), id: BigInt(from + at) }));

for (const [what, taken] of [
  ["were removed", rowsWith(0, 32)],
  ["moved to another page", rowsWith(0, 24)],
] as const) {
  test(`rows of a page that ${what} stay so when the file that said it is needed no more (TCH1)`, async () => {
    const world = await RowWorld.open(describedBy(["id"]), 1);
    const line = new CheckpointLine<Held[]>(world.files);
    const checkpoint = async (): Promise<void> => {
      line.trigger((request) => world.fix(request));
      await line.write();
      const complete = line.complete();
      assert.ok(complete !== null);
      (await RowWorld.open(world.descriptor, 2, { ...complete, files: world.files })).assertHolds(false);
    };
    // The first page has 32, the second one 128: what comes next is in a page of its own.
    world.add(rowsWith(0, 32 + 128), 0);
    await checkpoint();
    world.take(taken);
    world.tidy();
    await checkpoint();
    // Of the file of that checkpoint nothing is left.
    world.add(rowsWith(5000, 5020), 0);
    world.take(rowsWith(24, 32));
    await checkpoint();
    world.add(rowsWith(6000, 6001), 0);
    await checkpoint();
  });
}
