/**
 * Owns: which sessions may be over at an instant: where each one stands, by stretches of the time of its end. In memory only: it follows from the sessions.
 * Called by: table-sessions.ts.
 *
 * SQSC1 A session stands in it once, in the stretch that its end was in when it came, or when it was last looked at: it goes on, and stays where it is until that stretch is looked through.
 * SQSC2 A stretch is looked through again when one of its sessions may have ended, and not before: no session ends sooner than it was to.
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

  /** A session that is new in that slot; `end`: an instant. */
  add(end: number, slice: number, slot: number): void {
    const number = Math.floor(end / this.#length);
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
        if (end === null) continue;
        if (end <= instant) {
          close(slice, slot);
          continue;
        }
        // SQSC1: the stretch is one of those that follow.
        if (Math.floor(end / this.#length) !== number) {
          this.add(end, slice, slot);
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
