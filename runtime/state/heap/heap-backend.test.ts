import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import {
  type Key,
  keyGroupOfHash,
  keyGroupRange,
  keyHash,
  MAX_WATERMARK,
  subtaskOfKeyGroup,
  t,
} from "../../record/index.ts";
import type { KeyedStateBackend } from "../backend.ts";
import { createKeyedBackend } from "./heap-backend.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";

const MAX_PARALLELISM = 8;
const OPTIONS = {
  keyGroups: { first: 0, last: MAX_PARALLELISM - 1 },
  maxParallelism: MAX_PARALLELISM,
  operatorUid: "orders",
};

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

function restore(
  handles: readonly KeyedStateHandle[],
  files: MemorySnapshotFiles,
  options = OPTIONS,
): Promise<KeyedStateBackend> {
  return createKeyedBackend(options, { handles, read: files.read }, nextTurn);
}

/** A back end of its own with what `fill` put into it, written and restored. */
async function restoredWith(fill: (backend: KeyedStateBackend) => void): Promise<KeyedStateBackend> {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  fill(backend);
  return restore(await write(backend, files), files);
}

const noHandler = () => ({ onEventTime: () => {}, onProcessingTime: () => {} });

test("state belongs to the current key (STA1)", async () => {
  const backend = await create();
  const count = backend.value<number>({ name: "count" });
  for (const key of ["a", "b", "a"]) {
    at(backend, key);
    count.update((count.value() ?? 0) + 1);
  }
  at(backend, "a");
  assert.equal(count.value(), 2);
  at(backend, "b");
  assert.equal(count.value(), 1);
  count.clear();
  assert.equal(count.value(), undefined);
  assert.equal(backend.currentKey(), "b");
});

test("an update with undefined removes the value", async () => {
  const backend = await create();
  const value = backend.value<string | undefined>({ name: "value" });
  at(backend, 1);
  value.update("x");
  value.update(undefined);
  assert.equal(value.value(), undefined);
  assert.equal(await backend.snapshot().write(new MemorySnapshotFiles(), nextTurn), null);
});

test("keys of different types and equal content are different keys, composite keys are compared by content", async () => {
  const backend = await create();
  const value = backend.value<string>({ name: "value" });
  const keys: Key[] = [1, "1", 1n, true, "true", null, "null", [1], ["1"], { a: 1 }, { a: "1" }];
  for (const key of keys) {
    at(backend, key);
    assert.equal(value.value(), undefined);
    value.update(JSON.stringify(key, (_, item) => (typeof item === "bigint" ? `${item}n` : item)));
  }
  at(backend, JSON.parse('{"a":1}') as Key);
  assert.equal(value.value(), '{"a":1}');
});

test("state used without a current key is refused and says where it may be used", async () => {
  const value = (await create()).value({ name: "count" });
  assert.throws(() => value.value(), /state "count" of operator "orders".*no current key.*not in open\(\)/);
});

test("a key of another subtask is refused", async () => {
  const backend = await createKeyedBackend({ ...OPTIONS, keyGroups: { first: 0, last: 3 } }, null, nextTurn);
  const value = backend.value({ name: "count" });
  const foreign = Array.from({ length: 99 }, (_, key) => key).find(
    (key) => keyGroupOfHash(keyHash(key), MAX_PARALLELISM) > 3,
  );
  at(backend, foreign as number);
  assert.throws(() => value.value(), { code: "PROTOCOL_VIOLATION" });
  assert.throws(() => value.update(1), { code: "PROTOCOL_VIOLATION" });
});

test("the same declaration twice gives the same state, another kind or type is refused (STA3)", async () => {
  const backend = await create();
  const first = backend.value({ name: "count", type: t.int64 });
  assert.equal(backend.value({ name: "count", type: t.int64 }), first);
  assert.throws(() => backend.value({ name: "count", type: t.string }), { code: "OPTION_INVALID" });
  assert.throws(() => backend.list({ name: "count", type: t.int64 }), { code: "OPTION_INVALID" });
  assert.throws(() => backend.value({ name: "" }), { code: "OPTION_INVALID" });
  const handler = noHandler();
  assert.equal(backend.timers("count", handler), backend.timers("count", handler));
  assert.throws(() => backend.timers("count", noHandler()), { code: "OPTION_INVALID" });
});

test("serials start again without an old lookup fitting by chance (KC2)", async () => {
  const backend = await create();
  const value = backend.value<string>({ name: "value" });
  at(backend, "a");
  value.update("of a");
  const { context } = backend as unknown as { context: { serial: number } };
  const serialOfA = context.serial;
  context.serial = 0x3fff_fffe;
  for (let turn = 0; turn <= serialOfA; turn++) at(backend, "b");
  assert.equal(context.serial, serialOfA);
  assert.equal(value.value(), undefined);
});

test("a list may be added to itself, and long lists are added without overflow", async () => {
  const backend = await create();
  const list = backend.list<number>({ name: "list" });
  at(backend, "a");
  list.addAll([1, 2]);
  list.addAll(list.get());
  assert.deepEqual(list.get(), [1, 2, 1, 2]);
  list.addAll(Array.from({ length: 300_000 }, (_, index) => index));
  assert.equal(list.get().length, 300_004);
  list.update([]);
  assert.deepEqual(list.get(), []);
});

test("map state knows its cells, and is empty when the last one is gone", async () => {
  const backend = await create();
  const map = backend.map<Key, number>({ name: "map" });
  at(backend, "a");
  assert.equal(map.isEmpty(), true);
  map.put([1], 1);
  map.put("x", 2);
  assert.equal(map.has([1]), true);
  map.remove([1]);
  assert.deepEqual([...map.entries()], [["x", 2]]);
  map.remove("x");
  map.remove("x");
  assert.equal(map.isEmpty(), true);
  assert.equal(await backend.snapshot().write(new MemorySnapshotFiles(), nextTurn), null);
});

for (const [oldParallelism, newParallelism] of [
  [1, 1],
  [1, 3],
  [3, 1],
  [3, 2],
  [2, 8],
  [8, 5],
] as const) {
  test(`state written at parallelism ${oldParallelism} is whole at ${newParallelism}, each key with its own subtask`, async () => {
    const files = new MemorySnapshotFiles();
    const keys: Key[] = Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? index : `key ${index}`));
    const ownedBy = (parallelism: number, subtask: number): Key[] =>
      keys.filter(
        (key) =>
          subtaskOfKeyGroup(keyGroupOfHash(keyHash(key), MAX_PARALLELISM), parallelism, MAX_PARALLELISM) === subtask,
      );
    const handles: KeyedStateHandle[] = [];
    for (let subtask = 0; subtask < oldParallelism; subtask++) {
      const keyGroups = keyGroupRange(subtask, oldParallelism, MAX_PARALLELISM);
      const backend = await createKeyedBackend({ ...OPTIONS, keyGroups, chunkBytes: 100 }, null, nextTurn);
      const [value, timers] = [backend.value<Key>({ name: "value" }), backend.timers("timers", noHandler())];
      for (const key of ownedBy(oldParallelism, subtask)) {
        at(backend, key);
        value.update(key);
        timers.registerEventTime(1000);
      }
      handles.push(...(await write(backend, files)));
    }
    for (let subtask = 0; subtask < newParallelism; subtask++) {
      const backend = await restore(handles, files, {
        ...OPTIONS,
        keyGroups: keyGroupRange(subtask, newParallelism, MAX_PARALLELISM),
      });
      const value = backend.value<Key>({ name: "value" });
      const fired: Key[] = [];
      backend.timers("timers", {
        onEventTime: () => void fired.push(backend.currentKey()),
        onProcessingTime: () => {},
      });
      backend.advanceWatermark(1000);
      const owned = ownedBy(newParallelism, subtask);
      assert.deepEqual(new Set(fired), new Set(owned));
      assert.equal(fired.length, owned.length);
      for (const key of owned) {
        at(backend, key);
        assert.equal(value.value(), key);
      }
    }
  });
}

test("a handle may list several files, each with key groups of its own (HAN3)", async () => {
  const files = new MemorySnapshotFiles();
  const halves = await Promise.all(
    ["a", "b"].map(async (key, subtask) => {
      const keyGroups = keyGroupRange(subtask, 2, MAX_PARALLELISM);
      const backend = await createKeyedBackend({ ...OPTIONS, keyGroups }, null, nextTurn);
      backend.setCurrentKey(key, keyGroups.first);
      backend.value<string>({ name: "value" }).update(key);
      return (await write(backend, files))[0] as KeyedStateHandle;
    }),
  );
  const parts = halves.flatMap((half) => half.files.map(({ file }) => ({ file, keyGroups: half.keyGroups })));
  const whole: KeyedStateHandle = { kind: "heap", keyGroups: OPTIONS.keyGroups, files: parts };
  const restored = await restore([whole], files);
  const again = (await write(restored, files))[0];
  assert.deepEqual(again?.keyGroups, OPTIONS.keyGroups);
  // One that owns the first half reads the first file only.
  files.files.delete(parts[1]?.file.key ?? "");
  await restore([whole], files, { ...OPTIONS, keyGroups: keyGroupRange(0, 2, MAX_PARALLELISM) });
  await assert.rejects(restore([whole], files));
});

test("what was restored is kept and written again until it is declared, also twice (HB1)", async () => {
  const [first, files] = [await create(), new MemorySnapshotFiles()];
  const value = first.value({ name: "value", type: t.record({ n: t.int32, text: t.string }) });
  const timers = first.timers("timers", noHandler());
  at(first, "a");
  value.update({ n: 7, text: "seven" });
  timers.registerProcessingTime(5);
  const second = await restore(await write(first, files), files);
  second.value({ name: "another" });
  const third = await restore(await write(second, files), files);
  assert.deepEqual(
    third.declarations().map(({ name, kind }) => `${kind} ${name}`),
    ["value value", "timers timers"],
  );
  at(third, "a");
  assert.deepEqual(third.value({ name: "value", type: t.record({ n: t.int32, text: t.string }) }).value(), {
    n: 7,
    text: "seven",
  });
  const heard: number[] = [];
  third.onEarliestProcessingTime((time) => void heard.push(time));
  assert.deepEqual(heard, []);
  third.timers("timers", noHandler());
  assert.deepEqual(heard, [5], "a restored timer is announced once its service is declared");
});

test("a record type may gain nullable fields and lose fields, at any depth (EV1, EV2)", async () => {
  const before = t.record({ id: t.int64, old: t.string, inner: t.record({ x: t.int32, y: t.int32 }) });
  const row = { id: 1, old: "gone", inner: { x: 1, y: 2 } };
  const backend = await restoredWith((first) => {
    at(first, "k");
    first.value({ name: "value", type: before }).update(row);
    first.list({ name: "list", type: before }).addAll([row, row]);
    first.map({ name: "map", keyType: t.string, type: before }).put("m", row);
  });
  const after = t.record({
    added: t.nullable(t.string),
    id: t.int64,
    inner: t.record({ y: t.int32, z: t.nullable(t.int32) }),
  });
  const expected = { added: null, id: 1, inner: { y: 2, z: null } };
  at(backend, "k");
  const early = backend.snapshot();
  assert.deepEqual(backend.value({ name: "value", type: after }).value(), expected);
  assert.deepEqual(backend.list({ name: "list", type: after }).get(), [expected, expected]);
  assert.deepEqual(backend.map({ name: "map", keyType: t.string, type: after }).get("m"), expected);
  const files = new MemorySnapshotFiles();
  const handle = (await early.write(files, nextTurn)) as KeyedStateHandle;
  const again = await restore([handle], files);
  at(again, "k");
  assert.deepEqual(
    again.value({ name: "value", type: before }).value(),
    row,
    "the snapshot taken before the declaration has the old form",
  );
});

test("subtasks that wrote different versions of a type are united (SR2)", async () => {
  const files = new MemorySnapshotFiles();
  const types = [t.record({ a: t.int32, b: t.int32 }), t.record({ a: t.int32, c: t.nullable(t.string) })];
  const handles: KeyedStateHandle[] = [];
  for (const [subtask, type] of types.entries()) {
    const backend = await createKeyedBackend(
      { ...OPTIONS, keyGroups: keyGroupRange(subtask, 2, MAX_PARALLELISM) },
      null,
      nextTurn,
    );
    const value = backend.value<unknown>({ name: "value", type });
    for (let key = 0; key < 50; key++) {
      if (subtaskOfKeyGroup(keyGroupOfHash(keyHash(key), MAX_PARALLELISM), 2, MAX_PARALLELISM) !== subtask) continue;
      at(backend, key);
      value.update(subtask === 0 ? { a: key, b: 1 } : { a: key, c: "c" });
    }
    handles.push(...(await write(backend, files)));
  }
  const backend = await restore(handles, files);
  const value = backend.value({ name: "value", type: t.record({ a: t.int32, c: t.nullable(t.string) }) });
  for (let key = 0; key < 50; key++) {
    at(backend, key);
    const subtask = subtaskOfKeyGroup(keyGroupOfHash(keyHash(key), MAX_PARALLELISM), 2, MAX_PARALLELISM);
    assert.deepEqual(value.value(), { a: key, c: subtask === 0 ? null : "c" });
  }
});

const refused: Record<string, (backend: KeyedStateBackend) => unknown> = {
  "another type": (backend) => backend.value({ name: "value", type: t.string }),
  "another kind of state": (backend) => backend.list({ name: "value", type: t.record({ id: t.int64 }) }),
  "a new field that may not be null": (backend) =>
    backend.value({ name: "value", type: t.record({ id: t.int64, more: t.string }) }),
  "a field of another type": (backend) => backend.value({ name: "value", type: t.record({ id: t.string }) }),
  "another type of map keys": (backend) => backend.map({ name: "map", keyType: t.int64, type: t.int64 }),
};
for (const [sentence, declare] of Object.entries(refused)) {
  test(`a restored state is refused with ${sentence}, naming uid, state and both types`, async () => {
    const backend = await restoredWith((first) => {
      at(first, "k");
      first.value({ name: "value", type: t.record({ id: t.int64 }) }).update({ id: 1 });
      first.map({ name: "map", keyType: t.string, type: t.int64 }).put("m", 1);
    });
    assert.throws(
      () => declare(backend),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "STATE_INCOMPATIBLE");
        assert.match(
          error.message,
          /state "(value|map)" of operator "orders" was written as .*(int64).*declared as .*; declare the old type/,
        );
        return true;
      },
    );
  });
}

test("another max parallelism is refused, naming both (SP-8)", async () => {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  at(backend, "k");
  backend.value({ name: "value" }).update(1);
  const handles = await write(backend, files);
  await assert.rejects(restore(handles, files, { ...OPTIONS, maxParallelism: 16 }), {
    code: "STATE_INCOMPATIBLE",
    message: /parallelism 8.*has 16/,
  });
});

test("a key group in two files, and files that are none, are refused", async () => {
  const [backend, files] = [await create(), new MemorySnapshotFiles()];
  at(backend, "k");
  backend.value({ name: "value" }).update(1);
  const [handle] = (await write(backend, files)) as [KeyedStateHandle];
  await assert.rejects(restore([handle, handle], files), { code: "CHECKPOINT_CORRUPT", message: /key group 0 is in/ });
  const bytes = files.files.get(handle.files[0]?.file.key ?? "") as Uint8Array;
  for (const damaged of [
    bytes.subarray(0, -8),
    bytes.subarray(8),
    Buffer.concat([bytes.subarray(0, 8), bytes.subarray(-16)]),
  ]) {
    files.files.set(handle.files[0]?.file.key ?? "", damaged);
    await assert.rejects(restore([handle], files), { code: "CHECKPOINT_CORRUPT" });
  }
});

test("reading a value that cannot be copied fails the snapshot, not the reader", async () => {
  const backend = await create();
  const value = backend.value<{ self?: unknown; n: number }>({ name: "cycle" });
  at(backend, "k");
  const cycle: { self?: unknown; n: number } = { n: 1 };
  value.update(cycle);
  cycle.self = cycle;
  const snapshot = backend.snapshot();
  assert.equal(value.value(), cycle);
  value.update({ n: 2 });
  await assert.rejects(snapshot.write(new MemorySnapshotFiles(), nextTurn), {
    code: "VALUE_NOT_SERIALIZABLE",
    message: /"cycle".*"k"/,
  });
  assert.notEqual(
    await backend.snapshot().write(new MemorySnapshotFiles(), nextTurn),
    null,
    "the next snapshot is fine",
  );
});

test("a failing store fails the write, and the versions it kept are let go", async () => {
  const backend = await create();
  const value = backend.value<number>({ name: "value" });
  at(backend, "k");
  value.update(1);
  const snapshot = backend.snapshot();
  const full = new Error("disk full");
  await assert.rejects(snapshot.write({ create: () => Promise.reject(full) }, nextTurn), full);
  const { context } = backend as unknown as { context: { unwritten: number } };
  assert.equal(context.unwritten, 0);
});

test("a snapshot ends although keys are added faster than it writes (SECT3)", async () => {
  const files = new MemorySnapshotFiles();
  const backend = await createKeyedBackend(
    { ...OPTIONS, keyGroups: { first: 0, last: 0 }, maxParallelism: 1, chunkBytes: 100 },
    null,
    nextTurn,
  );
  const value = backend.value<number>({ name: "value" });
  let next = 0;
  const addMany = (count: number): void => {
    for (let added = 0; added < count; added++) {
      at(backend, next++);
      value.update(1);
    }
  };
  addMany(20);
  let turns = 0;
  const handle = await backend.snapshot().write(files, async () => {
    turns++;
    assert.ok(turns < 100, "it does not end");
    // More than a walk passes over in one turn.
    addMany(9000);
    await nextTurn();
  });
  const restored = await restore([handle as KeyedStateHandle], files, {
    ...OPTIONS,
    keyGroups: { first: 0, last: 0 },
    maxParallelism: 1,
  });
  const found = restored.value<number>({ name: "value" });
  const present = Array.from({ length: next }, (_, key) => key).filter((key) => {
    at(restored, key);
    return found.value() !== undefined;
  });
  assert.deepEqual(
    present,
    Array.from({ length: 20 }, (_, key) => key),
  );
});

test("declarations name kind and type of everything", async () => {
  const backend = await create();
  backend.value({ name: "v", type: t.int64 });
  backend.map({ name: "m", keyType: t.string, type: t.float64 });
  backend.timers("windows", noHandler());
  assert.deepEqual(backend.declarations(), [
    { name: "v", kind: "value", type: "int64" },
    { name: "m", kind: "map", type: "map<string, float64>" },
    { name: "windows", kind: "timers", type: "timestamp" },
  ]);
});

test("timers of all services fire in order of time, also those that handlers register (TM1)", async () => {
  const backend = await create();
  const fired: string[] = [];
  const first = backend.timers("first", {
    onEventTime: (time) => {
      fired.push(`first ${String(backend.currentKey())} ${time}`);
      if (time === 10) {
        second.registerEventTime(15);
        second.registerEventTime(99);
      }
    },
    onProcessingTime: () => {},
  });
  const second = backend.timers("second", {
    onEventTime: (time) => void fired.push(`second ${String(backend.currentKey())} ${time}`),
    onProcessingTime: () => {},
  });
  at(backend, "a");
  second.registerEventTime(20);
  first.registerEventTime(10);
  first.registerEventTime(10);
  at(backend, "b");
  second.registerEventTime(5);
  backend.advanceWatermark(30);
  assert.deepEqual(fired, ["second b 5", "first a 10", "second a 15", "second a 20"]);
  backend.advanceWatermark(MAX_WATERMARK);
  assert.equal(fired.at(-1), "second a 99");
});

test("a timer deleted and registered again for one key fires once", async () => {
  const backend = await create();
  const fired: number[] = [];
  const timers = backend.timers("timers", { onEventTime: (time) => void fired.push(time), onProcessingTime: () => {} });
  at(backend, "a");
  timers.registerEventTime(1);
  timers.deleteEventTime(1);
  timers.registerEventTime(1);
  timers.registerEventTime(2);
  timers.deleteEventTime(1);
  timers.registerEventTime(1);
  timers.deleteEventTime(77);
  backend.advanceWatermark(5);
  assert.deepEqual(fired, [1, 2]);
  assert.throws(() => timers.registerEventTime(Number.NaN), { code: "OPTION_INVALID" });
});

test("the earliest processing time is announced when it becomes earlier, and returned after firing (TM3)", async () => {
  const backend = await create();
  const heard: number[] = [];
  const fired: number[] = [];
  const timers = backend.timers("timers", {
    onEventTime: () => {},
    onProcessingTime: (time) => {
      fired.push(time);
      if (time === 10) timers.registerProcessingTime(40);
    },
  });
  backend.onEarliestProcessingTime((time) => void heard.push(time));
  at(backend, "a");
  for (const time of [30, 50, 10, 20]) timers.registerProcessingTime(time);
  assert.deepEqual(heard, [30, 10]);
  assert.equal(backend.fireProcessingTime(20), 30);
  assert.deepEqual(fired, [10, 20]);
  assert.deepEqual(heard, [30, 10]);
  at(backend, "b");
  timers.registerProcessingTime(25);
  assert.deepEqual(heard, [30, 10, 25]);
  assert.equal(backend.fireProcessingTime(1000), null);
  timers.registerProcessingTime(2000);
  assert.deepEqual(heard, [30, 10, 25, 2000]);
});
