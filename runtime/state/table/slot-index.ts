/**
 * Owns: where slots are found by hash: open addressing over an Int32Array, which grows in steps.
 * Not here: comparing keys (column-table.ts probes, since only it knows them).
 *
 * SIX1 At most half of the places are taken: a probe ends at an empty one.
 * SIX2 Growing allocates at once, and moves later: before each batch a few slots for each of its records. Until then a slot is in `old`; the slots
 *     below `#moved` are in both. It grows again only in a batch that is about as large as the table: then what is left moves at once.
 */
import { assert } from "../../../base/index.ts";

const PLACES_FIRST = 256;
const PLACES_MAX = 2 ** 30;
/** Slots moved for each record of a batch: more than one, so that moving ends before the next growth. */
const MOVED_A_RECORD = 4;
const MOVED_A_BATCH = 64;
/** 2^32 divided by the golden ratio: the upper bits of the product depend on all bits of the hash, of which the lower say the key group. */
const GOLDEN = 0x9e3779b1 | 0;

/** `entries`: slot + 1, or 0. */
export type Places = { readonly entries: Int32Array; readonly shift: number };

/** Where the probe for a hash begins. */
export function firstPlace(hash: number, shift: number): number {
  return Math.imul(hash, GOLDEN) >>> shift;
}

export class SlotIndex {
  current: Places = placesFor(PLACES_FIRST);
  /** Null: all slots are in `current`. */
  old: Places | null = null;
  readonly #hashAt: (slot: number) => number;
  #size = 0;
  #moved = 0;
  /** Slots that were there when it grew. */
  #toMove = 0;

  constructor(hashAt: (slot: number) => number) {
    this.#hashAt = hashAt;
  }

  /** Called before the records of a batch are looked up (SIX2). */
  step(records: number): void {
    if (this.old !== null) this.#move(Math.min(this.#toMove, this.#moved + records * MOVED_A_RECORD + MOVED_A_BATCH));
  }

  /** The next slot, which is not there. Its key is in its page already. */
  add(hash: number, slot: number): void {
    assert(slot === this.#size, "slots are added in their order");
    if ((slot + 1) * 2 > this.current.entries.length) this.#grow();
    put(this.current, hash, slot);
    this.#size = slot + 1;
  }

  #move(end: number): void {
    for (; this.#moved < end; this.#moved++) put(this.current, this.#hashAt(this.#moved), this.#moved);
    if (this.#moved === this.#toMove) this.old = null;
  }

  #grow(): void {
    if (this.old !== null) this.#move(this.#toMove);
    const places = this.current.entries.length * 2;
    assert(places <= PLACES_MAX, "a table has at most 2^29 slots");
    this.old = this.current;
    this.current = placesFor(places);
    this.#toMove = this.#size;
    this.#moved = 0;
  }
}

function placesFor(count: number): Places {
  return { entries: new Int32Array(count), shift: Math.clz32(count) + 1 };
}

function put({ entries, shift }: Places, hash: number, slot: number): void {
  const mask = entries.length - 1;
  let at = firstPlace(hash, shift);
  while (entries[at] !== 0) at = (at + 1) & mask;
  entries[at] = slot + 1;
}
