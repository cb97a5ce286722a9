/**
 * Owns: merging sorted runs, in memory or in a file, into batches in one order.
 *
 * RMG1 Rows that the order does not tell apart come out in the order of their runs, and within a run as they stand there.
 * RMG2 Of a run in a file one block is in memory.
 * RMG3 Between two batches whoever merges may turn to something else.
 */
import { type Column, type ColumnBatch, ColumnBuilder, gatherScattered, type AnyStore } from "../record/index.ts";
import type { Block, BlockFile } from "./block-file.ts";
import type { RowChunk } from "./row-chunk.ts";
import type { Comparison } from "./row-order.ts";

/** Where a run is read: at one row of it. */
export interface RunCursor {
  readonly columns: readonly Column[];
  readonly row: number;
  readonly number: number;
  /** False: that was the last row. */
  advance(): boolean;
}

/** Over rows in memory. */
export class ChunkCursor implements RunCursor {
  readonly #chunk: RowChunk;
  #at = 0;
  columns: readonly Column[] = [];
  row = 0;
  number = 0;

  /** Of a chunk that has rows. */
  constructor(chunk: RowChunk) {
    this.#chunk = chunk;
    this.#show();
  }

  advance(): boolean {
    this.#at += 1;
    if (this.#at === this.#chunk.rows) return false;
    this.#show();
    return true;
  }

  #show(): void {
    const row = this.#chunk.order[this.#at] as number;
    this.columns = this.#chunk.columnsAt(row);
    this.row = this.#chunk.placeOf(row);
    this.number = this.#chunk.numbers[row] as number;
  }
}

/** Over blocks of a file (RMG2). */
export class BlocksCursor implements RunCursor {
  readonly #file: BlockFile;
  readonly #blocks: readonly Block[];
  readonly #comparison: Comparison;
  #next = 0;
  #rows = 0;
  #numbers = new Float64Array(0);
  columns: readonly Column[] = [];
  row = 0;
  number = 0;

  /** Of at least one block. Errors: SPILL_FAILED. */
  constructor(file: BlockFile, blocks: readonly Block[], comparison: Comparison) {
    this.#file = file;
    this.#blocks = blocks;
    this.#comparison = comparison;
    this.#load();
  }

  advance(): boolean {
    this.row += 1;
    if (this.row === this.#rows) return this.#load();
    this.number = this.#numbers[this.row] as number;
    return true;
  }

  #load(): boolean {
    const block = this.#blocks[this.#next];
    if (block === undefined) return false;
    this.#next += 1;
    const batch = this.#file.read(block);
    this.#rows = batch.count;
    if (this.#numbers.length < batch.count) this.#numbers = new Float64Array(batch.count);
    this.#comparison.fill(batch, batch.rows, batch.count, this.#numbers, 0);
    this.columns = batch.columns;
    this.row = 0;
    this.number = this.#numbers[0] as number;
    return true;
  }
}

/** `rows`: no more come out. Each batch is `take`'s to release (RMG3). */
export function* mergeRuns(
  cursors: readonly RunCursor[],
  comparison: Comparison,
  builder: ColumnBuilder,
  rows: number,
  take: (batch: ColumnBatch) => void,
): Generator<void> {
  const heap = new CursorHeap(cursors, comparison);
  const picked = new PickedRows(builder);
  for (let left = rows; left > 0; left--) {
    const cursor = heap.first;
    if (cursor === null) break;
    picked.add(cursor);
    heap.advanceFirst();
    if (!picked.isFull) continue;
    take(picked.take());
    yield;
  }
  if (!picked.isEmpty) take(picked.take());
}

/** The rows of the batch that is being made: where each stands. */
class PickedRows {
  readonly #builder: ColumnBuilder;
  readonly #sources: Int32Array;
  readonly #rows: Int32Array;
  /** Of each source its columns; of its columns its number. */
  #pages: (readonly Column[])[] = [];
  readonly #numbers = new Map<readonly Column[], number>();
  #lastPage: readonly Column[] = [];
  #lastNumber = -1;
  #count = 0;

  constructor(builder: ColumnBuilder) {
    this.#builder = builder;
    this.#sources = new Int32Array(builder.capacity);
    this.#rows = new Int32Array(builder.capacity);
  }

  get isFull(): boolean {
    return this.#count === this.#rows.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add({ columns, row }: RunCursor): void {
    const at = this.#count++;
    if (columns !== this.#lastPage || this.#lastNumber < 0) this.#turnTo(columns);
    this.#sources[at] = this.#lastNumber;
    this.#rows[at] = row;
  }

  take(): ColumnBatch {
    const builder = this.#builder;
    const scattered = { sources: this.#sources, rows: this.#rows, count: this.#count };
    for (const [place, store] of builder.stores.entries()) {
      const columns = this.#pages.map((page) => page[place] as Column);
      gatherScattered(store as AnyStore, columns, scattered);
    }
    builder.count = this.#count;
    this.#count = 0;
    this.#pages = [];
    this.#numbers.clear();
    this.#lastNumber = -1;
    return builder.take();
  }

  #turnTo(columns: readonly Column[]): void {
    let number = this.#numbers.get(columns);
    if (number === undefined) {
      number = this.#pages.push(columns) - 1;
      this.#numbers.set(columns, number);
    }
    this.#lastPage = columns;
    this.#lastNumber = number;
  }
}

/** The cursor whose row comes next is its first one. */
class CursorHeap {
  readonly #cursors: readonly RunCursor[];
  readonly #comparison: Comparison;
  /** Numbers of cursors. */
  readonly #heap: number[];

  constructor(cursors: readonly RunCursor[], comparison: Comparison) {
    this.#cursors = cursors;
    this.#comparison = comparison;
    this.#heap = cursors.map((_cursor, number) => number);
    for (let at = this.#heap.length >> 1; at >= 0; at--) this.#sink(at);
  }

  get first(): RunCursor | null {
    return this.#heap.length === 0 ? null : (this.#cursors[this.#heap[0] as number] as RunCursor);
  }

  advanceFirst(): void {
    const heap = this.#heap;
    const first = this.#cursors[heap[0] as number] as RunCursor;
    if (!first.advance()) {
      const last = heap.pop() as number;
      if (heap.length === 0) return;
      heap[0] = last;
    }
    this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const moved = heap[from] as number;
    let at = from;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < heap.length && this.#isBefore(heap[right] as number, heap[child] as number)) child = right;
      if (!this.#isBefore(heap[child] as number, moved)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    if (at !== from) heap[at] = moved;
  }

  /** RMG1 */
  #isBefore(one: number, other: number): boolean {
    const [left, right] = [this.#cursors[one] as RunCursor, this.#cursors[other] as RunCursor];
    const order = this.#comparison.compare(left.number, left.columns, left.row, right.number, right.columns, right.row);
    return order === 0 ? one < other : order < 0;
  }
}
