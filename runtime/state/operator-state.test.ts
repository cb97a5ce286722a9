import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OperatorStateHandle } from "../checkpoint/index.ts";
import { freezeValue, t } from "../record/index.ts";
import type { OperatorStateBackend } from "./backend.ts";
import { MemorySnapshotFiles } from "../testkit/index.ts";
import { createOperatorStateBackend } from "./operator-state.ts";
import { shareOf } from "./snapshot/redistribution.ts";

function create(subtask = 0, parallelism = 1): Promise<OperatorStateBackend> {
  return createOperatorStateBackend({ operatorUid: "source", subtask, parallelism }, null);
}

function restoreAll(
  operator: readonly (readonly OperatorStateHandle[])[],
  files: MemorySnapshotFiles,
  parallelism: number,
): Promise<OperatorStateBackend[]> {
  return Promise.all(
    Array.from({ length: parallelism }, (_, subtask) =>
      createOperatorStateBackend({ operatorUid: "source", subtask, parallelism }, { operator, read: files.read }),
    ),
  );
}

test("a list gives back what was added and updated", async () => {
  const backend = await create();
  assert.equal(backend.isRestored, false);
  const list = backend.list({ name: "offsets", type: t.int64 });
  list.add(1);
  list.update([...list.get(), 2]);
  assert.deepEqual(list.get(), [1, 2]);
  assert.equal(backend.list({ name: "offsets", type: t.int64 }), list);
  assert.throws(() => backend.unionList({ name: "offsets", type: t.int64 }), { code: "OPTION_INVALID" });
  assert.throws(() => backend.list({ name: "offsets", type: t.string }), { code: "OPTION_INVALID" });
});

test("split lists go round-robin, union lists to everybody, broadcast lists as one copy (SP-9)", async () => {
  const files = new MemorySnapshotFiles();
  const handles: (readonly OperatorStateHandle[])[] = [];
  for (const subtask of [0, 1]) {
    const backend = await create(subtask, 2);
    backend.list({ name: "split" }).update([0, 1, 2].map((item) => subtask * 3 + item));
    backend.unionList({ name: "union" }).update([`from ${subtask}`]);
    backend.broadcastList({ name: "broadcast" }).update(["rule"]);
    handles.push(await backend.snapshot().write(files));
  }
  const restored = await restoreAll(handles, files, 4);
  assert.deepEqual(
    restored.map((backend) => backend.list({ name: "split" }).get()),
    [[0, 4], [1, 5], [2], [3]],
  );
  for (const backend of restored) {
    assert.equal(backend.isRestored, true);
    assert.deepEqual(backend.unionList({ name: "union" }).get(), ["from 0", "from 1"]);
    assert.deepEqual(backend.broadcastList({ name: "broadcast" }).get(), ["rule"]);
  }
});

test("lists that nobody declares survive any number of restores, with nothing lost or doubled (RD4)", async () => {
  const files = new MemorySnapshotFiles();
  const first = await create();
  first.list({ name: "split" }).update([1, 2, 3, 4, 5]);
  first.unionList({ name: "union" }).update([1, 2, 3]);
  first.broadcastList({ name: "broadcast" }).update([7]);
  let handles: (readonly OperatorStateHandle[])[] = [await first.snapshot().write(files)];
  for (const parallelism of [3, 2, 4]) {
    const backends = await restoreAll(handles, files, parallelism);
    handles = await Promise.all(backends.map((backend) => backend.snapshot().write(files)));
  }
  const [only] = (await restoreAll(handles, files, 1)) as [OperatorStateBackend];
  const sorted = (items: readonly unknown[]): unknown[] =>
    [...items].sort((left, right) => Number(left) - Number(right));
  assert.deepEqual(sorted(only.list({ name: "split" }).get()), [1, 2, 3, 4, 5]);
  assert.deepEqual(sorted(only.unionList({ name: "union" }).get()), [1, 2, 3]);
  assert.deepEqual(only.broadcastList({ name: "broadcast" }).get(), [7]);
});

test("at the parallelism it had, each subtask gets its own list back, so that one region can restart alone (RD1)", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer()), { minLength: 1 }), (lists) => {
      for (const [subtask, list] of lists.entries()) {
        assert.deepEqual(shareOf("split", lists, subtask, lists.length).items, list);
        assert.deepEqual(shareOf("union", lists, subtask, lists.length), { items: lists.flat(), kept: list });
      }
    }),
  );
});

test("at another parallelism each item of a split list goes to exactly one subtask, round-robin (RD1)", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer())), fc.integer({ min: 1, max: 9 }), (lists, parallelism) => {
      fc.pre(lists.length !== parallelism);
      const shares = Array.from(
        { length: parallelism },
        (_, subtask) => shareOf("split", lists, subtask, parallelism).items,
      );
      const flat = lists.flat();
      assert.deepEqual(
        flat.map((_, index) => shares[index % parallelism]?.[Math.floor(index / parallelism)]),
        flat,
      );
      assert.equal(shares.flat().length, flat.length);
    }),
  );
});

test("small lists are kept in the manifest, large ones in files, empty ones nowhere (OPS3)", async () => {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  backend.list({ name: "empty" });
  backend.list({ name: "small" }).add("x");
  backend.list({ name: "large" }).add("x".repeat(5000));
  const handles = await backend.snapshot().write(files);
  assert.deepEqual(
    handles.map(({ name, count, blob }) => [name, count, blob.kind]),
    [
      ["small", 1, "inline"],
      ["large", 1, "file"],
    ],
  );
  const [restored] = (await restoreAll([handles], files, 1)) as [OperatorStateBackend];
  assert.equal((restored.list<string>({ name: "large" }).get()[0] as string).length, 5000);
  assert.deepEqual(backend.declarations()[0], { name: "empty", kind: "operator-list", type: "any" });
});

test("how a list is shared out is in its declaration, also when it was restored and nobody declares it", async () => {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  for (const make of ["list", "unionList", "broadcastList"] as const) backend[make]<string>({ name: make }).add("x");
  const [restored] = (await restoreAll([await backend.snapshot().write(files)], files, 1)) as [OperatorStateBackend];
  for (const each of [backend, restored]) {
    const kinds = each.declarations().map(({ kind }) => kind);
    assert.deepEqual(kinds, ["operator-list", "union-list", "broadcast-list"]);
  }
});

test("items are encoded at the snapshot: later changes do not reach it (OPS1)", async () => {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  const list = backend.list<{ n: number }>({ name: "list" });
  list.add({ n: 1 });
  const snapshot = backend.snapshot();
  (list.get()[0] as { n: number }).n = 2;
  list.add({ n: 3 });
  const [restored] = (await restoreAll([await snapshot.write(files)], files, 1)) as [OperatorStateBackend];
  assert.deepEqual(restored.list({ name: "list" }).get(), [{ n: 1 }]);
});

test("an item that cannot be stored is refused when it comes in, by uid and list (STG1)", async () => {
  const list = (await create()).list<unknown>({ name: "list" });
  assert.throws(
    () => list.add({ when: new URL("http://a/") }),
    /"list".*"source".*at \.when is an instance of class URL/,
  );
  assert.throws(() => list.update([1, () => 1]), /"list".*"source".*a function/);
});

test("a list that was emitted is not the one that grows (STA2)", async () => {
  const list = (await create()).list<number>({ name: "list" });
  list.add(1);
  const emitted = freezeValue({ list: list.get() });
  list.add(2);
  assert.deepEqual([emitted, list.get()], [{ list: [1] }, [1, 2]]);
});

test("an item changed in place to what cannot be stored fails the write and names uid and list (OPS1)", async () => {
  const backend = await create();
  const item: unknown[] = [];
  backend.list<unknown>({ name: "list" }).add(item);
  item.push(() => 1);
  const snapshot = backend.snapshot();
  await assert.rejects(snapshot.write(new MemorySnapshotFiles()), {
    code: "VALUE_NOT_SERIALIZABLE",
    message: /"list".*"source"/,
  });
});

test("an evolved item type converts, another type or another way of sharing is refused by name", async () => {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  backend.list({ name: "list", type: t.record({ a: t.int32, b: t.int32 }) }).add({ a: 1, b: 2 });
  const handles = [await backend.snapshot().write(files)];
  const restored = async (): Promise<OperatorStateBackend> =>
    ((await restoreAll(handles, files, 1)) as [OperatorStateBackend])[0];
  const evolved = (await restored()).list({ name: "list", type: t.record({ a: t.int32, c: t.nullable(t.string) }) });
  assert.deepEqual(evolved.get(), [{ a: 1, c: null }]);
  const message =
    /operator state "list" of operator "source" was written as split list of record<a: int32, b: int32>, but is declared as/;
  const other = await restored();
  assert.throws(() => other.list({ name: "list", type: t.string }), { code: "STATE_INCOMPATIBLE", message });
  assert.throws(() => other.unionList({ name: "list", type: t.record({ a: t.int32, b: t.int32 }) }), {
    code: "STATE_INCOMPATIBLE",
    message,
  });
});
