/**
 * Owns: copying values out of the pages of a row table, whose slots are in any order, into the memory of a batch.
 */
import type { SlotGathering } from "../../ports/index.ts";
import { type AnyStore, type Column, isNull, TABLE_PAGE_BITS } from "../../record/index.ts";
import { SLOT_MASK } from "./page.ts";

type OfKind<K extends Column["kind"]> = Extract<Column, { readonly kind: K }>;

/** `columns`: by page, of one field. */
export function gatherSlots(columns: readonly Column[], gathering: SlotGathering, store: AnyStore): void {
  gatherValues(columns, gathering, store);
  if (!store.field.type.nullable || store.field.kind === "objects") return;
  const { slots, from, to, at } = gathering;
  for (let place = from; place < to; place++) {
    const slot = slots[place] as number;
    const { nulls } = columns[slot >> TABLE_PAGE_BITS] as Column;
    if (nulls !== null && isNull(nulls, slot & SLOT_MASK)) store.setNull(at + place - from);
  }
}

function gatherValues(columns: readonly Column[], { slots, from, to, at }: SlotGathering, store: AnyStore): void {
  const target = store.column();
  const shift = at - from;
  switch (target.kind) {
    case "float64":
      for (let place = from; place < to; place++) {
        const slot = slots[place] as number;
        const { values } = columns[slot >> TABLE_PAGE_BITS] as OfKind<"float64">;
        target.values[place + shift] = values[slot & SLOT_MASK] as number;
      }
      return;
    case "bigint":
      // By words: a bigint in between would be allocated.
      for (let place = from; place < to; place++) {
        const slot = slots[place] as number;
        const { words } = columns[slot >> TABLE_PAGE_BITS] as OfKind<"bigint">;
        const source = (slot & SLOT_MASK) << 1;
        const into = (place + shift) << 1;
        target.words[into] = words[source] as number;
        target.words[into + 1] = words[source + 1] as number;
      }
      return;
    case "int32":
      for (let place = from; place < to; place++) {
        const slot = slots[place] as number;
        const { values } = columns[slot >> TABLE_PAGE_BITS] as OfKind<"int32">;
        target.values[place + shift] = values[slot & SLOT_MASK] as number;
      }
      return;
    case "boolean":
      for (let place = from; place < to; place++) {
        const slot = slots[place] as number;
        const { values } = columns[slot >> TABLE_PAGE_BITS] as OfKind<"boolean">;
        target.values[place + shift] = values[slot & SLOT_MASK] as number;
      }
      return;
    case "objects":
      for (let place = from; place < to; place++) {
        const slot = slots[place] as number;
        const { values } = columns[slot >> TABLE_PAGE_BITS] as OfKind<"objects">;
        (target.values as unknown[])[place + shift] = values[slot & SLOT_MASK];
      }
      return;
    case "text":
      for (let place = from; place < to; place++) {
        const slot = slots[place] as number;
        gatherText(columns[slot >> TABLE_PAGE_BITS] as OfKind<"text">, slot & SLOT_MASK, place + shift, store);
      }
  }
}

function gatherText(column: OfKind<"text">, row: number, at: number, store: AnyStore): void {
  if (column.isWellFormed && "putCopy" in store) store.putCopy(column, row, at);
  else store.gather(column, { rows: Int32Array.of(row), from: 0, to: 1, at });
}
