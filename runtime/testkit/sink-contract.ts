/**
 * Owns: what every plain sink has to pass, run through the real operator: what a checkpoint covers is outside when it is complete.
 * Not here: exactly-once sinks (two-phase-commit-contract.ts). Called by: the tests of each sink, by any test runner.
 *
 * PQ1 When a checkpoint is complete, every record before it is outside; at the end of the data, all are.
 * PQ2 Without a crash no record is written twice; after one, only records after the checkpoint may be.
 */
import assert from "node:assert/strict";
import { sinkOperator } from "../operators/index.ts";
import type { PlainSink } from "../ports/index.ts";
import { check, type ContractCheck, sorted } from "./contract-check.ts";
import { OperatorHarness } from "./operator-harness.ts";

/** One empty outside world. Records are strings without line ends. */
export type SinkWorld = {
  /** A sink of the same target each time. */
  makeSink(): PlainSink<string>;
  /** All records that are outside, in any order. */
  readWritten(): Promise<readonly string[]> | readonly string[];
  dispose?(): Promise<void> | void;
};

type Writer = OperatorHarness<string, never>;

const numbered = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `record-${from + index}`);

/** `createWorld` is called for each check. */
export function sinkContract(createWorld: () => Promise<SinkWorld> | SinkWorld): readonly ContractCheck[] {
  const inWorld = async (
    body: (world: SinkWorld, open: (subtask?: number, attempt?: number) => Promise<Writer>) => Promise<void>,
    parallelism = 1,
  ): Promise<void> => {
    const world = await createWorld();
    const open = (subtask = 0, attempt = 1): Promise<Writer> =>
      OperatorHarness.open(sinkOperator<string>(world.makeSink()), { subtask, parallelism, attempt, uid: "sink" });
    try {
      await body(world, open);
    } finally {
      await world.dispose?.();
    }
  };
  return [
    check("has written every record before the checkpoint that covers it is complete", () =>
      inWorld(async (world, open) => {
        const writer = await open();
        for (const [round, count] of [1, 7, 0, 300].entries()) {
          const before = (await world.readWritten()).length;
          await write(writer, numbered(before, count));
          await writer.snapshot(round + 1);
          assert.deepEqual(sorted(await world.readWritten()), sorted(numbered(0, before + count)));
        }
        await finish(writer);
      }),
    ),

    check("has written everything at the end of the data, after checkpoints and without any", () =>
      inWorld(async (world, open) => {
        const first = await open();
        await write(first, numbered(0, 5));
        await first.snapshot(1);
        await write(first, numbered(5, 5));
        await finish(first);
        const second = await open();
        await write(second, numbered(10, 5));
        await finish(second);
        assert.deepEqual(sorted(await world.readWritten()), sorted(numbered(0, 15)));
      }),
    ),

    check("loses nothing in a crash, and repeats only what no checkpoint covers", () =>
      inWorld(async (world, open) => {
        const crashed = await open();
        await write(crashed, numbered(0, 10));
        await crashed.snapshot(1);
        await write(crashed, numbered(10, 4));
        // A crash is: nothing is called any more.
        const restarted = await open(0, 2);
        await write(restarted, numbered(10, 6));
        await restarted.snapshot(2);
        await finish(restarted);
        const written = await world.readWritten();
        assert.deepEqual(sorted([...new Set(written)]), sorted(numbered(0, 16)));
        const covered = written.filter((record) => numbered(0, 10).includes(record));
        assert.equal(covered.length, 10, "a record that a checkpoint covers was written again");
      }),
    ),

    check("writes what several subtasks are given at once, each record once", () =>
      inWorld(async (world, open) => {
        const writers = await Promise.all([open(0), open(1), open(2)]);
        await Promise.all(writers.map((writer, subtask) => write(writer, numbered(subtask * 100, 20))));
        await Promise.all(writers.map((writer) => writer.snapshot(1)));
        await Promise.all(writers.map((writer) => finish(writer)));
        assert.deepEqual(
          sorted(await world.readWritten()),
          sorted([0, 100, 200].flatMap((from) => numbered(from, 20))),
        );
      }, 3),
    ),
  ];
}

/** As a task does it: several at once from a flatMap, and never on while the sink holds the task back. */
async function write(writer: Writer, records: readonly string[]): Promise<void> {
  for (const [index, record] of records.entries()) {
    writer.process(record, index);
    if (index % 3 === 2) await writer.settled();
  }
  await writer.settled();
}

async function finish(writer: Writer): Promise<void> {
  await writer.endInput();
  await writer.snapshot(0);
  await writer.close();
}
