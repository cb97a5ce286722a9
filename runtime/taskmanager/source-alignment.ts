/**
 * Owns: between a source and the operator behind it that makes its watermarks: what it reports for alignment, and what of the source is paused for it.
 * Not here: who is ahead (operators), the lowest of the group (jobmanager/sources/watermark-alignment.ts).
 *
 * SAL1 A paused source is not polled; all else of its task goes on. That time is no idleness (WM-3).
 * SAL2 Single splits are paused where the reader can do so (`pauseSplits`); else only the whole reader is, by its own watermark.
 */
import type { AlignmentDesk, SourceReader } from "../ports/index.ts";

export type AlignmentEvents = {
  report(group: string, watermark: number | null, updateMs: number): void;
  /** The source may be polled again. */
  wake(): void;
};

export class SourceAlignment implements AlignmentDesk {
  readonly #events: AlignmentEvents;
  readonly #listeners: ((group: string, lowest: number | null) => void)[] = [];
  #reader: SourceReader<unknown, unknown> | null = null;
  #isPaused = false;

  constructor(events: AlignmentEvents) {
    this.#events = events;
  }

  set reader(reader: SourceReader<unknown, unknown>) {
    this.#reader = reader;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get pausesSplits(): boolean {
    return this.#reader?.pauseSplits !== undefined;
  }

  report(group: string, watermark: number | null, updateMs: number): void {
    this.#events.report(group, watermark, updateMs);
  }

  onLowest(listener: (group: string, lowest: number | null) => void): void {
    this.#listeners.push(listener);
  }

  /** The JobManager has said what the lowest is. */
  align(group: string, lowest: number | null): void {
    for (const listener of this.#listeners) listener(group, lowest);
  }

  pause(isPaused: boolean): void {
    const wasPaused = this.#isPaused;
    this.#isPaused = isPaused;
    if (wasPaused && !isPaused) this.#events.wake();
  }

  pauseSplits(ids: ReadonlySet<string>): void {
    this.#reader?.pauseSplits?.(ids);
    this.#events.wake();
  }
}
