/**
 * Owns: what every exactly-once sink has to pass, run through the real operator: TwoPhaseCommitOperator with a sink in an outside
 *       world, crashed before and after every hook, restored, and rescaled.
 * Not here: the sinks. Called by: the tests of each sink, with a world of its own (a folder, a broker, …), by any test runner.
 *
 * TPCC1 A record is visible at most once, and only when a completed checkpoint covers it (SIN1).
 * TPCC2 At the end, after whatever crashes, every record is visible exactly once.
 * TPCC3 A crash is the end of all calls to the writers at a point before or after a hook's effect, and no `close`.
 */
import assert from "node:assert/strict";
import type fc from "fast-check";
import { sinkOperator } from "../operators/index.ts";
import { type TransactionWriter, type TwoPhaseCommitSink } from "../ports/index.ts";
import { check, type ContractCheck } from "./contract-check.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemorySnapshotFiles } from "./memory-snapshot-files.ts";
import { type HarnessSnapshot, OperatorHarness } from "./operator-harness.ts";

/** One empty outside world. Records are strings without line ends. */
export type TransactionWorld<X = unknown> = {
  /** A sink of the same target each time. */
  makeSink(): TwoPhaseCommitSink<string, X>;
  /** All records that a reader of committed data sees, in any order. */
  readCommitted(): Promise<readonly string[]>;
  /** How many transactions are neither committed nor aborted: 0 after a job's end (SIN3). Absent: not looked at. */
  countUnsettled?(): Promise<number>;
  dispose?(): Promise<void>;
};

/**
 * `background`: complete, and committed while records go on; `late`: the sinks hear of it only after the next one's barrier;
 * `unheard`: the crash comes before they hear of it; `aborted`: pre-committed, but never complete.
 */
const checkpointOutcomes = ["complete", "background", "late", "unheard", "aborted"] as const;
type CheckpointOutcome = (typeof checkpointOutcomes)[number];

type Step =
  | { readonly kind: "write"; readonly records: number }
  | { readonly kind: "checkpoint"; readonly outcome: CheckpointOutcome }
  /** With `again`, the restart dies too, at that boundary of the hooks of the recovery. */
  | { readonly kind: "crash"; readonly again: number | null }
  | { readonly kind: "crashAtHook"; readonly boundary: number }
  | { readonly kind: "rescale"; readonly parallelism: number };

/** fast-check is loaded with the first run of this one check: who drives jobs does not wait for it. */
const stepOf = (from: typeof fc): fc.Arbitrary<Step> =>
  from.oneof(
    {
      weight: 5,
      arbitrary: from.record({ kind: from.constant("write" as const), records: from.integer({ min: 1, max: 7 }) }),
    },
    {
      weight: 5,
      arbitrary: from.record({
        kind: from.constant("checkpoint" as const),
        outcome: from.constantFrom(...checkpointOutcomes),
      }),
    },
    {
      weight: 2,
      arbitrary: from.record({ kind: from.constant("crash" as const), again: from.option(from.nat({ max: 12 })) }),
    },
    {
      weight: 4,
      arbitrary: from.record({ kind: from.constant("crashAtHook" as const), boundary: from.nat({ max: 30 }) }),
    },
    {
      weight: 1,
      arbitrary: from.record({
        kind: from.constant("rescale" as const),
        parallelism: from.integer({ min: 1, max: 4 }),
      }),
    },
  );

/** `runs`: of the random check; default 100. `createWorld` is called for each check and run. */
export function twoPhaseCommitContract(
  createWorld: () => Promise<TransactionWorld> | TransactionWorld,
  options: { readonly runs?: number } = {},
): readonly ContractCheck[] {
  const inWorld = async (
    body: (job: SinkJob) => Promise<void>,
    parallelism = 1,
    end: "finalCheckpoint" | "noCheckpoints" = "finalCheckpoint",
  ): Promise<void> => {
    const world = await createWorld();
    const job = new SinkJob(world, parallelism);
    try {
      await job.start();
      await body(job);
      await job.finish(end);
    } finally {
      await world.dispose?.();
    }
  };
  return [
    check("shows nothing before the checkpoint is complete, and everything after", () =>
      inWorld(async (job) => {
        await job.write(5);
        assert.deepEqual(await job.visible(), []);
        await job.checkpoint("aborted");
        assert.deepEqual(await job.visible(), []);
        await job.write(2);
        await job.checkpoint("complete");
        assert.equal((await job.visible()).length, 7);
      }),
    ),

    check("has nothing to commit for a checkpoint without records", () =>
      inWorld(async (job) => {
        await job.checkpoint("complete");
        assert.equal(job.committables, 0);
        await job.write(1);
        await job.checkpoint("complete");
        assert.equal(job.committables, 1);
        await job.checkpoint("complete");
        assert.equal(job.committables, 0);
      }),
    ),

    check("commits after a restore what a crash kept from being committed", () =>
      inWorld(async (job) => {
        await job.write(4);
        await job.checkpoint("unheard");
        assert.equal((await job.visible()).length, 4);
      }, 2),
    ),

    check("commits once what was committed before the crash and is asked for again after it", () =>
      inWorld(async (job) => {
        await job.write(4);
        await job.checkpoint("complete");
        await job.crash();
        await job.crash();
        assert.equal((await job.visible()).length, 4);
      }, 2),
    ),

    check("never shows what no checkpoint names, open or pre-committed, with a checkpoint before it or without", () =>
      inWorld(async (job) => {
        await job.write(3);
        await job.crash();
        await job.write(3);
        await job.checkpoint("aborted");
        await job.crash();
        await job.write(6);
        await job.checkpoint("complete");
        await job.write(3);
        await job.checkpoint("aborted");
        await job.write(1);
        await job.crash();
        assert.equal((await job.visible()).length, 6);
      }),
    ),

    check("commits every old subtask's transactions after a restore with fewer or more subtasks", () =>
      inWorld(async (job) => {
        await job.write(9);
        await job.checkpoint("aborted");
        await job.write(9);
        await job.checkpoint("unheard", 1);
        assert.equal((await job.visible()).length, 18);
        await job.write(5);
        await job.checkpoint("unheard", 4);
        assert.equal((await job.visible()).length, 23);
      }, 3),
    ),

    check("ends with all records when there are no checkpoints", () =>
      inWorld(
        async (job) => {
          await job.write(8);
        },
        2,
        "noCheckpoints",
      ),
    ),

    check("shows each record exactly once, whatever crashes at whatever step", async () => {
      const { default: random } = await import("fast-check");
      const step = stepOf(random);
      await random.assert(
        random.asyncProperty(
          random.integer({ min: 1, max: 3 }),
          random.array(step, { maxLength: 25 }),
          (parallelism, steps) =>
            inWorld(async (job) => {
              for (const each of steps) await job.take(each);
            }, parallelism),
        ),
        { numRuns: options.runs ?? 100 },
      );
    }),
  ];
}

class Crash extends Error {}

/** Any other failure is the sink's. */
function assertCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

/** Ends all calls to the writers of one attempt: at once, or at the n-th boundary of a hook. */
class Fuse {
  #left = Number.POSITIVE_INFINITY;
  #blown = false;

  arm(boundaries: number): void {
    this.#left = boundaries;
  }

  blow(): void {
    this.#blown = true;
  }

  boundary(): void {
    if (this.#left-- <= 0) this.#blown = true;
    this.assertAlive();
  }

  /** A dead process does nothing that needs no hook either. */
  assertAlive(): void {
    if (this.#blown) throw new Crash("the process died here");
  }
}

/** A sink whose process dies by the fuse, before or after each hook's effect (TPCC3). */
function fused<X>(sink: TwoPhaseCommitSink<string, X>, fuse: Fuse): TwoPhaseCommitSink<string, X> {
  const around = async <R>(hook: () => R | Promise<R>): Promise<R> => {
    fuse.boundary();
    const result = await hook();
    fuse.boundary();
    return result;
  };
  return {
    kind: sink.kind,
    name: sink.name,
    guarantee: sink.guarantee,
    ...(sink.transactionType === undefined ? {} : { transactionType: sink.transactionType }),
    ...(sink.commitsAtEnd === undefined ? {} : { commitsAtEnd: sink.commitsAtEnd }),
    createWriter: (context) => {
      const writer = sink.createWriter(context);
      const wrapped: Required<TransactionWriter<string, X>> = {
        open: () => around(() => writer.open?.()),
        begin: () => around(() => writer.begin()),
        // Without waiting where the sink does not wait: that path counts too.
        write: (transaction, value, timestamp) => {
          fuse.boundary();
          return writer.write(transaction, value, timestamp);
        },
        prepare: (transaction) => around(() => writer.prepare(transaction)),
        commit: (transaction) => around(() => writer.commit(transaction)),
        end: (transaction) => around(async () => (await writer.end?.(transaction)) ?? transaction),
        abort: (transaction) => around(() => writer.abort(transaction)),
        abortAllExcept: (keep) => around(() => writer.abortAllExcept(keep)),
        close: () => around(() => writer.close?.()),
      };
      return wrapped;
    },
  };
}

/** A job of a counting source and the sink: the smallest coordinator that tells when a checkpoint is complete. */
class SinkJob {
  readonly #world: TransactionWorld;
  readonly #files = new MemorySnapshotFiles();
  #parallelism: number;
  #subtasks: OperatorHarness<string, never>[] = [];
  #fuse = new Fuse();
  #attempt = 0;
  #dieInRecovery: number | null = null;
  /** The next record's number: the source's position. */
  #position = 0;
  #checkpointId = 0;
  #durable: { readonly position: number; readonly snapshots: readonly HarnessSnapshot[] } | null = null;
  #commits: Promise<unknown>[] = [];
  /** A complete checkpoint that the sinks have not heard of yet. */
  #heardLate: number | null = null;
  committables = 0;

  constructor(world: TransactionWorld, parallelism: number) {
    this.#world = world;
    this.#parallelism = parallelism;
  }

  /** Starts from the last complete checkpoint. */
  async start(): Promise<void> {
    for (;;) {
      this.#attempt++;
      this.#fuse = new Fuse();
      if (this.#dieInRecovery !== null) this.#fuse.arm(this.#dieInRecovery);
      this.#dieInRecovery = null;
      try {
        await this.#open();
        return;
      } catch (error) {
        assertCrash(error);
      }
    }
  }

  async take(next: Step): Promise<void> {
    switch (next.kind) {
      case "write":
        await this.write(next.records);
        break;
      case "checkpoint":
        await this.checkpoint(next.outcome);
        break;
      case "crash":
        this.#dieInRecovery = next.again;
        await this.crash();
        break;
      case "crashAtHook":
        this.#fuse.arm(next.boundary);
        break;
      case "rescale":
        await this.crash(next.parallelism);
        break;
    }
    await this.visible();
  }

  /** Deals records round; each subtask gets its share in one turn, as from a flatMap. */
  async write(records: number): Promise<void> {
    await this.#orRestart(async () => {
      for (let left = records; left > 0; left--) {
        const number = this.#position++;
        this.#subtasks[number % this.#parallelism]?.process(`record-${number}`, number);
      }
      for (const subtask of this.#subtasks) await subtask.settled();
    });
  }

  async checkpoint(outcome: CheckpointOutcome, rescaleTo?: number): Promise<void> {
    const checkpointId = ++this.#checkpointId;
    await this.#orRestart(async () => {
      const position = this.#position;
      const snapshots: HarnessSnapshot[] = [];
      for (const subtask of this.#subtasks) snapshots.push(await subtask.snapshot(checkpointId));
      this.#fuse.assertAlive();
      this.#notify(this.#heardLate);
      this.#heardLate = null;
      if (outcome === "aborted") {
        for (const subtask of this.#subtasks) subtask.operator.onCheckpointAborted?.(checkpointId);
        return;
      }
      this.#durable = { position, snapshots };
      this.committables = snapshots.reduce((sum, snapshot) => sum + snapshot.committables, 0);
      if (outcome === "unheard") {
        await this.crash(rescaleTo);
        return;
      }
      if (outcome === "late") {
        this.#heardLate = checkpointId;
        return;
      }
      this.#notify(checkpointId);
      if (outcome === "complete") await this.#committed();
    });
  }

  /** Everything dies at once and starts again. */
  async crash(parallelism = this.#parallelism): Promise<void> {
    this.#fuse.blow();
    // All at once: what dies while another is waited for has somebody who hears of it.
    const works = [...this.#subtasks.map((subtask) => subtask.settled()), ...this.#commits];
    await Promise.all(works.map((work) => work.catch(assertCrash)));
    this.#commits = [];
    this.#heardLate = null;
    this.#parallelism = parallelism;
    await this.start();
  }

  /** What is visible outside, after checking TPCC1. */
  async visible(): Promise<readonly string[]> {
    const visible = await this.#world.readCommitted();
    assert.equal(new Set(visible).size, visible.length, "a record is visible twice");
    const covered = this.#durable?.position ?? 0;
    for (const record of visible) {
      assert.ok(Number(record.slice("record-".length)) < covered, `${record} is visible, but no checkpoint covers it`);
    }
    return visible;
  }

  /** The last records and the end of the data, as a task has it with checkpoints or without (TP5). */
  async finish(end: "finalCheckpoint" | "noCheckpoints"): Promise<void> {
    const total = this.#position + 3;
    for (let done = false; !done; ) {
      const checkpointId = end === "noCheckpoints" ? 0 : ++this.#checkpointId;
      while (this.#position < total) await this.write(total - this.#position);
      done = await this.#orRestart(async () => {
        for (const subtask of this.#subtasks) await subtask.endInput();
        const snapshots: HarnessSnapshot[] = [];
        for (const subtask of this.#subtasks) snapshots.push(await subtask.snapshot(checkpointId));
        this.#durable = { position: this.#position, snapshots };
        this.#notify(checkpointId);
        await this.#committed();
        for (const subtask of this.#subtasks) await subtask.close();
      });
    }
    const expected = Array.from({ length: total }, (_, number) => `record-${number}`);
    const byNumber = (left: string, right: string): number => Number(left.slice(7)) - Number(right.slice(7));
    assert.deepEqual([...(await this.visible())].sort(byNumber), expected);
    assert.equal((await this.#world.countUnsettled?.()) ?? 0, 0, "transactions that nobody settled");
  }

  async #open(): Promise<void> {
    const durable = this.#durable;
    this.#position = durable?.position ?? 0;
    const sink = fused(this.#world.makeSink(), this.#fuse);
    this.#subtasks = [];
    for (let subtask = 0; subtask < this.#parallelism; subtask++) {
      this.#subtasks.push(
        await OperatorHarness.open(sinkOperator<string>(sink), {
          subtask,
          parallelism: this.#parallelism,
          attempt: this.#attempt,
          uid: "sink",
          files: this.#files,
          clock: new HurriedClock(),
          ...(durable === null ? {} : { restore: durable.snapshots }),
        }),
      );
    }
  }

  /** Starts the commits of a complete checkpoint. */
  #notify(checkpointId: number | null): void {
    if (checkpointId === null) return;
    const commits = this.#subtasks.map((subtask) => subtask.complete(checkpointId));
    for (const commit of commits) commit.catch(() => undefined); // Seen when they are awaited.
    this.#commits.push(...commits);
  }

  async #committed(): Promise<void> {
    const commits = this.#commits;
    this.#commits = [];
    await Promise.all(commits);
  }

  /** True when `work` went through; after a crash the job has started again. */
  async #orRestart(work: () => Promise<void>): Promise<boolean> {
    try {
      this.#fuse.assertAlive();
      await work();
      return true;
    } catch (error) {
      assertCrash(error);
      await this.crash();
      return false;
    }
  }
}

/** A clock whose timers run in the next turn: commits that ask for later are asked again soon. */
class HurriedClock extends ManualClock {
  override after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = super.after(delayMs, callback);
    queueMicrotask(() => this.advance(delayMs));
    return timer;
  }
}
