/**
 * Property: whatever happens between barrier and write, a restored snapshot is the state at the barrier (SB1, SB2, STA2).
 * The model is plain Maps, copied whole at each barrier.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import {
  type Key,
  keyGroupOfHash,
  keyGroupRange,
  keyHash,
  keyIdentity,
  MAX_WATERMARK,
  subtaskOfKeyGroup,
  t,
} from "../../record/index.ts";
import type { KeyedSnapshot, KeyedStateBackend } from "../backend.ts";
import { createKeyedBackend } from "./heap-backend.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";

const MAX_PARALLELISM = 3;
const KEYS: readonly Key[] = [
  "a",
  "b",
  "c",
  "\ud800 alone",
  "a key that is longer than thirteen",
  1,
  -2.5,
  7n,
  true,
  null,
  [1, "x"],
  { id: 3, of: "y" },
];
const USER_KEYS: readonly string[] = ["p", "q", "r", "another user key, a long one"];
type Counted = { n: number; tags: string[] };

/** What one key has. */
type KeyModel = {
  value?: Counted;
  flat?: { count: number; note: string | null };
  list?: Counted[];
  map?: Map<string, Counted>;
  sum?: number;
  folded?: number[];
  event: Set<number>;
  processing: Set<number>;
};
type Model = Map<unknown, KeyModel>;

function open(backend: KeyedStateBackend) {
  const fired: string[] = [];
  const note = (kind: string) => (time: number) =>
    void fired.push(`${kind} ${String(keyIdentity(backend.currentKey()))} ${time}`);
  return {
    backend,
    fired,
    value: backend.value<Counted>({ name: "value" }),
    flat: backend.value({ name: "flat", type: t.record({ count: t.int64, note: t.nullable(t.string) }) }),
    list: backend.list<Counted>({ name: "list" }),
    map: backend.map<string, Counted>({ name: "map", keyType: t.string }),
    sum: backend.reducing({ name: "sum", type: t.int64, reduce: (left, right) => left + right }),
    folded: backend.aggregating<number, number[], number>({
      name: "folded",
      // Changes its accumulator in place, as most do (STA2).
      aggregate: {
        createAccumulator: () => [],
        add: (value, accumulator) => {
          accumulator.push(value);
          return accumulator;
        },
        getResult: (accumulator) => accumulator.reduce((left, right) => left * 31 + right, 0),
      },
    }),
    timers: backend.timers("timers", { onEventTime: note("event"), onProcessingTime: note("processing") }),
  };
}
type Open = ReturnType<typeof open>;

type Command =
  | { readonly do: "change"; readonly what: number; readonly key: number; readonly user: number; readonly n: number }
  | { readonly do: "fire"; readonly time: number; readonly processing: boolean }
  | { readonly do: "snapshot" }
  | { readonly do: "write"; readonly which: number; readonly turns: number }
  | { readonly do: "discard"; readonly which: number };

const change = fc.record({
  do: fc.constant("change" as const),
  what: fc.nat(18),
  key: fc.nat(KEYS.length - 1),
  user: fc.nat(USER_KEYS.length - 1),
  n: fc.integer({ min: 1, max: 30 }),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 24, arbitrary: change },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fire" as const), time: fc.nat(12), processing: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ do: "snapshot" as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      which: fc.nat(3),
      turns: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("discard" as const), which: fc.nat(3) }) },
);

/** A snapshot that is written turn by turn, as the test says. */
class Writing {
  readonly model: Model;
  readonly #snapshot: KeyedSnapshot;
  readonly #files: MemorySnapshotFiles;
  #result: Promise<KeyedStateHandle | null> | null = null;
  #release: (() => void) | null = null;
  #isFree = false;

  constructor(model: Model, snapshot: KeyedSnapshot, files: MemorySnapshotFiles) {
    this.model = model;
    this.#snapshot = snapshot;
    this.#files = files;
  }

  async go(turns: number): Promise<void> {
    if (this.#result === null) {
      this.#result = this.#snapshot.write(this.#files, () =>
        this.#isFree ? Promise.resolve() : new Promise((resolve) => (this.#release = resolve)),
      );
      // Awaited by `end`; until then a rejection is not a stray one.
      this.#result.catch(() => {});
    }
    for (let turn = 0; turn < turns; turn++) {
      await nextTurn();
      this.#release?.();
    }
  }

  async end(): Promise<KeyedStateHandle | null> {
    this.#isFree = true;
    await this.go(2);
    return this.#result as Promise<KeyedStateHandle | null>;
  }

  async discard(): Promise<void> {
    this.#snapshot.discard();
    const wasStarted = this.#result !== null;
    const code = await this.end().then(
      () => "written",
      (error: { code: string }) => error.code,
    );
    // It may have been written whole before it was discarded.
    if (code !== "written" || !wasStarted) assert.equal(code, "SNAPSHOT_DISCARDED");
  }
}

test("a restored snapshot is the state at its barrier, whatever changed while it was written", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 20, maxLength: 160 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(40, 200, 4000),
      run,
    ),
    { numRuns: 600 },
  );
});

async function run(commands: readonly Command[], newParallelism: number, chunkBytes: number): Promise<void> {
  const files = new MemorySnapshotFiles();
  const options = {
    keyGroups: { first: 0, last: MAX_PARALLELISM - 1 },
    maxParallelism: MAX_PARALLELISM,
    operatorUid: "test",
    chunkBytes,
  };
  const states = open(await createKeyedBackend(options, null, nextTurn));
  const model: Model = new Map(KEYS.map((key) => [keyIdentity(key), { event: new Set(), processing: new Set() }]));
  const writings: Writing[] = [];
  for (const step of commands) {
    const which = step.do === "write" || step.do === "discard" ? writings[step.which] : undefined;
    if (step.do === "change") applyChange(states, model, step);
    else if (step.do === "fire") fire(states, model, step.time, step.processing);
    else if (step.do === "snapshot" && writings.length < 4) {
      writings.push(new Writing(structuredClone(model), states.backend.snapshot(), files));
    } else if (step.do === "write") await which?.go(step.turns);
    else if (step.do === "discard" && which !== undefined) {
      writings.splice(step.which, 1);
      await which.discard();
    }
  }
  // Newest first: the older ones must not lose what the newer ones write live (SECT4).
  for (const writing of writings.reverse()) {
    const handle = await writing.end();
    assert.deepEqual(await contentOf(handle, files, newParallelism), contentOfModel(writing.model));
  }
}

function applyChange(
  states: Open,
  model: Model,
  { what, key: index, user, n }: Extract<Command, { do: "change" }>,
): void {
  const key = KEYS[index] as Key;
  const userKey = USER_KEYS[user] as string;
  const mine = model.get(keyIdentity(key)) as KeyModel;
  states.backend.setCurrentKey(key, keyHash(key));
  const fresh = (): Counted => ({ n, tags: [`t${n}`] });
  switch (what) {
    case 0:
      mine.value = fresh();
      return states.value.update(fresh());
    case 1: {
      // Changed in place, then updated (STA2).
      const found = states.value.value();
      assert.deepEqual(found, mine.value);
      if (found === undefined || mine.value === undefined) return;
      for (const one of [found, mine.value]) {
        one.n += n;
        one.tags.push("changed");
      }
      return states.value.update(found);
    }
    case 2:
      delete mine.value;
      return states.value.clear();
    case 3:
      mine.flat = { count: n, note: n % 3 === 0 ? null : `note ${n}` };
      return states.flat.update({ ...mine.flat });
    case 4:
      delete mine.flat;
      return states.flat.clear();
    case 5:
    case 6:
      mine.list = [...(mine.list ?? []), fresh()];
      return states.list.add(fresh());
    case 7: {
      const many = Array.from({ length: n }, fresh);
      mine.list = [...(mine.list ?? []), ...structuredClone(many)];
      return states.list.addAll(many);
    }
    case 8: {
      const found = states.list.get();
      assert.deepEqual(found, mine.list ?? []);
      const middle = found.length >> 1;
      if (mine.list === undefined) return;
      for (const one of [found[middle], mine.list[middle]] as Counted[]) one.tags.push("changed");
      mine.list.splice(0, 1);
      if (mine.list.length === 0) delete mine.list;
      return states.list.update(found.slice(1));
    }
    case 9:
      delete mine.list;
      return states.list.clear();
    case 10:
    case 11:
      mine.map ??= new Map();
      mine.map.set(userKey, fresh());
      return states.map.put(userKey, fresh());
    case 12: {
      const found = states.map.get(userKey);
      assert.deepEqual(found, mine.map?.get(userKey));
      if (found === undefined) return;
      for (const one of [found, mine.map?.get(userKey)] as Counted[]) one.tags.push("changed");
      return states.map.put(userKey, found);
    }
    case 13: {
      for (const [name, found] of states.map.entries()) {
        for (const one of [found, mine.map?.get(name)] as Counted[]) one.n++;
        states.map.put(name, found);
      }
      return;
    }
    case 14:
      mine.map?.delete(userKey);
      if (mine.map?.size === 0) delete mine.map;
      return states.map.remove(userKey);
    case 15:
      delete mine.map;
      return states.map.clear();
    case 16:
      mine.sum = (mine.sum ?? 0) + n;
      assert.equal(states.sum.add(n), mine.sum);
      mine.folded = [...(mine.folded ?? []), n];
      return void states.folded.add(n);
    case 17:
      mine.event.add(n);
      mine.processing.add(n * 2);
      states.timers.registerEventTime(n);
      return states.timers.registerProcessingTime(n * 2);
    default:
      mine.event.delete(n);
      mine.processing.delete(n * 2);
      states.timers.deleteEventTime(n);
      return states.timers.deleteProcessingTime(n * 2);
  }
}

function fire(states: Open, model: Model, time: number, isProcessing: boolean): void {
  states.fired.length = 0;
  if (isProcessing) states.backend.fireProcessingTime(time);
  else states.backend.advanceWatermark(time);
  const expected: string[] = [];
  for (const [identity, { event, processing }] of model) {
    const times = isProcessing ? processing : event;
    for (const due of [...times].filter((candidate) => candidate <= time)) {
      times.delete(due);
      expected.push(`${isProcessing ? "processing" : "event"} ${String(identity)} ${due}`);
    }
  }
  const timesFired = states.fired.map((line) => Number(line.split(" ").at(-1)));
  assert.deepEqual(
    timesFired,
    [...timesFired].sort((left, right) => left - right),
    "in order of time (TM1)",
  );
  assert.deepEqual([...states.fired].sort(), expected.sort());
}

/** Restores at another parallelism and reads everything. */
async function contentOf(
  handle: KeyedStateHandle | null,
  files: MemorySnapshotFiles,
  parallelism: number,
): Promise<unknown> {
  const handles = handle === null ? [] : [handle];
  const subtasks = await Promise.all(
    Array.from({ length: parallelism }, async (_, subtask) => {
      const keyGroups = keyGroupRange(subtask, parallelism, MAX_PARALLELISM);
      const options = { keyGroups, maxParallelism: MAX_PARALLELISM, operatorUid: "test" };
      return open(await createKeyedBackend(options, { handles, read: files.read }, nextTurn));
    }),
  );
  const content = KEYS.map((key) => {
    const subtask = subtaskOfKeyGroup(keyGroupOfHash(keyHash(key), MAX_PARALLELISM), parallelism, MAX_PARALLELISM);
    const states = subtasks[subtask] as Open;
    states.backend.setCurrentKey(key, keyHash(key));
    return row(
      key,
      states.value.value(),
      states.flat.value(),
      states.list.get(),
      [...states.map.entries()],
      states.sum.get(),
      states.folded.get(),
    );
  });
  for (const { backend } of subtasks) {
    backend.advanceWatermark(MAX_WATERMARK);
    backend.fireProcessingTime(MAX_WATERMARK);
  }
  return { content, timers: subtasks.flatMap((states) => states.fired).sort() };
}

function contentOfModel(model: Model): unknown {
  const content = KEYS.map((key) => {
    const { value, flat, list, map, sum, folded } = model.get(keyIdentity(key)) as KeyModel;
    const result = folded?.reduce((left, right) => left * 31 + right, 0);
    return row(key, value, flat, list ?? [], [...(map ?? [])], sum, result);
  });
  const timers: string[] = [];
  for (const [identity, { event, processing }] of model) {
    for (const time of event) timers.push(`event ${String(identity)} ${time}`);
    for (const time of processing) timers.push(`processing ${String(identity)} ${time}`);
  }
  return { content, timers: timers.sort() };
}

function row(key: Key, ...[value, flat, list, map, sum, folded]: readonly unknown[]): unknown {
  // The order of a map's entries is not kept (HM1).
  const cells = [...(map as [string, unknown][])].sort(([left], [right]) => (left < right ? -1 : 1));
  return { key, value, flat, list, cells, sum, folded };
}
