/**
 * Owns: which slots of a table were changed since one of the snapshots on which a later one may build.
 * Not here: which those are (snapshot-bases.ts), what is written of a changed slot (page-codec.ts).
 * Called by: tables, for every batch: the hot path is `mark`.
 *
 * SLC1 Bits are of slots, not of pages: a hundredth of the keys, anywhere, is in every page of 1,024, and would be the whole table.
 * SLC2 Fixing takes no time that depends on the table: the bits so far become a layer, and new ones are made by the next change.
 * SLC3 A layer says after which snapshot its changes came. Only a snapshot that may be built on parts two layers: those of checkpoints that were given up
 *     are one with the layer before.
 */
import { TABLE_PAGE_BITS } from "../../record/index.ts";

/** Changes between the snapshot numbered `after` and the next one that has a layer. */
export type ChangeLayer = { readonly after: number; readonly bits: Int32Array };

/** The numbers of snapshots on which later ones may build, and of the newest one. */
export type SnapshotNumbers = { readonly bases: readonly number[]; readonly latest: number };

const WORD_BITS = 5;
const PAGE_WORDS = 2 ** (TABLE_PAGE_BITS - WORD_BITS);

export class SlotChanges {
  #bits: Int32Array | null = null;
  #layers: readonly ChangeLayer[] = [];
  #words = PAGE_WORDS;

  /** `size`: slots that the table has. */
  mark(slots: Int32Array, count: number, size: number): void {
    const bits = this.#roomFor(size);
    for (let at = 0; at < count; at++) {
      const slot = slots[at] as number;
      if (slot >= 0) bits[slot >> WORD_BITS] = (bits[slot >> WORD_BITS] as number) | (1 << (slot & 31));
    }
  }

  markOne(slot: number): void {
    const bits = this.#roomFor(slot + 1);
    bits[slot >> WORD_BITS] = (bits[slot >> WORD_BITS] as number) | (1 << (slot & 31));
  }

  /** SLC2, SLC3. The layers that a snapshot that is fixed now needs, oldest first. */
  fix({ bases, latest }: SnapshotNumbers): readonly ChangeLayer[] {
    const [oldest] = bases;
    const layers = oldest === undefined ? [] : this.#layers.filter(({ after }) => after >= oldest);
    const bits = this.#bits;
    this.#bits = null;
    const before = layers.at(-1);
    if (oldest === undefined || bits === null) this.#layers = layers;
    else if (before !== undefined && !bases.some((base) => base > before.after && base <= latest))
      this.#layers = [...layers.slice(0, -1), { after: before.after, bits: unionOf(before.bits, bits) }];
    else this.#layers = [...layers, { after: latest, bits }];
    return this.#layers;
  }

  #roomFor(size: number): Int32Array {
    const bits = this.#bits;
    if (bits !== null && bits.length << WORD_BITS >= size) return bits;
    while (this.#words << WORD_BITS < size) this.#words *= 2;
    const larger = new Int32Array(this.#words);
    if (bits !== null) larger.set(bits);
    this.#bits = larger;
    return larger;
  }
}

/** The places of a page that were changed since that snapshot, ascending. */
export function changedPlaces(layers: readonly ChangeLayer[], since: number, page: number): readonly number[] {
  const places: number[] = [];
  const first = page * PAGE_WORDS;
  const bits = layers.filter(({ after }) => after >= since).map((layer) => layer.bits);
  for (let word = 0; word < PAGE_WORDS; word++) {
    let left = 0;
    for (const layer of bits) left |= layer[first + word] ?? 0;
    for (; left !== 0; left &= left - 1) places.push((word << WORD_BITS) | (31 - Math.clz32(left & -left)));
  }
  return places;
}

function unionOf(one: Int32Array, other: Int32Array): Int32Array {
  const [shorter, longer] = one.length < other.length ? [one, other] : [other, one];
  const bits = longer.slice();
  for (let word = 0; word < shorter.length; word++) bits[word] = (bits[word] as number) | (shorter[word] as number);
  return bits;
}
