/**
 * Owns: the hash map of one table, from a key's identity and its hash, which is known already, to what a state holds for it; and
 * the members of each key group in it.
 * Called by: table.ts and whoever fills or walks a group.
 *
 * Built for this one use because a Map hashes every string that it has not seen as an object before, and the strings of
 * records are new ones each time; and because a map per key group takes twice as many steps through memory. With 10,000 keys
 * and fresh strings a look-up takes a third of a Map's time.
 *
 * Layout: `index` has a pair of i32 per slot, the key's hash and its place + 1 (0 = free, -1 = removed); open addressing, linear
 * probing. `pairs` has identity and value side by side at twice the place. Places of removed keys are used again.
 *
 * KM1 A walk of a group (`values`) may be held over any number of changes: it comes to every key that stays, once; to those
 *     added; to none removed before it came there. Compaction moves the walks with the keys.
 * KM2 At most half of the slots are used, so that a look-up ends soon. Growing copies the index only, without looking at a key:
 *     about 15 ms with a million keys.
 */
import { assert } from "../../../base/index.ts";
import type { KeyIdentity } from "../../record/index.ts";

const FREE = 0;
const REMOVED = -1;
const FIRST_SLOT_BITS = 6;
/** Knuth's multiplicative hashing: keys of few groups have few different low bits, so the high bits of the product choose. */
const GOLDEN = 0x9e3779b1;
const HOLE = -1;

type Walk = { position: number };

export class KeyMap<T> {
  #shift = 32 - FIRST_SLOT_BITS;
  #index = new Int32Array(2 << FIRST_SLOT_BITS);
  readonly #pairs: unknown[] = [];
  readonly #freePlaces: number[] = [];
  /** Place -> position among the members of its group; kept for the groups. */
  readonly positions: number[] = [];
  /** Slots that are not free: keys and removed ones. */
  #used = 0;
  #size = 0;
  /** What `prefetch` read, in sum: kept, so that the compiler does not leave the loads out. */
  touched = 0;

  get(identity: KeyIdentity, hash: number): T | undefined {
    const index = this.#index;
    const pairs = this.#pairs;
    const mask = index.length - 1;
    let at = (Math.imul(hash, GOLDEN) >>> this.#shift) << 1;
    for (;;) {
      const place = index[at + 1] as number;
      if (place === FREE) return undefined;
      if (index[at] === hash && place !== REMOVED && pairs[place * 2 - 2] === identity)
        return pairs[place * 2 - 1] as T;
      at = (at + 2) & mask;
    }
  }

  /**
   * Touches what the look-ups of these hashes will read, and does nothing else. In a loop of independent loads the processor waits
   * for many cache misses at once; in the loop over records, for one after the other.
   */
  prefetch(hashes: Int32Array, from: number, to: number): void {
    const index = this.#index;
    const pairs = this.#pairs;
    const shift = this.#shift;
    let touched = 0;
    for (let row = from; row < to; row++) {
      const at = (Math.imul(hashes[row] as number, GOLDEN) >>> shift) << 1;
      const place = index[at + 1] as number;
      if (place <= 0) continue;
      const identity = pairs[place * 2 - 2];
      touched +=
        (pairs[place * 2 - 1] as { stamp: number }).stamp + (typeof identity === "string" ? identity.length : 0);
    }
    this.touched = touched | 0;
  }

  /** The place of a key, or -1. */
  placeOf(identity: KeyIdentity, hash: number): number {
    const at = this.#slotOf(identity, hash);
    return at < 0 ? -1 : (this.#index[at + 1] as number) - 1;
  }

  valueAt(place: number): T {
    return this.#pairs[place * 2 + 1] as T;
  }

  replaceAt(place: number, value: T): void {
    this.#pairs[place * 2 + 1] = value;
  }

  /** Adds a key that is not there; returns its place. */
  add(identity: KeyIdentity, hash: number, value: T): number {
    if (this.#used * 2 >= this.#index.length >> 1) this.#rebuild();
    const place = this.#freePlaces.pop() ?? this.#pairs.length / 2;
    this.#pairs[place * 2] = identity;
    this.#pairs[place * 2 + 1] = value;
    this.#enter(this.#index, hash, place + 1);
    this.#used += 1;
    this.#size += 1;
    return place;
  }

  /** Removes a key; returns the place it had, or -1. */
  remove(identity: KeyIdentity, hash: number): number {
    const at = this.#slotOf(identity, hash);
    if (at < 0) return -1;
    const place = (this.#index[at + 1] as number) - 1;
    this.#index[at + 1] = REMOVED;
    this.#pairs[place * 2] = undefined;
    this.#pairs[place * 2 + 1] = undefined;
    this.#freePlaces.push(place);
    this.#size -= 1;
    return place;
  }

  #slotOf(identity: KeyIdentity, hash: number): number {
    const index = this.#index;
    const pairs = this.#pairs;
    const mask = index.length - 1;
    let at = (Math.imul(hash, GOLDEN) >>> this.#shift) << 1;
    for (;;) {
      const place = index[at + 1] as number;
      if (place === FREE) return -1;
      if (index[at] === hash && place !== REMOVED && pairs[place * 2 - 2] === identity) return at;
      at = (at + 2) & mask;
    }
  }

  #enter(index: Int32Array, hash: number, placePlusOne: number): void {
    const mask = index.length - 1;
    let at = (Math.imul(hash, GOLDEN) >>> this.#shift) << 1;
    while (index[at + 1] !== FREE) at = (at + 2) & mask;
    index[at] = hash;
    index[at + 1] = placePlusOne;
  }

  /** Drops removed slots, and doubles unless they were most of the used ones. */
  #rebuild(): void {
    const before = this.#index;
    while (this.#size * 4 >= 1 << (32 - this.#shift)) this.#shift -= 1;
    const after = new Int32Array(2 << (32 - this.#shift));
    for (let at = 0; at < before.length; at += 2) {
      const place = before[at + 1] as number;
      if (place > 0) this.#enter(after, before[at] as number, place);
    }
    this.#index = after;
    this.#used = this.#size;
  }
}

/** The keys of one key group: places in the table's map, in order of insertion. */
export class GroupMembers<T> {
  readonly #map: KeyMap<T>;
  #places: number[] = [];
  size = 0;
  readonly #walks = new Set<Walk>();

  constructor(map: KeyMap<T>) {
    this.#map = map;
  }

  get(identity: KeyIdentity, hash: number): T | undefined {
    return this.#map.get(identity, hash);
  }

  set(identity: KeyIdentity, hash: number, value: T): void {
    const place = this.#map.placeOf(identity, hash);
    if (place >= 0) {
      this.#map.replaceAt(place, value);
      return;
    }
    const added = this.#map.add(identity, hash, value);
    this.#map.positions[added] = this.#places.length;
    this.#places.push(added);
    this.size += 1;
  }

  delete(identity: KeyIdentity, hash: number): void {
    const place = this.#map.remove(identity, hash);
    if (place < 0) return;
    const position = this.#map.positions[place] as number;
    assert(this.#places[position] === place, "a key is removed from its own group");
    this.#places[position] = HOLE;
    this.size -= 1;
    if (this.#places.length > 16 && this.size * 2 < this.#places.length) this.#compact();
  }

  /** Walks in order of insertion (KM1). */
  *values(): IterableIterator<T> {
    const walk: Walk = { position: 0 };
    this.#walks.add(walk);
    try {
      while (walk.position < this.#places.length) {
        const place = this.#places[walk.position] as number;
        walk.position += 1;
        if (place !== HOLE) yield this.#map.valueAt(place);
      }
    } finally {
      this.#walks.delete(walk);
    }
  }

  #compact(): void {
    const before = this.#places;
    const walks = [...this.#walks].map((walk) => ({ walk, position: walk.position }));
    this.#places = [];
    for (const [position, place] of before.entries()) {
      if (place === HOLE) {
        for (const { walk, position: reached } of walks) if (position < reached) walk.position -= 1;
      } else {
        this.#map.positions[place] = this.#places.length;
        this.#places.push(place);
      }
    }
  }
}
