/** Owns: a queue whose first item is taken in constant time. */

/** Fewer items than that are not worth a copy of the rest. */
const PIECE = 64;

export class Fifo<T> implements Iterable<T> {
  #items: T[] = [];
  #head = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  /** undefined: it is empty. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  /** Takes the first one out. */
  shift(): T | undefined {
    const first = this.first;
    if (this.#head < this.#items.length) this.#head += 1;
    // What has been taken is let go in large pieces.
    if (this.#head >= PIECE && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = this.#head; index < this.#items.length; index++) yield this.#items[index] as T;
  }
}
