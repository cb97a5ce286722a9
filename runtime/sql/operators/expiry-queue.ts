/**
 * Owns: rows of row tables in the order of the times at which they are due: a binary heap in typed arrays. It is in no checkpoint: the rows are.
 */
const FIRST = 64;

export type Due = { readonly time: number; readonly slice: number; readonly slot: number };

export class ExpiryQueue {
  #times = new Float64Array(FIRST);
  #slices = new Float64Array(FIRST);
  #slots = new Int32Array(FIRST);
  #count = 0;

  /** The earliest time; Infinity: it is empty. */
  get earliest(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
  }

  add({ time, slice, slot }: Due): void {
    if (this.#count === this.#times.length) this.#grow();
    let at = this.#count++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#times[parent] as number) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, slice, slot);
  }

  /** Takes the earliest one; there is one. */
  take(): Due {
    const due = { time: this.earliest, slice: this.#slices[0] as number, slot: this.#slots[0] as number };
    const last = --this.#count;
    const time = this.#times[last] as number;
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && (this.#times[child + 1] as number) < (this.#times[child] as number)) child += 1;
      if ((this.#times[child] as number) >= time) break;
      this.#move(child, at);
      at = child;
    }
    this.#move(last, at);
    return due;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from] as number, this.#slices[from] as number, this.#slots[from] as number);
  }

  #put(at: number, ...[time, slice, slot]: [number, number, number]): void {
    this.#times[at] = time;
    this.#slices[at] = slice;
    this.#slots[at] = slot;
  }

  #grow(): void {
    const size = this.#times.length * 2;
    const [times, slices, slots] = [new Float64Array(size), new Float64Array(size), new Int32Array(size)];
    times.set(this.#times);
    slices.set(this.#slices);
    slots.set(this.#slots);
    [this.#times, this.#slices, this.#slots] = [times, slices, slots];
  }
}
