/**
 * Owns: the timers of one service and one kind of time: the table by key, and the heap over it by time.
 * Not here: when they fire and what that calls (heap-timers.ts).
 *
 * TT1 One timer per (key, time): registering again does nothing.
 * TT2 The table is the truth, which the snapshot writes; the heap is an index over it: a timer is in both or in neither.
 * TT3 The heap is 4-ary and each timer knows its place, so that deleting one is O(log n) and leaves nothing behind
 *     (session windows delete and register one timer per record). Timers of equal time fire in no particular order.
 */
import { type Key, keyHash, keyIdentity } from "../../record/index.ts";
import { Cursor, type Group, Table } from "./table.ts";
import { keepAsIs } from "./versions.ts";

const ARITY = 4;

export class Timer {
  readonly key: Key;
  readonly hash: number;
  readonly time: number;
  stamp: number;
  /** Index in the heap. */
  place = -1;

  constructor(key: Key, hash: number, time: number, stamp: number) {
    this.key = key;
    this.hash = hash;
    this.time = time;
    this.stamp = stamp;
  }
}

/** The timers of one key: nearly always one, so that alone has no Map. A Map is never empty. */
export type TimerSlot = Timer | Map<number, Timer>;

export function timersIn(slot: TimerSlot): Iterable<Timer> {
  return slot instanceof Timer ? [slot] : slot.values();
}

export class TimerTable extends Table<TimerSlot> {
  readonly #heap: Timer[] = [];
  readonly #cursor: Cursor<TimerSlot> = new Cursor<TimerSlot>(this);

  /** The earliest timer, or undefined. */
  first(): Timer | undefined {
    return this.#heap[0];
  }

  /** Registers one for the current key; false when it was there already. */
  register(time: number): boolean {
    const { context } = this;
    const cursor = this.#cursor;
    const slot = cursor.find();
    if (slot instanceof Timer ? slot.time === time : slot?.has(time) === true) return false;
    const timer = new Timer(slot === undefined ? cursor.keyToKeep() : keyOf(slot), context.hash, time, context.latest);
    if (slot === undefined) cursor.set(timer);
    else if (slot instanceof Timer) cursor.set(pair(slot, timer));
    else slot.set(time, timer);
    cursor.group().rows++;
    this.#pushHeap(timer);
    return true;
  }

  /** Deletes one of the current key, if it is there. */
  delete(time: number): void {
    const slot = this.#cursor.find();
    const timer = slot instanceof Timer ? slot : slot?.get(time);
    if (timer?.time === time) this.remove(timer);
  }

  /** Takes a timer out of table and heap; snapshots that need it keep it. */
  remove(timer: Timer): void {
    const group = this.groupAt(this.context.groupIndexOf(timer.hash));
    if (this.context.unwritten !== 0)
      keepAsIs(group, timer.stamp, { key: timer.key, userKey: null, value: timer.time });
    const identity = keyIdentity(timer.key);
    const slot = group.entries.get(identity, timer.hash);
    if (slot instanceof Map && slot.size > 1) slot.delete(timer.time);
    else group.entries.delete(identity, timer.hash);
    group.rows--;
    this.#cursor.forget();
    this.#removeFromHeap(timer.place);
  }

  /** Adds a timer read from a file. */
  restore(group: Group<TimerSlot>, key: Key, time: number): void {
    const identity = keyIdentity(key);
    const timer = new Timer(key, keyHash(key), time, this.context.latest);
    const slot = group.entries.get(identity, timer.hash);
    if (slot === undefined) group.entries.set(identity, timer.hash, timer);
    else if (slot instanceof Timer) group.entries.set(identity, timer.hash, pair(slot, timer));
    else slot.set(time, timer);
    group.rows++;
    this.#pushHeap(timer);
  }

  #pushHeap(timer: Timer): void {
    this.#heap.push(timer);
    this.#siftUp(timer, this.#heap.length - 1);
  }

  #removeFromHeap(place: number): void {
    const last = this.#heap.pop() as Timer;
    if (place === this.#heap.length) return;
    const parent = place > 0 ? (this.#heap[(place - 1) >> 2] as Timer) : undefined;
    if (parent !== undefined && parent.time > last.time) this.#siftUp(last, place);
    else this.#siftDown(last, place);
  }

  #siftUp(timer: Timer, from: number): void {
    const heap = this.#heap;
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 2;
      const parent = heap[parentPlace] as Timer;
      if (parent.time <= timer.time) break;
      heap[place] = parent;
      parent.place = place;
      place = parentPlace;
    }
    heap[place] = timer;
    timer.place = place;
  }

  #siftDown(timer: Timer, from: number): void {
    const heap = this.#heap;
    let place = from;
    for (;;) {
      const firstChild = place * ARITY + 1;
      if (firstChild >= heap.length) break;
      let least = heap[firstChild] as Timer;
      const end = Math.min(firstChild + ARITY, heap.length);
      let leastPlace = firstChild;
      for (let childPlace = firstChild + 1; childPlace < end; childPlace++) {
        const child = heap[childPlace] as Timer;
        if (child.time < least.time) {
          least = child;
          leastPlace = childPlace;
        }
      }
      if (least.time >= timer.time) break;
      heap[place] = least;
      least.place = place;
      place = leastPlace;
    }
    heap[place] = timer;
    timer.place = place;
  }
}

function keyOf(slot: TimerSlot): Key {
  if (slot instanceof Timer) return slot.key;
  for (const timer of slot.values()) return timer.key;
  return null;
}

function pair(left: Timer, right: Timer): Map<number, Timer> {
  return new Map([
    [left.time, left],
    [right.time, right],
  ]);
}
