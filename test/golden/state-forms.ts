/**
 * Owns: the golden forms of what lies in object stores: state files, a job's root with epochs, manifests, markers, activation and result, and
 * a savepoint's folder.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, jobId, nextTurn, operatorId, seededRandom } from "../../base/index.ts";
import {
  type CheckpointLog,
  chainOf,
  claimEpoch,
  collectStore,
  fencePredecessor,
  type KeyedStateHandle,
  type ManifestDraft,
  type OperatorState,
  readCollectionMark,
  readLog,
  readSavepoint,
  writeFence,
  writeSavepointManifest,
} from "../../runtime/checkpoint/index.ts";
import { createActivation, readActivation } from "../../runtime/jobmanager/leading/activation-object.ts";
import { encodeResult, readResult } from "../../runtime/jobmanager/leading/job-result.ts";
import { keyHash, t } from "../../runtime/record/index.ts";
import { createKeyedBackend, createOperatorStateBackend } from "../../runtime/state/index.ts";
import {
  ContentFiles,
  MemoryObjectStore,
  type ObjectStore,
  openStore,
  verifiedRead,
} from "../../runtime/storage/index.ts";
import { MemorySnapshotFiles } from "../../runtime/testkit/memory-snapshot-files.ts";
import { bundle, type Form, inFolder, nextJsonVersion, unbundle, writeFiles } from "./form.ts";

const JOB = jobId("0123456789abcdef0123456789abcdef");
const SUCCESSOR = jobId("fedcba9876543210fedcba9876543210");
const clock: Clock = { nowMs: () => 1_750_000_000_000, monotonicMs: () => 0, after: () => ({ cancel() {} }) };

const KEYED = { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "orders" };
const Order = t.record({ item: t.string, amount: t.int64, note: t.nullable(t.string), rest: t.any });
const noHandler = { onEventTime: () => {}, onProcessingTime: () => {} };

type Backend = Awaited<ReturnType<typeof createKeyedBackend>>;
const statesOf = (backend: Backend) => ({
  order: backend.value({ name: "order", type: Order }),
  seen: backend.list({ name: "seen", type: t.int64 }),
  byDay: backend.map({ name: "byDay", type: t.float64 }),
});

const orderOf = (key: string) => ({ item: `item of ${key}`, amount: key.length, note: null, rest: { tags: [key] } });
const KEYS = ["a", "größe", "日本"];

async function filledBackend(): Promise<Backend> {
  const backend = await createKeyedBackend(KEYED, null, nextTurn);
  const { order, seen, byDay } = statesOf(backend);
  const timers = backend.timers("timers", noHandler);
  for (const key of KEYS) {
    backend.setCurrentKey(key, keyHash(key));
    order.update(orderOf(key));
    seen.add(1);
    seen.add(key.length);
    byDay.put("monday", 0.5);
    timers.registerEventTime(1000);
    timers.registerProcessingTime(2000);
  }
  return backend;
}

/** What a back end holds, key by key, and which timers fire. */
function contentOf(backend: Backend): unknown {
  const fired: unknown[] = [];
  const note = (what: string) => () => void fired.push([what, backend.currentKey()]);
  const { order, seen, byDay } = statesOf(backend);
  const content = KEYS.map((key) => {
    backend.setCurrentKey(key, keyHash(key));
    return [key, order.value(), [...seen.get()], [...byDay.entries()]];
  });
  backend.timers("timers", { onEventTime: note("event"), onProcessingTime: note("processing") });
  backend.advanceWatermark(1000);
  return { content, fired: fired.length };
}

const keyedMeans = { content: KEYS.map((key) => [key, orderOf(key), [1, key.length], [["monday", 0.5]]]), fired: 3 };

async function readKeyedFile(bytes: Uint8Array): Promise<unknown> {
  const file = { key: "data/golden", sha256: "", length: bytes.length };
  const handle: KeyedStateHandle = { kind: "heap", keyGroups: KEYED.keyGroups, files: [{ file }] };
  return contentOf(await createKeyedBackend(KEYED, { handles: [handle], read: async () => bytes }, nextTurn));
}

const LIST = { operatorUid: "source", subtask: 0, parallelism: 1 };
const Split = t.record({ path: t.string, position: t.int64 });
const SPLITS = [
  { path: "/in/a", position: 7 },
  { path: "/in/b", position: 0 },
];

async function operatorSnapshot(files: MemorySnapshotFiles | ContentFiles) {
  const backend = await createOperatorStateBackend(LIST, null);
  const list = backend.list({ name: "splits", type: Split });
  for (const split of SPLITS) list.add(split);
  return backend.snapshot().write(files);
}

async function readOperatorBlob(bytes: Uint8Array): Promise<unknown> {
  const blob = { kind: "inline", base64: Buffer.from(bytes).toString("base64") } as const;
  const handle = { name: "splits", redistribution: "split", count: SPLITS.length, blob } as const;
  const restore = { operator: [[handle]], read: async () => bytes };
  return (await createOperatorStateBackend(LIST, restore)).list({ name: "splits", type: Split }).get();
}

async function operatorStates(files: ContentFiles): Promise<readonly OperatorState[]> {
  const keyed = await (await filledBackend()).snapshot().write(files, nextTurn);
  const common = { parallelism: 1, maxParallelism: 8 };
  return [
    {
      ...common,
      operatorId: operatorId("a".repeat(32)),
      uid: "source",
      name: "lines",
      declarations: [{ name: "splits", kind: "operator-list", type: "record" }],
      subtasks: [{ keyed: null, operator: await operatorSnapshot(files), finished: false }],
    },
    {
      ...common,
      operatorId: operatorId("b".repeat(32)),
      uid: "orders",
      name: "orders",
      declarations: [{ name: "order", kind: "value", type: "record" }],
      subtasks: [{ keyed, operator: [], finished: true }],
    },
  ];
}

export async function contentsOf(store: ObjectStore): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const { key } of await store.list("")) files.set(key, (await store.read(key)) as Uint8Array);
  return files;
}

export async function storeWith(bytes: Uint8Array): Promise<MemoryObjectStore> {
  const store = new MemoryObjectStore("golden");
  for (const [key, body] of unbundle(bytes)) await store.put(key, body);
  return store;
}

/** A job's life in its store: a checkpoint, a savepoint that stops it, its result, and the fence of the incarnation after it. */
async function writtenStores(): Promise<{ readonly root: MemoryObjectStore; readonly savepoint: MemoryObjectStore }> {
  const random = seededRandom(42);
  const root = new MemoryObjectStore("job");
  const savepoint = new MemoryObjectStore("savepoint");
  const claim = await claimEpoch(root, { processId: "1".repeat(32), jobId: JOB, random, clock });
  const fence = await writeFence(claim, { jobName: "orders" });
  if (fence.kind !== "ready") throw new Error("nobody else is there");
  const log: CheckpointLog = fence.log;
  await createActivation(root, activation);
  const draft = { triggeredMs: clock.nowMs(), completedMs: clock.nowMs() + 5, committables: 2 };
  const checkpointFiles = new ContentFiles(root, "data/0000000001-0000000001");
  const first: ManifestDraft = {
    ...draft,
    kind: "checkpoint",
    checkpointId: 1,
    storeUri: null,
    operators: await operatorStates(checkpointFiles),
  };
  await log.complete(first);
  await log.markCommitted(2);
  const second: ManifestDraft = {
    ...draft,
    kind: "savepoint",
    checkpointId: 2,
    storeUri: savepoint.uri,
    operators: await operatorStates(new ContentFiles(savepoint, "data")),
    ends: "stop",
    triggerId: "c".repeat(32),
  };
  await writeSavepointManifest(savepoint, log, second);
  await log.complete(second);
  await root.put("result", encodeResult(result));
  await fencePredecessor(root, { processId: "2".repeat(32), jobId: SUCCESSOR, random, clock, jobName: "orders" });
  return { root, savepoint };
}

const activation = {
  version: 1,
  jobId: JOB,
  activationId: "d".repeat(32),
  from: { kind: "latest", storeUri: "file:///old", savepoint: null, allowNonRestoredState: false },
  predecessors: ["file:///old"],
  acceptedMs: 1_750_000_000_000,
} as const;

const result = {
  jobId: JOB,
  status: "FINISHED",
  savepoint: "memory://savepoint",
  triggerId: "c".repeat(32),
  failure: null,
  endedMs: 1_750_000_000_100,
} as const;

async function readRoot(bytes: Uint8Array): Promise<unknown> {
  const store = await storeWith(bytes);
  const contents = await readLog(store);
  const kinds = contents.entries.map((entry) => {
    if (entry.kind !== "manifest") return entry.newer ?? entry.what;
    const { kind, epoch, processId, checkpointId, parent, successor = null, ends = null } = entry.manifest;
    return [kind, epoch, processId.slice(0, 1), checkpointId, parent, successor, ends];
  });
  for (const kind of kinds) if (kind instanceof Error) throw kind;
  const checkpoint = chainOf(contents).find(({ kind }) => kind === "checkpoint");
  const states = await readStates(checkpoint?.operators ?? [], store);
  return {
    kinds,
    committed: [...contents.committed],
    states,
    activation: await readActivation(store),
    result: await readResult(store, JOB),
  };
}

/** What the operators of a manifest restore from their files. */
async function readStates(operators: readonly OperatorState[], store: ObjectStore): Promise<unknown> {
  const [source, orders] = operators;
  const read = (file: Parameters<typeof verifiedRead>[1]) => verifiedRead(store, file);
  const operator = source?.subtasks.map((subtask) => subtask.operator) ?? [];
  const lists = await createOperatorStateBackend(LIST, { operator, read });
  const handles = orders?.subtasks.flatMap(({ keyed }) => (keyed === null ? [] : [keyed])) ?? [];
  const keyed = await createKeyedBackend(KEYED, { handles, read }, nextTurn);
  return [source?.uid, lists.list({ name: "splits", type: Split }).get(), orders?.uid, contentOf(keyed)];
}

const statesMean = ["source", SPLITS, "orders", keyedMeans];

/** From a folder on disk, under another path than it was written at. */
function readSavepointFolder(bytes: Uint8Array): Promise<unknown> {
  return inFolder(async (path) => {
    mkdirSync(join(path, "data"));
    writeFiles(path, unbundle(bytes));
    const { manifest, storeUri } = await readSavepoint(path);
    const { kind, checkpointId, ends, triggerId, committables, jobName } = manifest;
    const states = await readStates(manifest.operators, await openStore(storeUri));
    return { said: { kind, checkpointId, ends, triggerId, committables, jobName }, states };
  });
}

/** A job's root with one checkpoint of these operators, whose files they have written. */
export async function writtenCheckpoint(
  operatorsOf: (files: ContentFiles) => Promise<readonly OperatorState[]>,
): Promise<MemoryObjectStore> {
  const root = new MemoryObjectStore("job");
  const claim = await claimEpoch(root, { processId: "1".repeat(32), jobId: JOB, random: seededRandom(42), clock });
  const fence = await writeFence(claim, { jobName: "orders" });
  if (fence.kind !== "ready") throw new Error("nobody else is there");
  const operators = await operatorsOf(new ContentFiles(root, "data/0000000001-0000000001"));
  await fence.log.complete({
    kind: "checkpoint",
    checkpointId: 1,
    triggeredMs: clock.nowMs(),
    completedMs: clock.nowMs() + 5,
    storeUri: null,
    operators,
    committables: 0,
  });
  return root;
}

/** One whose source has an enumerator (MA6). */
async function writtenEnumerator(): Promise<MemoryObjectStore> {
  const root = await writtenCheckpoint(async (files) => {
    const [source] = await operatorStates(files);
    if (source === undefined) throw new Error("the source is the first");
    return [{ ...source, enumerator: ENUMERATOR }];
  });
  const named = JSON.stringify((await readLog(root)).entries);
  const unused = (await root.list("data/")).filter(({ key }) => !named.includes(key));
  for (const { key } of unused) await root.delete(key);
  return root;
}

const ENUMERATOR = { state: { unassigned: [{ path: "/in/c", position: 0 }], seen: ["/in/a", "/in/b", "/in/c"] } };

async function readEnumerator(bytes: Uint8Array): Promise<unknown> {
  const contents = await readLog(await storeWith(bytes));
  for (const entry of contents.entries)
    if (entry.kind !== "manifest") throw entry.newer ?? new Error(`number ${entry.seq} is damaged: ${entry.what}`);
  const checkpoint = chainOf(contents).find(({ kind }) => kind === "checkpoint");
  return { version: checkpoint?.version, enumerator: checkpoint?.operators[0]?.enumerator };
}

const storeOf = (key: string, body: Uint8Array) => storeWith(bundle(new Map([[key, body]])));

export const stateForms: readonly Form[] = [
  {
    file: "keyed-state.v1.base64",
    write: async () => {
      const files = new MemorySnapshotFiles();
      await (await filledBackend()).snapshot().write(files, nextTurn);
      return [...files.files.values()][0] as Uint8Array;
    },
    read: readKeyedFile,
    means: keyedMeans,
    newer: (bytes) => Buffer.concat([Buffer.from("SJKEYED2"), bytes.subarray(8)]),
  },
  {
    file: "operator-state.v1.base64",
    write: async () => {
      const [handle] = await operatorSnapshot(new MemorySnapshotFiles());
      return Buffer.from(handle?.blob.kind === "inline" ? handle.blob.base64 : "", "base64");
    },
    read: readOperatorBlob,
    means: SPLITS,
    newer: (bytes) => {
      const at = Buffer.from(bytes).indexOf('"version":1');
      return Buffer.concat([bytes.subarray(0, at), Buffer.from('"version":2'), bytes.subarray(at + 11)]);
    },
  },
  {
    file: "job-root.v1.json",
    write: async () => bundle(await contentsOf((await writtenStores()).root)),
    read: readRoot,
    means: {
      kinds: [
        ["fence", 1, "1", 0, null, null, null],
        ["checkpoint", 1, "1", 1, null, null, null],
        ["savepoint", 1, "1", 2, 2, null, "stop"],
        ["fence", 2, "2", 2, 3, SUCCESSOR, null],
      ],
      committed: [2],
      states: statesMean,
      activation,
      result,
    },
    // Version 2 is read, too.
    newer: null,
  },
  {
    file: "job-root-enumerator.v2.json",
    write: async () => bundle(await contentsOf(await writtenEnumerator())),
    read: readEnumerator,
    means: { version: 2, enumerator: ENUMERATOR },
    // Version 3 is read, too.
    newer: null,
  },
  {
    file: "savepoint.v1.json",
    write: async () => bundle(await contentsOf((await writtenStores()).savepoint)),
    read: readSavepointFolder,
    means: {
      said: {
        kind: "savepoint",
        checkpointId: 2,
        ends: "stop",
        triggerId: "c".repeat(32),
        committables: 2,
        jobName: "orders",
      },
      states: statesMean,
    },
    newer: null,
  },
  {
    file: "activation.v1.json",
    write: async () => {
      const store = new MemoryObjectStore("activation");
      await createActivation(store, activation);
      return (await store.read("activation")) as Uint8Array;
    },
    read: async (bytes) => readActivation(await storeOf("activation", bytes)),
    means: activation,
    newer: nextJsonVersion,
  },
  {
    file: "result.v1.json",
    write: () => encodeResult(result),
    read: async (bytes) => readResult(await storeOf("result", bytes), JOB),
    means: result,
    newer: nextJsonVersion,
  },
  {
    file: "collected.v1.json",
    write: async () => {
      const { root } = await writtenStores();
      await collectStore(root, clock);
      return (await root.read("collected")) as Uint8Array;
    },
    read: async (bytes) => readCollectionMark(await storeOf("collected", bytes)),
    means: { why: "superseded", successor: SUCCESSOR, atMs: 1_750_000_000_000 },
    newer: nextJsonVersion,
  },
];
