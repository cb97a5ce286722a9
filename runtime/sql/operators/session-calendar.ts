/**
 * Owns: which sessions may be over at an instant: where each one stands, by stretches of the time of its end. In memory only: it follows from the sessions.
 * Called by: table-sessions.ts.
 *
 * SQSC1 A session stands in it for each stretch that its end was in. In all but the last one it is passed over: the end says which that is.
 * SQSC2 A stretch is looked through again when one of its sessions may have ended, and not before: a session goes on, but never ends sooner.
 */

/** Of the time that a session takes at least, that of a stretch: few sessions of a stretch are looked at before they end. */
const STRETCHES = 64;
/** The part of a stretch. */
const PATIENCE = 1 / 16;
const PATIENCE_MS_MAX = 50;

/** `first`: none of its sessions ends before (SQSC2). */
type Stretch = { slices: number[]; slots: number[]; first: number };

export class SessionCalendar {
  readonly #length: number;
  readonly #stretches = new Map<number, Stretch>();

  constructor(gap: number) {
    this.#length = Math.max(1, Math.floor(gap / STRETCHES));
  }

  /** `before`: the end until now, an instant; null: it is new in that slot. */
  add(end: number, before: number | null, slice: number, slot: number): void {
    const number = Math.floor(end / this.#length);
    if (before !== null && Math.floor(before / this.#length) === number) return;
    let stretch = this.#stretches.get(number);
    if (stretch === undefined) {
      stretch = { slices: [], slots: [], first: end };
      this.#stretches.set(number, stretch);
    }
    if (end < stretch.first) stretch.first = end;
    stretch.slices.push(slice);
    stretch.slots.push(slot);
  }

  /**
   * Calls `close` for those that end by that instant, the first stretch first. `endOf`: the instant of its end; null: it is closed. False when `mayGoOn`, asked after each stretch,
   * stopped it.
   */
  forEachUntil(
    instant: number,
    endOf: (slice: number, slot: number) => number | null,
    close: (slice: number, slot: number) => void,
    mayGoOn: () => boolean,
  ): boolean {
    const reached = [...this.#stretches].filter(([, { first }]) => first <= instant);
    for (const [number, { slices, slots }] of reached.sort(([left], [right]) => left - right)) {
      const left: Stretch = { slices: [], slots: [], first: Number.POSITIVE_INFINITY };
      for (const [at, slice] of slices.entries()) {
        const slot = slots[at] as number;
        const end = endOf(slice, slot);
        // SQSC1
        if (end === null || Math.floor(end / this.#length) !== number) continue;
        if (end <= instant) {
          close(slice, slot);
          continue;
        }
        if (end < left.first) left.first = end;
        left.slices.push(slice);
        left.slots.push(slot);
      }
      if (left.slices.length === 0) this.#stretches.delete(number);
      else this.#stretches.set(number, left);
      if (!mayGoOn()) return false;
    }
    return true;
  }

  /** The first instant at which one may have ended; null: there is none. */
  get earliest(): number | null {
    let earliest: number | null = null;
    for (const { first } of this.#stretches.values()) if (earliest === null || first < earliest) earliest = first;
    return earliest;
  }

  /** How long sessions that have ended may wait for others, to be looked for together. */
  get patienceMs(): number {
    return Math.min(PATIENCE_MS_MAX, Math.max(1, Math.floor(this.#length * PATIENCE)));
  }
}
