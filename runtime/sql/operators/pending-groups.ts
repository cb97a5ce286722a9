/**
 * Owns: the groups of a column table that have changed in a mini-batch, each with its row as it was emitted last.
 * Called by: table-mini-batch.ts.
 *
 * SQMG1 A group's row is copied before its first change in the mini-batch; that it is pending is a bit by its slot.
 * SQMG2 The rows before fill a page's first places, those after follow when the page is emitted: texts are put in the order of their places.
 */
import type { ColumnTable, Output } from "../../ports/index.ts";
import { ColumnBuilder, rowKinds, sameValueAt } from "../../record/index.ts";
import type { AggregateNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { PAGE_SLOTS } from "./accumulators/column-accumulator.ts";
import type { TableAggregation } from "./table-aggregation.ts";

/** Each has two rows. */
const PAGE_GROUPS = PAGE_SLOTS / 2;
/** Steps of a few records cost more than the places that are left. */
const ROOM_MIN = PAGE_GROUPS / 4;
/** Of a group that is new: there is no row before. */
const NOTHING = -1;

class Page {
  readonly slots = new Int32Array(PAGE_GROUPS);
  /** Of each group the place of its row before. */
  readonly before = new Int32Array(PAGE_GROUPS);
  readonly builder: ColumnBuilder;
  count = 0;
  befores = 0;

  constructor(node: AggregateNode) {
    this.builder = new ColumnBuilder(rowTypeOf(node.row), PAGE_SLOTS);
  }
}

export class PendingGroups {
  readonly #node: AggregateNode;
  readonly #aggregation: TableAggregation;
  readonly #output: Output<unknown>;
  /** The first `#used` have groups; the others are for later. */
  readonly #pages: Page[] = [];
  #used = 0;
  #isPending = new Uint8Array(PAGE_SLOTS >> 3);
  readonly #known = new Int32Array(PAGE_GROUPS);
  readonly #selection = new Int32Array(PAGE_SLOTS);

  constructor(node: AggregateNode, aggregation: TableAggregation, output: Output<unknown>) {
    this.#node = node;
    this.#aggregation = aggregation;
    this.#output = output;
  }

  /** How many records `note` takes next. */
  get room(): number {
    const page = this.#pages[this.#used - 1];
    const room = page === undefined ? 0 : PAGE_GROUPS - page.count;
    return room < ROOM_MIN ? PAGE_GROUPS : room;
  }

  /** Groups that are about to change: the slots of `count` records, of which those from `firstNew` on are new. */
  note(table: ColumnTable, slots: Int32Array, count: number, firstNew: number): void {
    const page = this.#pageWithRoom();
    this.#makeBits(table.size);
    const isPending = this.#isPending;
    const known = this.#known;
    let befores = 0;
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      const bits = isPending[slot >> 3] as number;
      const bit = 1 << (slot & 7);
      if ((bits & bit) !== 0) continue;
      isPending[slot >> 3] = bits | bit;
      page.slots[page.count] = slot;
      page.before[page.count] = slot < firstNew ? page.befores + befores : NOTHING;
      page.count += 1;
      if (slot < firstNew) known[befores++] = slot;
    }
    if (befores === 0) return;
    const { stores } = page.builder;
    this.#aggregation.results(table, { slots: known, count: befores, at: page.befores }, stores);
    page.befores += befores;
  }

  /** Emits what has changed, page by page. False: `mayGoOn` stopped that, and more is left. */
  emit(table: ColumnTable, mayGoOn: () => boolean): boolean {
    const pages = this.#pages.slice(0, this.#used);
    for (const [at, page] of pages.entries()) {
      if (at > 0 && !mayGoOn()) return false;
      this.#emitPage(table, page);
      this.#pages.push(...this.#pages.splice(0, 1));
      this.#used -= 1;
    }
    return true;
  }

  #emitPage(table: ColumnTable, page: Page): void {
    const { slots, count, builder, befores } = page;
    this.#aggregation.results(table, { slots, count, at: befores }, builder.stores);
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      this.#isPending[slot >> 3] = (this.#isPending[slot >> 3] as number) & ~(1 << (slot & 7));
    }
    const selected = this.#select(page);
    builder.count = befores + count;
    page.count = page.befores = 0;
    const made = builder.take();
    if (selected > 0) this.#output.collectBatch(made.select(this.#selection, selected));
    made.release();
  }

  /** Lists what changes in `#selection`, with its kind: of an update the row before next to that after it. */
  #select({ before, count, befores, builder }: Page): number {
    const selection = this.#selection;
    const retracts = this.#node.changes === "retract";
    const width = this.#node.groupBy.length;
    const results = builder.stores.slice(width).map((store) => store.column());
    // Nothing but inserts has no kinds (CBU2).
    const kinds = befores === 0 ? null : builder.rowKinds();
    kinds?.fill(rowKinds.insert, 0, befores + count);
    let selected = 0;
    for (let at = 0; at < count; at++) {
      const [old, now] = [before[at] as number, befores + at];
      if (old !== NOTHING) {
        if (results.every((column) => sameValueAt(column, old, column, now))) continue;
        (kinds as Uint8Array)[old] = rowKinds.updateBefore;
        (kinds as Uint8Array)[now] = rowKinds.updateAfter;
        if (retracts) selection[selected++] = old;
      }
      selection[selected++] = now;
    }
    return selected;
  }

  #pageWithRoom(): Page {
    const last = this.#pages[this.#used - 1];
    if (last !== undefined && PAGE_GROUPS - last.count >= ROOM_MIN) return last;
    this.#used += 1;
    const next = this.#pages[this.#used - 1] ?? new Page(this.#node);
    this.#pages[this.#used - 1] = next;
    return next;
  }

  #makeBits(slots: number): void {
    if (this.#isPending.length * 8 >= slots) return;
    const more = new Uint8Array(Math.max((slots + 7) >> 3, this.#isPending.length * 2));
    more.set(this.#isPending);
    this.#isPending = more;
  }
}
