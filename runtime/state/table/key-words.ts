/**
 * Owns: comparing keys of bigints and of whole numbers of 32 bits word by word, without looking at the kinds of their columns.
 * Called by: column-table.ts, for every record: the hot path.
 *
 * TKW1 It is as TKY1 says: such values are equal when their words are.
 */
import { type Column, type ColumnField, TABLE_PAGE_BITS } from "../../record/index.ts";
import { SLOT_MASK } from "./page.ts";

const FIELDS_MAX = 4;

export class KeyWords {
  /** By field, then by page. */
  readonly #pages: Int32Array[][];
  /** By field: 1 where a value has two words. */
  readonly #shifts: readonly number[];
  /** Of the keys that are looked for. */
  #wanted: readonly Int32Array[] = [];

  /** Whether keys of these fields are compared so. */
  static fits(fields: readonly ColumnField[]): boolean {
    const isOfWords = ({ kind, type }: ColumnField): boolean =>
      (kind === "bigint" || kind === "int32") && !type.nullable;
    return fields.length > 0 && fields.length <= FIELDS_MAX && fields.every(isOfWords);
  }

  constructor(fields: readonly ColumnField[]) {
    this.#pages = fields.map(() => []);
    this.#shifts = fields.map(({ kind }) => (kind === "bigint" ? 1 : 0));
  }

  /** The keys of the next page: they never move. */
  addPage(keys: readonly Column[]): void {
    for (const [field, pages] of this.#pages.entries()) pages.push(wordsOf(keys[field] as Column));
  }

  /** Keys that are looked for. */
  use(keys: readonly Column[]): void {
    this.#wanted = keys.map(wordsOf);
  }

  /** Whether the slot has the key at that row. */
  areAt(slot: number, row: number): boolean {
    const page = slot >> TABLE_PAGE_BITS;
    const place = slot & SLOT_MASK;
    for (let field = 0; field < this.#shifts.length; field++) {
      const own = (this.#pages[field] as Int32Array[])[page] as Int32Array;
      const wanted = this.#wanted[field] as Int32Array;
      const shift = this.#shifts[field] as number;
      if (own[place << shift] !== wanted[row << shift]) return false;
      if (shift === 1 && own[(place << 1) + 1] !== wanted[(row << 1) + 1]) return false;
    }
    return true;
  }
}

const wordsOf = (column: Column): Int32Array =>
  column.kind === "bigint" ? column.words : ((column as { readonly values: unknown }).values as Int32Array);
