/**
 * Owns: sorting more rows than memory holds: they are collected, and when they exceed the budget they go into a file as a sorted run; at the end the runs are merged.
 * Called by: the sort of SQL, whose input is bounded.
 *
 * EXS1 Rows that the order does not tell apart come out as they came in.
 * EXS2 In memory are rows up to the budget, and while runs are merged a block of each. So many runs are merged at once as the budget has room for; more are merged in passes.
 * EXS3 What takes long is a generator, to be gone on with until it is done: `spill` when `isFull`, `drain` at the end. In between nothing else is called.
 * EXS4 Where only the first rows are wanted, those that cannot be among them are let go: a run has no more of them, and a row that comes behind the last one of a run is not taken.
 */
import { assert } from "../../base/index.ts";
import type { SpillSpace } from "../ports/index.ts";
import { type ColumnBatch, ColumnBuilder, type ValueType } from "../record/index.ts";
import { type Block, BlockFile } from "./block-file.ts";
import { RowChunk } from "./row-chunk.ts";
import { bytesOf, pageRowsWithin } from "./row-memory.ts";
import { Comparison, type RowOrder } from "./row-order.ts";
import { BlocksCursor, ChunkCursor, mergeRuns, type RunCursor } from "./run-merge.ts";

export type SorterOptions = {
  /** Of the rows. */
  readonly type: ValueType<unknown>;
  readonly order: RowOrder;
  /** Null: all is kept in memory. */
  readonly space: SpillSpace | null;
  /** So many of the first rows are wanted (EXS4); null: all. */
  readonly rows: number | null;
  onSpill(bytes: number): void;
};

/** Rows that are sorted at once: they take about 20 ms. */
const CHUNK_ROWS = 2 ** 16;
const FIRST_ROWS_FACTOR = 4;
const CHUNKS_MAX = 16;
const FAN_IN_MIN = 2;
const FAN_IN_MAX = 64;
/** Of a row: its number, and its place in the order. */
const ORDER_BYTES = 16;

type Run = { readonly blocks: readonly Block[]; readonly rows: number };
type Last = { readonly batch: ColumnBatch; readonly number: number };

export class ExternalSorter {
  readonly #options: SorterOptions;
  readonly #comparison: Comparison;
  /** Of what is collected, and of what is merged: pages of the one are kept. */
  readonly #collected: ColumnBuilder;
  readonly #merged: ColumnBuilder;
  readonly #pageBits: number;
  readonly #chunkPages: number;
  readonly #budgetBytes: number;
  #pages: ColumnBatch[] = [];
  #chunks: RowChunk[] = [];
  #bytes = 0;
  #file: BlockFile | null = null;
  #runs: Run[] = [];
  /** Of a block as it is read, and of its rows in memory, where objects take several times as much. */
  #blockBytesMax = 1;
  /** EXS4: no row is wanted that comes behind it, or that the order does not tell from it. */
  #last: Last | null = null;
  #numbers = new Float64Array(0);
  #wanted = new Int32Array(0);

  constructor(options: SorterOptions) {
    const { type, order, space, rows } = options;
    this.#options = options;
    this.#comparison = new Comparison(order);
    this.#budgetBytes = space?.budgetBytes ?? Number.POSITIVE_INFINITY;
    const pageRows = pageRowsWithin(type, this.#budgetBytes);
    this.#pageBits = Math.log2(pageRows);
    this.#collected = new ColumnBuilder(type, pageRows);
    this.#merged = new ColumnBuilder(type, pageRows);
    const chunkRows = rows === null ? CHUNK_ROWS : Math.min(CHUNK_ROWS, rows * FIRST_ROWS_FACTOR);
    this.#chunkPages = Math.max(1, Math.ceil(chunkRows / pageRows));
  }

  /** Of each batch that comes out, but the last one. */
  get pageRows(): number {
    return this.#merged.capacity;
  }

  /** Whether it is time to `spill`. */
  get isFull(): boolean {
    return this.#bytes > this.#budgetBytes;
  }

  /** Of the budget, what rows in memory take. */
  get share(): number {
    return this.#bytes / this.#budgetBytes;
  }

  /** Whether some of the rows are in a file. */
  get hasSpilled(): boolean {
    return this.#runs.length > 0;
  }

  /** Takes the records of a batch from the one numbered `from` on. */
  add(batch: ColumnBatch, from: number): void {
    const { rows, count } = this.#wantedOf(batch, from);
    const collected = this.#collected;
    for (let first = 0; first < count; ) {
      const end = Math.min(count, first + collected.capacity - collected.count);
      collected.append(batch, { rows, from: first, to: end });
      first = end;
      if (collected.isFull) this.#takePage();
    }
  }

  /** Rows that are in memory, as they came: when none is in a file, all. */
  *collected(): Generator<ColumnBatch> {
    assert(!this.hasSpilled, "rows that were spilled are in a file");
    this.#endChunk();
    for (const { pages } of this.#chunks) yield* pages;
  }

  /** EXS3. What is in memory becomes a run in the file. Errors: SPILL_FAILED. */
  *spill(): Generator<void> {
    const { space, type, onSpill } = this.#options;
    assert(space !== null, "what has no budget is never full");
    this.#endChunk();
    this.#file ??= new BlockFile(space, type, onSpill);
    yield* this.#writeRun(this.#chunksAsCursors(), this.#file, this.#runs);
    this.#forget();
  }

  /** EXS3. All rows in order; `take` is given batches, and does not release them. Errors: SPILL_FAILED. */
  *drain(take: (batch: ColumnBatch) => void): Generator<void> {
    for (const batch of this.sorted()) {
      if (batch !== null) take(batch);
      yield;
    }
  }

  /** The same for who takes them one by one: each is valid until the next one; null: a step of work that has none. Errors: SPILL_FAILED. */
  *sorted(): Generator<ColumnBatch | null> {
    this.#endChunk();
    if (this.hasSpilled && this.#chunks.length > 0) yield* withoutBatch(this.spill());
    while (this.#runs.length > this.#fanIn) yield* withoutBatch(this.#mergePass());
    const cursors = this.hasSpilled ? this.#runs.map((run) => this.#cursorOf(run)) : this.#chunksAsCursors();
    const merged: ColumnBatch[] = [];
    const given = function* (): Generator<ColumnBatch> {
      for (const batch of merged.splice(0)) {
        yield batch;
        batch.release();
      }
    };
    const merging = mergeRuns(
      cursors,
      this.#comparison,
      this.#merged,
      this.#rowsMax,
      (batch) => void merged.push(batch),
    );
    for (const _step of merging) yield* given();
    yield* given();
    this.close();
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
    this.#runs = [];
    this.#pages = [];
    this.#forget();
  }

  get #rowsMax(): number {
    return this.#options.rows ?? Number.POSITIVE_INFINITY;
  }

  /** EXS2 */
  get #fanIn(): number {
    return Math.max(FAN_IN_MIN, Math.min(FAN_IN_MAX, Math.floor(this.#budgetBytes / this.#blockBytesMax)));
  }

  #chunksAsCursors(): readonly RunCursor[] {
    return this.#chunks.map((chunk) => new ChunkCursor(chunk));
  }

  #cursorOf({ blocks }: Run): RunCursor {
    assert(this.#file !== null, "runs are in a file");
    return new BlocksCursor(this.#file, blocks, this.#comparison);
  }

  /** Runs next to each other become one, so that equal rows keep their order (EXS1). */
  *#mergePass(): Generator<void> {
    const { space, type, onSpill } = this.#options;
    const before = this.#file;
    assert(space !== null && before !== null, "runs are in a file");
    const file = new BlockFile(space, type, onSpill);
    const merged: Run[] = [];
    const fanIn = this.#fanIn;
    try {
      for (let first = 0; first < this.#runs.length; first += fanIn)
        yield* this.#writeRun(
          this.#runs.slice(first, first + fanIn).map((run) => this.#cursorOf(run)),
          file,
          merged,
        );
    } catch (error) {
      file.close();
      throw error;
    }
    this.#file = file;
    this.#runs = merged;
    before.close();
  }

  *#writeRun(cursors: readonly RunCursor[], file: BlockFile, runs: Run[]): Generator<void> {
    const blocks: Block[] = [];
    let rows = 0;
    yield* mergeRuns(cursors, this.#comparison, this.#merged, this.#rowsMax, (batch) => {
      const block = file.write(batch);
      this.#blockBytesMax = Math.max(this.#blockBytesMax, block.bytes + bytesOf(batch));
      blocks.push(block);
      rows += batch.count;
      if (rows === this.#options.rows) this.#keepLast(batch, batch.count - 1);
      batch.release();
    });
    if (rows > 0) runs.push({ blocks, rows });
  }

  #takePage(): void {
    const page = this.#collected.take();
    this.#pages.push(page);
    this.#bytes += bytesOf(page) + page.count * ORDER_BYTES;
    if (this.#pages.length === this.#chunkPages) this.#sortChunk();
  }

  /** The last page of a chunk may have fewer rows than the others. */
  #endChunk(): void {
    if (this.#collected.count > 0) this.#takePage();
    this.#sortChunk();
  }

  #sortChunk(): void {
    if (this.#pages.length === 0) return;
    const chunk = new RowChunk(this.#pages, this.#pageBits, this.#comparison);
    this.#pages = [];
    this.#chunks.push(chunk);
    const { rows } = this.#options;
    if (rows === null || chunk.rows < rows) return;
    if (rows > 0) {
      const last = chunk.order[rows - 1] as number;
      this.#keepLast(chunk.pages[chunk.pageOf(last)] as ColumnBatch, chunk.placeOf(last));
    }
    if (this.#chunks.length >= CHUNKS_MAX || chunk.rows > rows) this.#cut();
  }

  /** EXS4: of all that is in memory the first rows are left, in new pages. */
  #cut(): void {
    const chunks = this.#chunks;
    const pages: ColumnBatch[] = [];
    const builder = this.#collected;
    assert(builder.count === 0, "chunks end with a page");
    for (const _batch of mergeRuns(this.#chunksAsCursors(), this.#comparison, builder, this.#rowsMax, (batch) => {
      pages.push(batch);
    }));
    for (const chunk of chunks) for (const page of chunk.pages) page.release();
    this.#chunks = pages.length === 0 ? [] : [new RowChunk(pages, this.#pageBits, this.#comparison)];
    this.#bytes = pages.reduce((sum, page) => sum + bytesOf(page) + page.count * ORDER_BYTES, 0);
  }

  #keepLast(batch: ColumnBatch, place: number): void {
    const number = new Float64Array(1);
    const row = Int32Array.of(place);
    this.#comparison.fill(batch, row, 1, number, 0);
    const last = this.#last;
    const isEarlier =
      last === null ||
      this.#comparison.compare(number[0] as number, batch.columns, place, last.number, last.batch.columns, 0) < 0;
    if (!isEarlier) return;
    const one = new ColumnBuilder(this.#options.type, 1);
    one.append(batch, { rows: row, from: 0, to: 1 });
    this.#last = { batch: one.take(), number: number[0] as number };
  }

  /** EXS4 */
  #wantedOf(batch: ColumnBatch, from: number): { readonly rows: Int32Array; readonly count: number } {
    const rows = batch.rows.subarray(from, batch.count);
    const last = this.#last;
    if (last === null) return { rows, count: rows.length };
    if (this.#numbers.length < rows.length) {
      this.#numbers = new Float64Array(rows.length);
      this.#wanted = new Int32Array(rows.length);
    }
    const [numbers, wanted, comparison] = [this.#numbers, this.#wanted, this.#comparison];
    comparison.fill(batch, rows, rows.length, numbers, 0);
    let count = 0;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      const order = comparison.compare(numbers[at] as number, batch.columns, row, last.number, last.batch.columns, 0);
      if (order < 0) wanted[count++] = row;
    }
    return { rows: wanted, count };
  }

  #forget(): void {
    for (const { pages } of this.#chunks) for (const page of pages) page.release();
    this.#chunks = [];
    this.#bytes = 0;
  }
}

function* withoutBatch(work: Generator<void>): Generator<null> {
  for (const _step of work) yield null;
}
