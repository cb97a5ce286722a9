/**
 * Drives several subtasks of a keyed operator of SQL side by side: rows go to the one that has their key, and a restore may be at another parallelism.
 */
import type { OperatorFactory } from "../../ports/index.ts";
import { ColumnBatch, keyGroupOfHash, subtaskOfKeyGroup } from "../../record/index.ts";
import { type HarnessEvent, MemorySnapshotFiles, OperatorHarness } from "../../testkit/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { batchOf, type Row, shownEvents, type Sign } from "./operator-run.test-support.ts";

const MAX_PARALLELISM = 8;
/** Few, so that different keys have one hash. */
const HASH_BITS = 7;

type Harness = OperatorHarness<unknown, unknown>;

export class SpreadRun {
  readonly #factory: OperatorFactory<unknown, unknown>;
  readonly #row: PlanRow;
  readonly #keys: readonly number[];
  readonly #files = new MemorySnapshotFiles();
  readonly #events: HarnessEvent<unknown>[] = [];
  #subtasks: readonly Harness[] = [];
  #checkpoints = 0;

  private constructor(factory: OperatorFactory<unknown, unknown>, row: PlanRow, keys: readonly number[]) {
    this.#factory = factory;
    this.#row = row;
    this.#keys = keys;
  }

  /** `row`: of the input; `keys`: places in it. */
  static async open(
    factory: OperatorFactory<unknown, unknown>,
    {
      row,
      keys,
      parallelism,
    }: { readonly row: PlanRow; readonly keys: readonly number[]; readonly parallelism: number },
  ): Promise<SpreadRun> {
    const run = new SpreadRun(factory, row, keys);
    run.#subtasks = await run.#open(parallelism, null);
    return run;
  }

  /** A batch of them for each subtask. */
  feed(rows: readonly (Row | readonly [Sign, Row])[]): void {
    const batch = batchOf(this.#row, rows);
    const hashes = new RowKeys(this.#row, this.#keys).hashes(batch).map((hash) => hash & HASH_BITS);
    for (const [subtask, harness] of this.#subtasks.entries()) {
      const own = Int32Array.from(rows.keys()).filter((row) => this.#ownerOf(hashes[row] as number) === subtask);
      if (own.length > 0) {
        const counting = { count: own.length, selection: own, marks: { ...batch.marks, keyHashes: hashes } };
        harness.processBatch(new ColumnBatch(batch.layout, batch.columns, counting));
      }
    }
    batch.release();
  }

  watermark(timestamp: number): void {
    for (const harness of this.#subtasks) harness.watermark(timestamp);
  }

  /** A checkpoint of all, and others that go on from it. */
  async restore(parallelism: number): Promise<void> {
    this.#checkpoints += 1;
    const snapshots = await Promise.all(this.#subtasks.map((harness) => harness.snapshot(this.#checkpoints)));
    for (const harness of this.#subtasks) this.#events.push(...harness.events);
    this.#subtasks = await this.#open(parallelism, snapshots);
  }

  async end(): Promise<void> {
    for (const harness of this.#subtasks) await harness.endInput();
  }

  /** All that was emitted; of one key in its order. */
  get shown(): readonly string[] {
    return shownEvents([...this.#events, ...this.#subtasks.flatMap((harness) => harness.events)]);
  }

  #ownerOf(hash: number): number {
    return subtaskOfKeyGroup(keyGroupOfHash(hash, MAX_PARALLELISM), this.#subtasks.length, MAX_PARALLELISM);
  }

  #open(parallelism: number, restore: readonly Awaited<ReturnType<Harness["snapshot"]>>[] | null): Promise<Harness[]> {
    return Promise.all(
      Array.from({ length: parallelism }, (_none, subtask) =>
        OperatorHarness.open(this.#factory, {
          keySelector: () => null,
          files: this.#files,
          parallelism,
          maxParallelism: MAX_PARALLELISM,
          subtask,
          ...(restore === null ? {} : { restore }),
        }),
      ),
    );
  }
}
