/**
 * Owns: which slots have one hash and are the same by a caller's measure: chains of slots, found by hash, that grow and shrink slot by slot.
 * Not here: comparing rows (row-table.ts, which alone knows them).
 * Called by: row-table.ts, for every row: the hot path.
 *
 * RCH1 The first slot of a chain, its head, is in the list of a bucket; the others follow it. `prev` of a head is the chain's last slot, so that a slot is added and taken out
 *     without a walk.
 * RCH2 There are about as many buckets as chains. Each chain more splits one bucket in two: no growth moves more than a few slots. (Arrays double, as memory is copied.)
 */
import { NO_SLOT } from "../../ports/index.ts";

const SLOTS_FIRST = 32;
const BUCKETS_FIRST = 32;
/** 2^32 divided by the golden ratio: hashes of one subtask differ little in their lower bits, which say the key group. */
const GOLDEN = 0x9e3779b1 | 0;
const FOLD = 15;

export class RowChains {
  /** By slot: the next one of its chain. */
  next = new Int32Array(SLOTS_FIRST);
  /** By slot: its hash. */
  hashes = new Int32Array(SLOTS_FIRST);
  /** By head: the next head of its bucket. */
  nextHead = new Int32Array(SLOTS_FIRST);
  #prev = new Int32Array(SLOTS_FIRST);
  #heads = new Int32Array(BUCKETS_FIRST).fill(NO_SLOT);
  #buckets = BUCKETS_FIRST;
  #chains = 0;

  /** The first head that may have this hash: others follow by `nextHead`. */
  firstHead(hash: number): number {
    return this.#heads[this.#bucketOf(hash)] as number;
  }

  /** Adds a slot behind the others of the chain of `head`; NO_SLOT: it begins one. */
  add(slot: number, hash: number, head: number): void {
    if (slot >= this.next.length) this.#grow(slot);
    this.hashes[slot] = hash;
    this.next[slot] = NO_SLOT;
    if (head === NO_SLOT) {
      this.#prev[slot] = slot;
      const bucket = this.#bucketOf(hash);
      this.nextHead[slot] = this.#heads[bucket] as number;
      this.#heads[bucket] = slot;
      this.#chains += 1;
      if (this.#chains > this.#buckets) this.#split();
      return;
    }
    const last = this.#prev[head] as number;
    this.next[last] = slot;
    this.#prev[slot] = last;
    this.#prev[head] = slot;
  }

  remove(slot: number): void {
    const next = this.next[slot] as number;
    const before = this.#prev[slot] as number;
    if (this.next[before] !== NO_SLOT) {
      this.next[before] = next;
      this.#prev[next === NO_SLOT ? this.#headOf(slot) : next] = before;
    } else if (next === NO_SLOT) {
      this.#replaceHead(slot, this.nextHead[slot] as number);
      this.#chains -= 1;
    } else {
      this.#prev[next] = before;
      this.nextHead[next] = this.nextHead[slot] as number;
      this.#replaceHead(slot, next);
    }
  }

  /** Another slot, which is in no chain, takes its place. */
  move(from: number, to: number): void {
    if (to >= this.next.length) this.#grow(to);
    const next = this.next[from] as number;
    const before = this.#prev[from] as number;
    const isHead = this.next[before] === NO_SLOT;
    this.hashes[to] = this.hashes[from] as number;
    this.next[to] = next;
    this.#prev[to] = before;
    if (isHead) {
      this.nextHead[to] = this.nextHead[from] as number;
      this.#replaceHead(from, to);
      // A chain of one is its own last.
      if (before === from) this.#prev[to] = to;
    } else {
      this.next[before] = to;
    }
    if (next !== NO_SLOT) this.#prev[next] = to;
    else if (!isHead) this.#prev[this.#headOf(from)] = to;
  }

  /** Of the last slot of a chain. */
  #headOf(last: number): number {
    let head = this.firstHead(this.hashes[last] as number);
    while (this.#prev[head] !== last) head = this.nextHead[head] as number;
    return head;
  }

  #replaceHead(head: number, by: number): void {
    const bucket = this.#bucketOf(this.hashes[head] as number);
    let at = this.#heads[bucket] as number;
    if (at === head) {
      this.#heads[bucket] = by;
      return;
    }
    while (this.nextHead[at] !== head) at = this.nextHead[at] as number;
    this.nextHead[at] = by;
  }

  #bucketOf(hash: number): number {
    const spread = Math.imul(hash, GOLDEN);
    const bits = spread ^ (spread >>> FOLD);
    const upper = this.#heads.length - 1;
    const bucket = bits & upper;
    // Those that are not split yet have the slots of their other halves.
    return bucket < this.#buckets ? bucket : bucket & (upper >>> 1);
  }

  /** RCH2 */
  #split(): void {
    if (this.#buckets === this.#heads.length) {
      const heads = new Int32Array(this.#heads.length * 2).fill(NO_SLOT);
      heads.set(this.#heads);
      this.#heads = heads;
    }
    const half = this.#heads.length >>> 1;
    const bucket = this.#buckets - half;
    let head = this.#heads[bucket] as number;
    this.#heads[bucket] = NO_SLOT;
    this.#buckets += 1;
    while (head !== NO_SLOT) {
      const following = this.nextHead[head] as number;
      const target = this.#bucketOf(this.hashes[head] as number);
      this.nextHead[head] = this.#heads[target] as number;
      this.#heads[target] = head;
      head = following;
    }
  }

  #grow(slot: number): void {
    let size = this.next.length;
    while (size <= slot) size *= 2;
    this.next = enlarged(this.next, size);
    this.hashes = enlarged(this.hashes, size);
    this.nextHead = enlarged(this.nextHead, size);
    this.#prev = enlarged(this.#prev, size);
  }
}

function enlarged(array: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size);
  larger.set(array);
  return larger;
}
