/**
 * Owns: rows in parts by the hash of their key: what memory does not hold goes into a file, part by part, and each part is read on its own later.
 * Called by: the aggregate and the join of SQL, whose inputs are bounded.
 *
 * PRW1 Rows with the same hash are in the same part, in the order in which they came.
 * PRW2 When the rows in memory exceed the budget, all of the largest part that is there goes into the file. Parts that fit stay.
 * PRW3 Another level parts rows of one part of the level before anew. Rows of one hash are never told apart.
 */
import type { SpillSpace } from "../ports/index.ts";
import { ColumnBatch, ColumnBuilder, mix, type ValueType } from "../record/index.ts";
import { type Block, BlockFile } from "./block-file.ts";
import { bytesOf, bytesOfRows, pageRowsWithin } from "./row-memory.ts";

const PART_BITS = 4;
const PARTS = 1 << PART_BITS;
/** Levels whose parts differ: hashes have 32 bits. */
export const LEVELS_MAX = 32 / PART_BITS;
/** Of all parts together, those of pages that are being filled are at most half of it. */
const OPEN_FRACTION = 1 / PARTS;

export type PartitionOptions = {
  /** Of the rows. */
  readonly type: ValueType<unknown>;
  readonly space: SpillSpace;
  /** For rows in memory; 0: none stay, but those of pages that are being filled. */
  readonly budgetBytes: number;
  /** From 0 (PRW3). */
  readonly level: number;
  onSpill(bytes: number): void;
};

/** Its batches have the hashes of their keys as marks. */
export interface RowPart {
  readonly rows: number;
  /** What they take in memory, those of the file, too. */
  readonly bytes: number;
  /** Valid until the next one. Errors: SPILL_FAILED. */
  batches(): Generator<ColumnBatch>;
}

export class PartitionedRows {
  readonly #options: PartitionOptions;
  readonly #parts: Part[];
  #file: BlockFile | null = null;
  #bytes = 0;
  #starts = new Int32Array(PARTS + 1);
  #sorted = new Int32Array(0);

  constructor(options: PartitionOptions) {
    const { type, space } = options;
    this.#options = options;
    const pageRows = pageRowsWithin(type, space.budgetBytes * OPEN_FRACTION);
    this.#parts = Array.from({ length: PARTS }, () => new Part(type, pageRows, () => this.#opened()));
  }

  get hasSpilled(): boolean {
    return this.#file !== null;
  }

  /** Records of a batch: `rows` has the places of the first `count`, `hashes` the hash of each by place. Errors: SPILL_FAILED. */
  add(batch: ColumnBatch, rows: Int32Array, count: number, hashes: Int32Array): void {
    const plain = new ColumnBatch(batch.layout, batch.columns, { count: batch.count, selection: batch.selection });
    const [sorted, starts] = [this.#byPart(rows, count, hashes), this.#starts];
    for (const [number, part] of this.#parts.entries()) {
      const [from, to] = [starts[number] as number, starts[number + 1] as number];
      if (from < to) this.#bytes += part.add(plain, { rows: sorted, from, to }, hashes);
    }
    while (this.#bytes > this.#options.budgetBytes && this.#spillLargest());
  }

  /** By their numbers, those without rows, too. Nothing is added from then on. */
  parts(): readonly RowPart[] {
    for (const part of this.#parts) part.end();
    return this.#parts;
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
    for (const part of this.#parts) part.drop();
    this.#bytes = 0;
  }

  #opened(): BlockFile {
    const { space, type, onSpill } = this.#options;
    this.#file ??= new BlockFile(space, type, onSpill);
    return this.#file;
  }

  /** PRW2. False: there is nothing to spill. */
  #spillLargest(): boolean {
    const largest = this.#parts.reduce((one, other) => (other.pageBytes > one.pageBytes ? other : one));
    if (largest.pageBytes === 0) return false;
    this.#bytes -= largest.pageBytes;
    largest.spill();
    return true;
  }

  /** Places in the order of their parts, and where each part begins. */
  #byPart(rows: Int32Array, count: number, hashes: Int32Array): Int32Array {
    if (this.#sorted.length < count) this.#sorted = new Int32Array(count);
    const [starts, sorted, salt] = [this.#starts, this.#sorted, saltOf(this.#options.level)];
    starts.fill(0);
    for (let at = 0; at < count; at++) {
      const part = partOf(hashes[rows[at] as number] as number, salt);
      starts[part + 1] = (starts[part + 1] as number) + 1;
    }
    for (let part = 0; part < PARTS; part++) starts[part + 1] = (starts[part + 1] as number) + (starts[part] as number);
    const next = starts.slice();
    for (let at = 0; at < count; at++) {
      const part = partOf(hashes[rows[at] as number] as number, salt);
      sorted[next[part] as number] = rows[at] as number;
      next[part] = (next[part] as number) + 1;
    }
    return sorted;
  }
}

/** Key groups are a hash's remainder: its upper bits alone would put rows of one subtask into few parts. */
const saltOf = (level: number): number => Math.imul(level + 1, 0x9e3779b1);
const partOf = (hash: number, salt: number): number => mix(hash ^ salt) >>> (32 - PART_BITS);

class Part implements RowPart {
  readonly #builder: ColumnBuilder;
  readonly #file: () => BlockFile;
  readonly #blocks: Block[] = [];
  #pages: ColumnBatch[] = [];
  /** Of rows in blocks what they take in memory: objects take several times what they do in a file. */
  #blockBytes = 0;
  rows = 0;
  /** Of pages in memory that are full. */
  pageBytes = 0;

  constructor(type: ValueType<unknown>, pageRows: number, file: () => BlockFile) {
    this.#builder = new ColumnBuilder(type, pageRows);
    this.#file = file;
  }

  get bytes(): number {
    return this.pageBytes + this.#blockBytes;
  }

  /** Answers how much more memory it takes. */
  add(
    batch: ColumnBatch,
    { rows, from, to }: { readonly rows: Int32Array; readonly from: number; readonly to: number },
    hashes: Int32Array,
  ): number {
    const builder = this.#builder;
    const before = this.pageBytes;
    this.rows += to - from;
    for (let first = from; first < to; ) {
      const end = Math.min(to, first + builder.capacity - builder.count);
      builder.append(batch, { rows, from: first, to: end }, hashes);
      first = end;
      if (builder.isFull) this.end();
    }
    return this.pageBytes - before;
  }

  /** What is being filled is a page. */
  end(): void {
    if (this.#builder.count === 0) return;
    const page = this.#builder.take();
    this.#pages.push(page);
    this.pageBytes += bytesOf(page);
  }

  spill(): void {
    const file = this.#file();
    for (const page of this.#pages) {
      const block = file.write(page);
      this.#blocks.push(block);
      this.#blockBytes += bytesOfRows(page.columns, page.rows, page.count);
      page.release();
    }
    this.#pages = [];
    this.pageBytes = 0;
  }

  *batches(): Generator<ColumnBatch> {
    if (this.#blocks.length > 0) {
      const file = this.#file();
      for (const block of this.#blocks) yield file.read(block);
    }
    yield* this.#pages;
  }

  drop(): void {
    for (const page of this.#pages) page.release();
    this.#pages = [];
    this.pageBytes = 0;
    this.rows = 0;
  }
}
