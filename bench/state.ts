/**
 * Question: what does keyed state on the heap cost per record, and how long does a snapshot of a million keys hold up records?
 *
 * Prints: ns per setCurrentKey + value + update with 10,000 hot keys (no snapshot, and while one is being written);
 *         for 1,000,000 keys of 100 bytes: synchronous part, total and longest turn of a snapshot (with updates in between),
 *         restore time and its longest turn; the same for 1,000,000 timers.
 * Not measured: disks and networks (files are memory), hashing of files, other work of the thread.
 *
 */
import { createHash } from "node:crypto";
import { nextTurn, systemClock } from "../base/index.ts";
import { keyedFiles, type KeyedStateHandle } from "../runtime/checkpoint/index.ts";
import { type Key, keyHash, t } from "../runtime/record/index.ts";
import {
  createKeyedBackend,
  type KeyedStateBackend,
  type SnapshotFiles,
  type StateReader,
  type Turn,
} from "../runtime/state/index.ts";
import { type Question, readOptions, wholeNumber } from "./question.ts";

const KEYS = 1_000_000;
const HOT_KEYS = 10_000;
const OPTIONS = { keyGroups: { first: 0, last: 127 }, maxParallelism: 128, operatorUid: "bench", clock: systemClock };

const stored = new Map<string, readonly Uint8Array[]>();
let fileCount = 0;
const files: SnapshotFiles = {
  create: async () => {
    // Only the newest file is kept: a real store has written the pieces out by now.
    stored.clear();
    const pieces: Uint8Array[] = [];
    return {
      write: async (piece) => void pieces.push(piece),
      close: async () => {
        const key = `data/${fileCount++}`;
        stored.set(key, pieces);
        const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
        return { key, sha256: createHash("sha256").update(key).digest("hex"), length };
      },
      abort: async () => {},
    };
  },
};
const read: StateReader = async ({ key }) => Buffer.concat(stored.get(key) ?? []);

export const stateQuestion: Question = {
  summary: "keyed state on the heap by itself: cost per record, snapshot, restore, timers",
  options: [`--keys <n>   of the large state (default ${KEYS.toLocaleString("en-US")})`],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const keyCount = wholeNumber(readOptions(args, ["keys"]), "keys", { absent: KEYS, least: 1000, most: 100_000_000 });
  await hotKeys();
  await manyKeys(keyCount);
  await manyTimers(keyCount);
  return 0;
}

/** Measures the stretches between turns, by the clock and by the thread's own time; `between` is what records do in a turn. */
function stopwatch(between: () => void): { readonly turn: Turn; result(): string } {
  let startedMs = systemClock.monotonicMs();
  let startedCpu = process.threadCpuUsage();
  let longestMs = 0;
  const cpuMs: number[] = [];
  const mark = (): void => {
    const { user, system } = process.threadCpuUsage(startedCpu);
    longestMs = Math.max(longestMs, systemClock.monotonicMs() - startedMs);
    cpuMs.push((user + system) / 1000);
  };
  return {
    turn: async () => {
      mark();
      await nextTurn();
      between();
      startedMs = systemClock.monotonicMs();
      startedCpu = process.threadCpuUsage();
    },
    result: () => {
      mark();
      cpuMs.sort((left, right) => left - right);
      const at = (part: number): string => ms(cpuMs[Math.floor((cpuMs.length - 1) * part)] ?? 0);
      return `longest turn ${ms(longestMs)} (thread's own: median ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}), ${cpuMs.length} turns`;
    },
  };
}

async function hotKeys(): Promise<void> {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const counts = backend.value({ name: "count", type: t.int64 });
  const vocabulary = Array.from({ length: HOT_KEYS }, (_, index) => `word${index}`);
  // Records carry strings of their own, as decoded ones do: neither interned nor hashed yet.
  const records = Array.from({ length: 1_000_000 }, () => {
    const index = Math.floor(Math.random() * HOT_KEYS);
    return Buffer.from(vocabulary[index] as string).toString();
  });
  const hashes = Int32Array.from(records, (word) => keyHash(word));
  const pass = (words: readonly string[]): number => {
    const startedMs = systemClock.monotonicMs();
    for (let row = 0; row < words.length; row++) {
      backend.setCurrentKey(words[row] as string, hashes[row] as number);
      counts.update((counts.value() ?? 0) + 1);
    }
    return ((systemClock.monotonicMs() - startedMs) / words.length) * 1e6;
  };
  const first = pass(records);
  const rounds = Array.from({ length: 9 }, () => pass(records)).sort((left, right) => left - right);
  print(
    "value + update, 10,000 keys",
    `${ns(rounds[4])} median of 9 (min ${ns(rounds[0])}, max ${ns(rounds[8])}; cold strings ${ns(first)})`,
  );
  const snapshot = backend.snapshot();
  print("… while a snapshot is unwritten", `${ns(pass(records))} first pass, ${ns(pass(records))} second`);
  snapshot.discard();
}

async function manyKeys(keyCount: number): Promise<void> {
  const type = t.record({ count: t.int64, text: t.string });
  const text = "x".repeat(76);
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const state = backend.value({ name: "rows", type });
  const keys: string[] = Array.from({ length: keyCount }, (_, index) => `key-${index}`);
  const startedMs = systemClock.monotonicMs();
  for (let index = 0; index < keyCount; index++) {
    setKey(backend, keys[index] as string);
    state.update({ count: index, text: `${text}${index}` });
  }
  print(`fill ${keyCount} keys`, ms(systemClock.monotonicMs() - startedMs));
  const update = (): void => {
    for (let round = 0; round < 2000; round++) {
      setKey(backend, keys[Math.floor(Math.random() * keyCount)] as string);
      const row = state.value();
      if (row !== undefined) state.update({ ...row, count: row.count + 1 });
    }
  };
  for (const name of ["first", "second", "third"])
    await snapshotOnce(`${name} snapshot, updates between turns`, backend, update);
  const handle = await snapshotOnce("fourth snapshot, no updates", backend, () => {});
  await restoreOnce(handle);
}

async function manyTimers(keyCount: number): Promise<void> {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const timers = backend.timers("timers", { onEventTime: () => {}, onProcessingTime: () => {} });
  const startedMs = systemClock.monotonicMs();
  for (let index = 0; index < keyCount; index++) {
    setKey(backend, `key-${index}`);
    timers.registerEventTime(1_700_000_000_000 + Math.floor(Math.random() * 1e8));
  }
  print(`register ${keyCount} timers`, ms(systemClock.monotonicMs() - startedMs));
  const handle = await snapshotOnce("snapshot of the timers", backend, () => {});
  await restoreOnce(handle);
  const firedMs = systemClock.monotonicMs();
  backend.advanceWatermark(Number.MAX_SAFE_INTEGER);
  print("fire all timers", ms(systemClock.monotonicMs() - firedMs));
}

async function snapshotOnce(name: string, backend: KeyedStateBackend, between: () => void): Promise<KeyedStateHandle> {
  const startedMs = systemClock.monotonicMs();
  const snapshot = backend.snapshot();
  const syncMs = systemClock.monotonicMs() - startedMs;
  const watch = stopwatch(between);
  const handle = await snapshot.write(files, watch.turn);
  const totalMs = systemClock.monotonicMs() - startedMs;
  if (handle === null) throw new Error("there is state");
  const megabytes = (keyedFiles(handle).reduce((sum, { length }) => sum + length, 0) / 1e6).toFixed(1);
  print(name, `sync ${ms(syncMs)}, total ${ms(totalMs)}, ${watch.result()}, ${megabytes} MB`);
  return handle;
}

async function restoreOnce(handle: KeyedStateHandle): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  const watch = stopwatch(() => {});
  await createKeyedBackend(OPTIONS, { handles: [handle], read }, watch.turn);
  print("restore", `${ms(systemClock.monotonicMs() - startedMs)}, ${watch.result()}`);
}

function setKey(backend: KeyedStateBackend, key: Key): void {
  backend.setCurrentKey(key, keyHash(key));
}

function ns(value: number | undefined): string {
  return `${(value ?? 0).toFixed(1)} ns`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function print(name: string, result: string): void {
  process.stdout.write(`${name.padEnd(44)} ${result}\n`);
}
