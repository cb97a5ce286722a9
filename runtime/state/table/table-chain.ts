/**
 * Owns: what is known of a chain of files of tables while it is read from the newest to the oldest: which tables and pages are over, and what became of rows.
 * Not here: reading parts (table-reader.ts), writing them (table-snapshot.ts).
 *
 * TCH1 Of a table or page that the newest file does not name, and of a page behind the file that has all of it, nothing counts.
 * TCH2 Every page that the newest file names has a file with all of it, and every key comes once: else a file is missing, or is not of this chain.
 */
import { assert } from "../../../base/index.ts";
import type { FileRef } from "../../checkpoint/index.ts";
import { type PartForm, type PartPlace, tableFile } from "./table-file.ts";
import { PAGE_SLOTS } from "./page.ts";
import type { ByteReader } from "../../record/index.ts";

/** A slice of a table that is being read. */
export type ReadSlice = {
  readonly pages: PageChain;
  readonly read: (from: { readonly reader: ByteReader; readonly place: PartPlace; readonly file: string }) => void;
};

type Named = { readonly name: string; readonly slice: number; readonly table: number };

export class TableChain {
  readonly #head: string;
  /** Digests of the files that are to come; null: none are. */
  readonly #after: string[] | null;
  readonly #slices = new Map<string, ReadSlice & { readonly table: number }>();
  #isHead = true;

  constructor(head: string, after: readonly string[] | null) {
    this.#head = head;
    this.#after = after === null ? null : [...after];
  }

  /** Another file of it comes. Errors: CHECKPOINT_CORRUPT. */
  assertNext({ key, sha256 }: FileRef): void {
    this.#isHead = false;
    if (this.#after?.pop() !== sha256) throw tableFile.corrupt(this.#head, `${key} is none of the files before it`);
  }

  /** Null: it is over (TCH1). */
  find({ name, slice, table }: Named, make: () => ReadSlice): ReadSlice | null {
    const id = `${slice} ${name}`;
    const known = this.#slices.get(id);
    if (known !== undefined) return known.table === table ? known : null;
    if (!this.#isHead) return null;
    const made = { ...make(), table };
    this.#slices.set(id, made);
    return made;
  }

  /** All of it was read. Errors: CHECKPOINT_CORRUPT (TCH2). */
  assertWhole(): void {
    const [missing] = this.#after ?? [];
    if (missing !== undefined) throw tableFile.corrupt(this.#head, `the file ${missing} before it is missing`);
    for (const { pages } of this.#slices.values()) {
      if (!pages.areWhole) throw tableFile.corrupt(this.#head, "no file before it has all of a page that it names");
      if (!pages.hasEachOnce)
        throw tableFile.corrupt(this.#head, "a key of it is there twice, or in another file, too (TBR1)");
    }
  }
}

type Page = { isOver: boolean; gone: Uint8Array | null; marks: Map<number, number> | null };

/** The pages of a slice. */
export class PageChain {
  readonly #pages = new Map<number, Page>();
  #keys = 0;
  #found = 0;

  /** `there`: the pages that the newest file names. */
  constructor(there: readonly number[]) {
    for (const page of there) this.#pages.set(page, { isOver: false, gone: null, marks: null });
  }

  /** What is left of the files says nothing of it that counts (TCH1). */
  isOver(page: number): boolean {
    return this.#pages.get(page)?.isOver !== false;
  }

  /** A part of it was read. */
  read(page: number, kind: PartForm["kind"]): void {
    if (kind === "whole") this.#pages.set(page, { isOver: true, gone: null, marks: null });
  }

  /** Of rows in older files. */
  change(
    page: number,
    {
      gone,
      marked,
      marks,
    }: { readonly gone: Int32Array | null; readonly marked: Int32Array | null; readonly marks: Int32Array | null },
  ): void {
    const known = this.#pages.get(page);
    assert(known !== undefined, "a page that is over is not read");
    if (gone !== null) {
      known.gone ??= new Uint8Array(PAGE_SLOTS);
      for (const place of gone) known.gone[place] = 1;
    }
    if (marked === null || marks === null) return;
    known.marks ??= new Map();
    // The newest mark is there first.
    for (const [at, place] of marked.entries())
      if (!known.marks.has(place)) known.marks.set(place, marks[at] as number);
  }

  isGone(page: number, place: number): boolean {
    return this.#pages.get(page)?.gone?.[place] === 1;
  }

  /** What a newer file says; null: nothing. */
  markOf(page: number, place: number): number | null {
    return this.#pages.get(page)?.marks?.get(place) ?? null;
  }

  /** Keys of this subtask that a part is the first to have, and keys that were not there when it was read. */
  count(keys: number, found: number): void {
    this.#keys += keys;
    this.#found += found;
  }

  get areWhole(): boolean {
    return [...this.#pages.values()].every(({ isOver }) => isOver);
  }

  get hasEachOnce(): boolean {
    return this.#keys === this.#found;
  }
}
