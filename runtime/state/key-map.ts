/**
 * Owns: the hash map of one key group: from a key's identity and its hash, which is known already, to what a state holds for it.
 * Called by: table.ts and whoever fills or walks a group.
 *
 * Built for this one use because a Map hashes every string that it has not seen as an object before, and the strings of
 * records are new ones each time: 75 instead of 145 ns for a look-up of a fresh word among 10,000.
 *
 * Layout: `index` has a pair of i32 per slot, the key's hash and its place + 1 (0 = free, -1 = removed); open addressing, linear
 * probing. `identities` and `values` are dense, in order of insertion, with holes where keys were removed.
 *
 * KM1 A walk (`values`) may be held over any number of changes: it comes to every key that stays, once; to those added; to none
 *     removed before it came there. Compaction moves the walks with the keys.
 * KM2 At most half of the slots are used, so that a look-up ends soon; growing copies this group's keys only.
 */
import type { KeyIdentity } from "../record/index.ts";

const FREE = 0;
const REMOVED = -1;
const FIRST_SLOT_BITS = 3;
/** Knuth's multiplicative hashing: keys of one group have equal low bits, so the high bits of the product choose the slot. */
const GOLDEN = 0x9e3779b1;

type Walk = { place: number };

export class KeyMap<T> {
  private slotBits = FIRST_SLOT_BITS;
  private index = new Int32Array(2 << FIRST_SLOT_BITS);
  private identities: (KeyIdentity | undefined)[] = [];
  private held: (T | undefined)[] = [];
  private hashes: number[] = [];
  private readonly walks = new Set<Walk>();
  size = 0;

  get(identity: KeyIdentity, hash: number): T | undefined {
    const index = this.index;
    const mask = index.length - 1;
    let at = (Math.imul(hash, GOLDEN) >>> (32 - this.slotBits)) << 1;
    for (;;) {
      const place = index[at + 1] as number;
      if (place === FREE) return undefined;
      if (index[at] === hash && place !== REMOVED && this.identities[place - 1] === identity)
        return this.held[place - 1];
      at = (at + 2) & mask;
    }
  }

  set(identity: KeyIdentity, hash: number, value: T): void {
    const at = this.find(identity, hash);
    if (at >= 0) {
      this.held[(this.index[at + 1] as number) - 1] = value;
      return;
    }
    if (this.held.length >= 1 << (this.slotBits - 1)) this.rebuild();
    this.append(identity, hash, value);
    this.size += 1;
  }

  delete(identity: KeyIdentity, hash: number): void {
    const at = this.find(identity, hash);
    if (at < 0) return;
    const place = (this.index[at + 1] as number) - 1;
    this.index[at + 1] = REMOVED;
    this.identities[place] = undefined;
    this.held[place] = undefined;
    this.size -= 1;
  }

  /** Walks in order of insertion (KM1). */
  *values(): IterableIterator<T> {
    const walk: Walk = { place: 0 };
    this.walks.add(walk);
    try {
      while (walk.place < this.held.length) {
        const value = this.held[walk.place];
        walk.place += 1;
        if (value !== undefined) yield value;
      }
    } finally {
      this.walks.delete(walk);
    }
  }

  private find(identity: KeyIdentity, hash: number): number {
    const index = this.index;
    const mask = index.length - 1;
    let at = (Math.imul(hash, GOLDEN) >>> (32 - this.slotBits)) << 1;
    for (;;) {
      const place = index[at + 1] as number;
      if (place === FREE) return -1;
      if (index[at] === hash && place !== REMOVED && this.identities[place - 1] === identity) return at;
      at = (at + 2) & mask;
    }
  }

  private append(identity: KeyIdentity, hash: number, value: T): void {
    this.identities.push(identity);
    this.held.push(value);
    this.hashes.push(hash);
    this.enter(hash, this.held.length);
  }

  private enter(hash: number, place: number): void {
    const index = this.index;
    const mask = index.length - 1;
    let at = (Math.imul(hash, GOLDEN) >>> (32 - this.slotBits)) << 1;
    while (index[at + 1] !== FREE) at = (at + 2) & mask;
    index[at] = hash;
    index[at + 1] = place;
  }

  /** Leaves out the holes, and doubles unless they were most of it. */
  private rebuild(): void {
    while (this.size * 2 > 1 << (this.slotBits - 1)) this.slotBits += 1;
    this.index = new Int32Array(2 << this.slotBits);
    const { identities, held, hashes } = this;
    this.identities = [];
    this.held = [];
    this.hashes = [];
    const walks = [...this.walks].map((walk) => ({ walk, before: walk.place }));
    for (let place = 0; place < held.length; place++) {
      const value = held[place];
      if (value !== undefined) this.append(identities[place] as KeyIdentity, hashes[place] as number, value);
      else for (const { walk, before } of walks) if (place < before) walk.place -= 1;
    }
  }
}
