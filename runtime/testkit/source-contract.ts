/**
 * Owns: what every source has to pass: read by its readers as tasks do, snapshotted at every record, restored and rescaled.
 * Not here: the sources. Called by: the tests of each source, with a world of its own (a folder, a server, …), by any test runner.
 *
 * SY1 Whatever is restored when, and at whatever parallelism: every record comes once (SO3).
 * SY2 Splits are plain JSON: in a cluster they arrive as a copy.
 * SY3 A source without positions promises less: what was sent before a restore is gone, and what comes after it comes once.
 */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type Duration, silentLog, systemClock } from "../../base/index.ts";
import type { Source } from "../ports/index.ts";
import { check, type ContractCheck, sorted } from "./contract-check.ts";
import { SourceHarness, type SourceHarnessOptions } from "./source-harness.ts";

/** One outside world with some records in it: 10 to 50 make a good test. */
export type SourceWorld<T, S = unknown> = {
  /** A source of the same contents each time. */
  makeSource(): Source<T, S>;
  /** What is there to read, in any order. */
  readonly records: readonly T[];
  /** For a source that goes on: makes more to read, and gives what. It has to wake up by itself. */
  append?(): Promise<readonly T[]> | readonly T[];
  dispose?(): Promise<void> | void;
};

/** Splits as they arrive at another process. */
function sent<S>(splits: readonly S[]): S[] {
  return JSON.parse(JSON.stringify(splits)) as S[];
}

const textOf = (value: unknown): string => inspect(value, { depth: null, sorted: true });

/** All the readers' records must be these, once each. */
function assertSame(read: readonly unknown[], expected: readonly unknown[], when: string): void {
  assert.deepEqual(sorted(read.map(textOf)), sorted(expected.map(textOf)), when);
}

export type SourceContractOptions = {
  /** After how many records snapshots are tried, at most; default 50. */
  readonly positions?: number;
  /** How long a check waits for a source to wake up; default 10 s. */
  readonly deadline?: Duration;
  /**
   * False: the source has no positions to go back to (a socket), so a restore loses what was sent before it. Its world gives `records` to the
   * first that reads, and to a restored one only what `append` makes. Default true.
   */
  readonly hasReplay?: boolean;
};

/** `createWorld` is called at least once for each check. */
export function sourceContract<T, S>(
  createWorld: () => Promise<SourceWorld<T, S>> | SourceWorld<T, S>,
  { positions = 50, deadline, hasReplay = true }: SourceContractOptions = {},
): readonly ContractCheck[] {
  const inWorld = async <R>(body: (world: SourceWorld<T, S>) => Promise<R>): Promise<R> => {
    const world = await createWorld();
    try {
      assert.ok(world.records.length >= 3, "a world for this contract has at least three records");
      return await body(world);
    } finally {
      await world.dispose?.();
    }
  };
  const patience = deadline === undefined ? {} : { deadline };
  const setting: Setting<T, S> = { inWorld, positions, patience };
  return [
    check("gives every record once, at any parallelism, and ends if it is bounded", async () => {
      for (const parallelism of [1, 2, 5]) {
        await inWorld(async (world) => {
          const read = await readAll(world, { ...patience, parallelism });
          assertSame(read, world.records, `at parallelism ${parallelism}`);
        });
      }
    }),

    ...(hasReplay ? replayChecks(setting) : lossyChecks(setting)),

    check("has plain JSON as splits, and a snapshot changes nothing and is not changed by reading on", () =>
      inWorld(async (world) => {
        const source = world.makeSource();
        const context = { name: source.name, parallelism: 2, clock: systemClock, log: silentLog };
        const discovered = (await source.discover?.(context)) ?? [];
        assert.deepEqual(sent(discovered), discovered, "a discovered split that JSON changes");
        const harness = await SourceHarness.start(world.makeSource(), { ...patience, parallelism: 2 });
        const middle = Math.floor(world.records.length / 2);
        await harness.read(() => harness.records.length >= middle, 1);
        const splits = harness.snapshot(1);
        const at = sent(splits);
        assert.deepEqual(at, splits, "a split of a snapshot that JSON changes");
        assert.deepEqual(harness.snapshot(2), splits, "two snapshots without a record between them");
        const { length } = harness.records;
        await harness.read(() => harness.records.length > length, 1);
        assert.deepEqual(splits, at, "a snapshot that reading on has changed");
        await harness.close();
      }),
    ),

    check("gives at most as many records as a poll may take, and one at a time if that is asked", async () => {
      for (const maxRecords of [1, 2]) {
        await inWorld(async (world) => {
          const harness = await SourceHarness.start(world.makeSource(), patience);
          await harness.read(() => harness.records.length >= world.records.length, maxRecords);
          assertSame(harness.values, world.records, `with ${maxRecords} records a poll`);
          await harness.close();
        });
      }
    }),

    check("has readers without splits that end if it is bounded, and wait if it is not", () =>
      inWorld(async (world) => {
        const source = world.makeSource();
        const harness = await SourceHarness.start(source, { splits: [] });
        assert.equal(harness.poll(), source.boundedness === "bounded" ? "end" : "idle");
        await harness.close();
      }),
    ),

    check("wakes up when there is more to read, also after a restore, and gives just that", () =>
      inWorld(async (world) => {
        if (world.append === undefined) return;
        const before = await SourceHarness.start(world.makeSource(), { ...patience, parallelism: 2 });
        await before.read(() => before.records.length >= world.records.length);
        before.drain();
        const { woken } = before;
        const first = await world.append();
        await before.wokenSince(woken);
        await before.read(() => before.records.length >= world.records.length + first.length);
        assertSame(before.values, [...world.records, ...first], "with what was added");
        const splits = sent(before.snapshot());
        await before.close();
        const after = await SourceHarness.start(world.makeSource(), { ...patience, parallelism: 3, splits });
        const second = await world.append();
        await after.read(() => after.records.length >= second.length);
        assertSame(after.values, second, "after the restore");
        await after.close();
      }),
    ),
  ];
}

type Setting<T, S> = {
  readonly inWorld: <R>(body: (world: SourceWorld<T, S>) => Promise<R>) => Promise<R>;
  readonly positions: number;
  readonly patience: { readonly deadline?: Duration };
};

function replayChecks<T, S>({ inWorld, positions, patience }: Setting<T, S>): readonly ContractCheck[] {
  return [
    check("loses and repeats nothing when it is restored after any record, at another parallelism", () =>
      inWorld(async (world) => {
        const last = Math.min(positions, world.records.length);
        for (let position = 0; position <= last; position++) {
          const before = await SourceHarness.start(world.makeSource(), {
            ...patience,
            parallelism: 1 + (position % 2),
          });
          await before.read(() => before.records.length >= position, 1);
          const splits = sent(before.snapshot());
          await before.close();
          const after = await readAll(world, { ...patience, parallelism: 1 + (position % 3), splits }, before.values);
          assertSame(after, world.records, `restored after ${before.records.length} records`);
        }
      }),
    ),

    check("loses and repeats nothing when it is restored after every record, again and again", () =>
      inWorld(async (world) => {
        const read: T[] = [];
        let splits: S[] | null = null;
        // A round reads one record of each reader.
        for (let round = 0; round < positions && read.length < world.records.length; round++) {
          const options = { ...patience, parallelism: 1 + (round % 3), ...(splits === null ? {} : { splits }) };
          const harness: SourceHarness<T, S> = await SourceHarness.start(world.makeSource(), options);
          await harness.read(() => harness.records.length >= 1, 1);
          read.push(...harness.values);
          splits = sent(harness.snapshot(round + 1));
          await harness.close();
        }
        assertSame(
          await readAll(world, { ...patience, ...(splits === null ? {} : { splits }) }, read),
          world.records,
          "at the end",
        );
      }),
    ),
  ];
}

/** SY3 */
function lossyChecks<T, S>({ inWorld, positions, patience }: Setting<T, S>): readonly ContractCheck[] {
  return [
    check("repeats nothing when it is restored after any record, and gives each that comes then once", async () => {
      for (let position = 0; position <= positions; position++) {
        const isLast = await inWorld(async (world) => {
          if (world.append === undefined) return true;
          const before = await SourceHarness.start(world.makeSource(), {
            ...patience,
            parallelism: 1 + (position % 2),
          });
          await before.read(() => before.records.length >= position, 1);
          const splits = sent(before.snapshot());
          await before.close();
          const parallelism = 1 + (position % 3);
          const after = await SourceHarness.start(world.makeSource(), { ...patience, parallelism, splits });
          const appended = await world.append();
          await after.read(() => after.records.length >= appended.length);
          after.drain();
          assertSame(after.values, appended, `restored after ${position} records`);
          await after.close();
          return position === world.records.length;
        });
        if (isLast) break;
      }
    }),
  ];
}

/** What is there, read to its end: that of the source, or as many records as there have to be, and no more at once. */
async function readAll<T, S>(
  world: SourceWorld<T, S>,
  options: SourceHarnessOptions<S>,
  before: readonly T[] = [],
): Promise<readonly T[]> {
  const source = world.makeSource();
  const harness = await SourceHarness.start(source, options);
  const isBounded = source.boundedness === "bounded";
  await harness.read(() => !isBounded && before.length + harness.records.length >= world.records.length);
  for (let subtask = 0; subtask < (options.parallelism ?? 1); subtask++) {
    const { length } = harness.records;
    const result = harness.poll(subtask);
    if (isBounded) assert.equal(result, "end", "a bounded source that has ended stays so");
    assert.equal(harness.records.length, length, "a record that comes after all of them");
  }
  await harness.close();
  return [...before, ...harness.values];
}
