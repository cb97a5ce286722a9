/**
 * Owns: rows that are read again by their numbers, a while after they came: those that memory does not hold go into a file.
 * Called by: operators that look around in sorted rows: frames of OVER, rows whose session is not over.
 *
 * RLG1 Rows are numbered from 0 on as they come. Those ahead of what was said to be forgotten are gone, page by page; where none is left in the file it is closed.
 * RLG2 In memory are pages up to the budget, and a few of the file that were loaded last: who reads goes forward, at a few places.
 */
import { assert } from "../../base/index.ts";
import type { SpillSpace } from "../ports/index.ts";
import { type Column, type ColumnBatch, ColumnBuilder, type ValueType } from "../record/index.ts";
import { type Block, BlockFile } from "./block-file.ts";
import { bytesOf } from "./row-memory.ts";

type Row = Record<string, unknown>;

export type RowLogOptions = {
  /** Of the rows. */
  readonly type: ValueType<unknown>;
  /** Rows of a page: each batch that is added has as many, but the last one. */
  readonly pageRows: number;
  /** Null: all is kept in memory. */
  readonly space: SpillSpace | null;
  onSpill(bytes: number): void;
};

/** `objects`: made when one is asked for. */
type ReadPage = { readonly batch: ColumnBatch; objects: readonly Row[] | null };

/** A page that is in the file has no batch. */
type Page = { batch: ColumnBatch | null; block: Block | null; readonly bytes: number };

/** RLG2: where rows are added, where they are emitted, where a frame begins, and what is looked back or ahead to. */
const READ_PAGES = 6;

export class RowLog {
  readonly #options: RowLogOptions;
  readonly #builder: ColumnBuilder;
  /** Of the page that is numbered `#first` and those behind it. */
  #pages: Page[] = [];
  #first = 0;
  #rows = 0;
  /** Of pages in memory. */
  #bytes = 0;
  /** Of the pages from `#first` on, those in the file: they are the first ones. */
  #inFile = 0;
  #file: BlockFile | null = null;
  /** By number of the page: what was loaded last comes last. */
  readonly #read = new Map<number, ReadPage>();
  /** The one that was asked for last, and its number. */
  #last: ReadPage | null = null;
  #lastNumber = -1;

  constructor(options: RowLogOptions) {
    const { type, pageRows } = options;
    this.#options = options;
    this.#builder = new ColumnBuilder(type, pageRows);
  }

  /** How many have come: the number of the next one. */
  get rows(): number {
    return this.#rows;
  }

  /** Copies the rows of a batch. Errors: SPILL_FAILED. */
  add(batch: ColumnBatch): void {
    const { pageRows } = this.#options;
    assert(this.#rows % pageRows === 0 && batch.count <= pageRows, "only the last page has fewer rows (RowLogOptions)");
    this.#builder.append(batch, { rows: batch.rows, from: 0, to: batch.count });
    const page = this.#builder.take();
    const bytes = bytesOf(page);
    this.#pages.push({ batch: page, block: null, bytes });
    this.#rows += batch.count;
    this.#bytes += bytes;
    if (this.#options.space !== null && this.#bytes > this.#options.space.budgetBytes) this.#spill(this.#options.space);
  }

  /** The row with that number, as long as its page is there. Errors: SPILL_FAILED. */
  rowAt(number: number): Row {
    const { pageRows } = this.#options;
    const read = this.#pageAt(Math.floor(number / pageRows));
    read.objects ??= read.batch.toRows();
    return read.objects[number % pageRows] as Row;
  }

  /** The value of its column of integers at that place of the type. Errors: SPILL_FAILED. */
  integerAt(number: number, place: number): number {
    const { pageRows } = this.#options;
    const { columns } = this.#pageAt(Math.floor(number / pageRows)).batch;
    return (columns[place] as Column & { readonly values: Int32Array }).values[number % pageRows] as number;
  }

  /** Rows before that number are not read any more. */
  forget(number: number): void {
    const until = Math.floor(number / this.#options.pageRows);
    const count = Math.min(this.#pages.length, until - this.#first);
    if (count <= 0) return;
    for (const [at, { batch, bytes }] of this.#pages.splice(0, count).entries()) {
      this.#forgetRead(this.#first + at);
      batch?.release();
      if (batch !== null) this.#bytes -= bytes;
    }
    this.#first += count;
    this.#inFile = Math.max(0, this.#inFile - count);
    if (this.#inFile === 0) this.#closeFile();
  }

  close(): void {
    for (const { batch } of this.#pages) batch?.release();
    this.#pages = [];
    this.#read.clear();
    this.#last = null;
    this.#bytes = 0;
    this.#inFile = 0;
    this.#closeFile();
  }

  /** All pages in memory go into the file. */
  #spill(space: SpillSpace): void {
    const { type, onSpill } = this.#options;
    this.#file ??= new BlockFile(space, type, onSpill);
    for (const [at, page] of this.#pages.entries()) {
      const { batch } = page;
      if (batch === null) continue;
      page.block = this.#file.write(batch);
      page.batch = null;
      this.#forgetRead(this.#first + at);
      batch.release();
    }
    this.#inFile = this.#pages.length;
    this.#bytes = 0;
  }

  #pageAt(number: number): ReadPage {
    if (this.#last !== null && this.#lastNumber === number) return this.#last;
    const read = this.#read.get(number) ?? this.#readPage(number);
    this.#last = read;
    this.#lastNumber = number;
    return read;
  }

  #readPage(number: number): ReadPage {
    const page = this.#pages[number - this.#first];
    assert(page !== undefined, "a row is read while its page is there (RLG1)");
    const read = { batch: page.batch ?? this.#load(page), objects: null };
    if (this.#read.size === READ_PAGES) this.#forgetOldest();
    this.#read.set(number, read);
    return read;
  }

  #load({ block }: Page): ColumnBatch {
    assert(block !== null && this.#file !== null, "a page is in memory or in the file");
    return this.#file.read(block);
  }

  #forgetRead(number: number): void {
    this.#read.delete(number);
    if (number === this.#lastNumber) this.#last = null;
  }

  #forgetOldest(): void {
    const [oldest] = this.#read.keys();
    if (oldest !== undefined) this.#read.delete(oldest);
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = null;
  }
}
