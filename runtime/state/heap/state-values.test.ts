import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import { freezeValue, type Key, keyHash, t } from "../../record/index.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";
import type { KeyedStateBackend } from "../backend.ts";
import { createKeyedBackend } from "./heap-backend.ts";

const OPTIONS = { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "orders" };

function create(): Promise<KeyedStateBackend> {
  return createKeyedBackend(OPTIONS, null, nextTurn);
}

function at(backend: KeyedStateBackend, key: Key): void {
  backend.setCurrentKey(key, keyHash(key));
}

async function write(backend: KeyedStateBackend, files: MemorySnapshotFiles): Promise<KeyedStateHandle[]> {
  const handle = await backend.snapshot().write(files, nextTurn);
  return handle === null ? [] : [handle];
}

function restore(handles: readonly KeyedStateHandle[], files: MemorySnapshotFiles): Promise<KeyedStateBackend> {
  return createKeyedBackend(OPTIONS, { handles, read: files.read }, nextTurn);
}

class Total {
  n = 1;
}
const refusedUpdates: Record<string, [(backend: KeyedStateBackend) => void, RegExp]> = {
  "a function": [
    (backend) => backend.value<unknown>({ name: "s" }).update({ callback: () => 1 }),
    /state "s" \(any\) of operator "orders".*"bad key".*at \.callback is a function/,
  ],
  "a string for a number": [
    (backend) => backend.value<unknown>({ name: "s", type: t.int64 }).update("7"),
    /"s" \(int64\).*"bad key".*the string "7".*int64/,
  ],
  "a field too many": [
    (backend) => backend.value<unknown>({ name: "s", type: t.record({ a: t.int64 }) }).update({ a: 1, b: 2 }),
    /at \.b is not declared/,
  ],
  "an instance of a class": [
    (backend) => backend.value<unknown>({ name: "s" }).update(new Total()),
    /"bad key".*an instance of class Total/,
  ],
  "an instance of a class in reducing state": [
    (backend) => backend.reducing<unknown>({ name: "s", reduce: (left) => left }).add({ total: new Total() }),
    /at \.total is an instance of class Total/,
  ],
  "an instance of a class as an accumulator": [
    (backend) =>
      backend
        .aggregating({
          name: "s",
          aggregate: {
            createAccumulator: () => new Total(),
            add: (_: number, total: Total) => total,
            getResult: () => 1,
          },
        })
        .add(1),
    /an instance of class Total/,
  ],
  "a function in a list": [
    (backend) => backend.list<unknown>({ name: "s" }).addAll([1, () => 1]),
    /"bad key".*a function/,
  ],
  "an instance of a class in a list": [
    (backend) => backend.list<unknown>({ name: "s" }).add(new Total()),
    /"bad key".*an instance of class Total/,
  ],
  "a symbol in an updated list": [
    (backend) => backend.list<unknown>({ name: "s" }).update([1, [Symbol("x")]]),
    /at \[0\] is a symbol/,
  ],
  "a URL in a map": [
    (backend) => backend.map<string, unknown>({ name: "s" }).put("cell", { x: new URL("http://a/") }),
    /"bad key".*at \.x is an instance of class URL/,
  ],
  "a map key of another type": [
    (backend) => backend.map<never, unknown>({ name: "s", keyType: t.int32 as never }).put("cell" as never, 1),
    /map key "cell"/,
  ],
};
for (const [sentence, [update, message]] of Object.entries(refusedUpdates)) {
  test(`a value that cannot be stored (${sentence}) is refused at the first update, by operator, state, key and place (STG1)`, async () => {
    const [backend, files] = [await create(), new MemorySnapshotFiles()];
    at(backend, "bad key");
    assert.throws(() => update(backend), { code: "VALUE_NOT_SERIALIZABLE", message });
    await write(backend, files);
  });
}

test("an instance of a class is refused also when many values went before, and it is looked at again and again (STG1)", async () => {
  const backend = await create();
  const value = backend.value<unknown>({ name: "s" });
  at(backend, "k");
  for (let n = 0; n < 2000; n++) value.update({ n });
  assert.throws(() => value.update(new Total()), /class Total/);
  assert.throws(() => {
    for (let n = 0; n < 100; n++) value.update({ n: new Total() });
  }, /class Total/);
});

const spoiled: Record<string, [(backend: KeyedStateBackend) => void, RegExp]> = {
  "a value": [
    (backend) => {
      const value: Record<string, unknown> = { n: 1 };
      backend.value<unknown>({ name: "s" }).update(value);
      value["callback"] = (): number => 1;
    },
    /state "s" \(any\) of operator "orders".*"bad key".*class Object/,
  ],
  "an item of a list": [
    (backend) => {
      const item: unknown[] = [];
      backend.list<unknown>({ name: "s" }).add(item);
      item.push(Symbol("s"));
    },
    /"bad key".*a symbol/,
  ],
  "a value of a map": [
    (backend) => {
      const value: Record<string, unknown> = { n: 1 };
      backend.map<string, unknown>({ name: "s" }).put("cell", value);
      value["total"] = new Total();
    },
    /"bad key", map key "cell".*class Total/,
  ],
};
for (const [what, [update, message]] of Object.entries(spoiled)) {
  test(`${what} that was changed in place to what cannot be stored fails the write, not the job, and is named with its key`, async () => {
    const [backend, files] = [await create(), new MemorySnapshotFiles()];
    at(backend, "good key");
    backend.value<number>({ name: "good" }).update(1);
    at(backend, "bad key");
    update(backend);
    await assert.rejects(write(backend, files), { code: "VALUE_NOT_SERIALIZABLE", message });
    assert.equal(files.aborted, 1);
    at(backend, "good key");
    assert.equal(backend.value<number>({ name: "good" }).value(), 1);
  });
}

test("what was emitted is handed out as a copy: changing it in place, with or without a snapshot, changes nothing emitted (STA2)", async () => {
  for (const hasSnapshot of [false, true]) {
    const [backend, files] = [await create(), new MemorySnapshotFiles()];
    const value = backend.value<{ n: number; list: number[] }>({ name: "value" });
    const map = backend.map<string, { n: number }>({ name: "map" });
    const reducing = backend.reducing<{ n: number }>({
      name: "sum",
      reduce: (left, right) => ((left.n += right.n), left),
    });
    const list = backend.list<number>({ name: "list" });
    at(backend, "k");
    value.update({ n: 1, list: [1] });
    map.put("a", { n: 1 });
    list.add(1);
    const emitted = [value.value(), map.get("a"), reducing.add({ n: 1 }), { list: list.get() }].map((each) =>
      freezeValue(each),
    );
    const snapshot = hasSnapshot ? backend.snapshot() : null;
    const read = value.value() as { n: number; list: number[] };
    read.n = 2;
    read.list.push(2);
    assert.deepEqual(value.value(), { n: 2, list: [1, 2] }, "it is the same object until it is emitted again");
    (map.get("a") as { n: number }).n = 2;
    for (const [, cell] of map.entries()) cell.n += 1;
    reducing.add({ n: 5 });
    list.add(2);
    assert.deepEqual(emitted, [{ n: 1, list: [1] }, { n: 1 }, { n: 1 }, { list: [1] }]);
    assert.deepEqual([map.get("a"), reducing.get(), list.get()], [{ n: 3 }, { n: 6 }, [1, 2]]);
    if (snapshot === null) continue;
    const restored = await restore([(await snapshot.write(files, nextTurn)) as KeyedStateHandle], files);
    at(restored, "k");
    assert.deepEqual(restored.value({ name: "value" }).value(), { n: 1, list: [1] });
    assert.deepEqual(restored.map<string, unknown>({ name: "map" }).get("a"), { n: 1 });
    assert.deepEqual(restored.reducing<unknown>({ name: "sum", reduce: (left) => left }).get(), { n: 1 });
    assert.deepEqual(restored.list({ name: "list" }).get(), [1]);
  }
});

test("a composite key that the record changes later is still the key it was", async () => {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  const value = backend.value<number>({ name: "value" });
  const map = backend.map<Key, number>({ name: "map" });
  const key = { id: 1, part: [-0] };
  at(backend, key);
  value.update(7);
  map.put(key, 8);
  key.id = 2;
  const restored = await restore(await write(backend, files), files);
  at(restored, { id: 1, part: [0] });
  assert.equal(restored.value({ name: "value" }).value(), 7);
  assert.deepEqual([...restored.map<Key, number>({ name: "map" }).entries()], [[{ id: 1, part: [0] }, 8]]);
});
