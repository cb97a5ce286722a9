/**
 * Owns: which windows a time is in, for windows of a fixed length, by slices that windows share.
 *
 * SQWN1 A slice is the longest stretch of time that no window begins or ends in. It is named by its end, and so are windows. Times here are local ones: those of the
 *     session's zone for instants (window-time.ts).
 * SQWN2 A window is the sum of its slices, which lie next to each other and end with it.
 */
import { MIN_WATERMARK } from "../../record/index.ts";
import type { PlanWindow } from "../plan/plan-tree.ts";
import type { WindowTime } from "./window-time.ts";

export type SlicedWindow = Extract<PlanWindow, { kind: "tumble" | "hop" | "cumulate" }>;

/** The whole units below `time`, counted from `offset`. */
const floorTo = (time: number, unit: number, offset: number): number =>
  Math.floor((time - offset) / unit) * unit + offset;

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

export class WindowSlices {
  readonly #window: SlicedWindow;
  /** Of a slice. */
  readonly length: number;

  constructor(window: SlicedWindow) {
    this.#window = window;
    switch (window.kind) {
      case "tumble":
        this.length = window.size;
        break;
      case "hop":
        this.length = greatestCommonDivisor(window.size, window.slide);
        break;
      case "cumulate":
        this.length = window.step;
        break;
    }
  }

  /** The end of the slice that the time is in. */
  sliceOf(time: number): number {
    return floorTo(time, this.length, this.#window.offset) + this.length;
  }

  /** The end of the first window that the slice is in and that ends after `after`; null: all of them have ended by then. */
  nextEnd(slice: number, after: number): number | null {
    const window = this.#window;
    switch (window.kind) {
      case "tumble":
        return slice > after ? slice : null;
      case "hop": {
        const { size, slide, offset } = window;
        // Windows begin at whole slides: the first of them that ends at `least` or later.
        const least = Math.max(slice, after + 1);
        const end = floorTo(least - size - 1, slide, offset) + slide + size;
        // A slice between two windows that are shorter than their slide is in none.
        return end - size < slice && end - size <= slice - this.length ? end : null;
      }
      case "cumulate": {
        const end = Math.max(slice, floorTo(after, window.step, window.offset) + window.step);
        return end <= this.#last(slice) ? end : null;
      }
    }
  }

  /** False: it lies between windows that are shorter than their slide. */
  isInWindow(slice: number): boolean {
    return this.nextEnd(slice, Number.NEGATIVE_INFINITY) !== null;
  }

  /** The start of the window that ends then. */
  startOf(end: number): number {
    const window = this.#window;
    return window.kind === "cumulate" ? floorTo(end - 1, window.size, window.offset) : end - window.size;
  }

  /** The end of the last of the windows that begin with the slice's. */
  #last(slice: number): number {
    const { size, offset } = this.#window;
    return floorTo(slice - 1, size, offset) + size;
  }
}

/** The end of the first window of a slice whose last millisecond is behind `over`, an instant; null: all of them are over. */
export function firstOpenEnd(slices: WindowSlices, time: WindowTime, over: number, slice: number): number | null {
  if (over === MIN_WATERMARK) return slices.nextEnd(slice, Number.NEGATIVE_INFINITY);
  // Where the clock is changed local times do not tell which windows are over.
  let end = slices.nextEnd(slice, time.isPlain ? over + 1 : Number.NEGATIVE_INFINITY);
  while (end !== null && time.lastInstantOf(end) <= over) end = slices.nextEnd(slice, end);
  return end;
}
