/**
 * Owns: keeping a source's watermark near the lowest of its group: what is reported, and what is paused (WM-4).
 * Not here: the watermarks themselves. Called by: timestamps-and-watermarks-operator.ts, each time that it makes watermarks.
 *
 * ALS1 What is more than `maxDrift` ahead of the lowest known is paused: its splits one by one where the reader can do so, and the reader as a whole when
 *     all of them are, or when it cannot. What is not ahead any more goes on.
 * ALS2 The time in which a split was paused is no silence of it (WM-3). What the whole reader was paused for is stalled time of the task.
 * ALS3 While it is idle a source holds nobody back. (Nor does one whose data have ended: what it reported counts only while it reads, WAL1.)
 */
import type { AlignmentDesk, MetricGroup } from "../../ports/index.ts";
import { MIN_WATERMARK } from "../../record/index.ts";
import type { SplitWatermarks, WatermarkAlignmentSettings } from "../../time/index.ts";

export class AlignedSource {
  readonly #settings: WatermarkAlignmentSettings;
  readonly #desk: AlignmentDesk;
  /** Of the group; null: there is none, or it is not known yet. */
  #lowest: number | null = null;
  #watermark = MIN_WATERMARK;
  #isPaused = false;
  #paused: ReadonlySet<string> = new Set();
  readonly #pausedMs = new Map<string, number>();
  #lastMs: number | null = null;
  #reportAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: WatermarkAlignmentSettings, desk: AlignmentDesk, metrics: MetricGroup) {
    this.#settings = settings;
    this.#desk = desk;
    desk.onLowest((group, lowest) => {
      if (group === settings.group) this.#lowest = lowest;
    });
    metrics.gauge("watermarkAlignmentDrift", () => this.#drift());
    metrics.gauge("pausedSplits", () => this.#paused.size);
    metrics.gauge("pausedByAlignment", () => (this.#isPaused ? 1 : 0));
  }

  /** Before watermarks are made. */
  account(nowMs: number): void {
    const elapsedMs = nowMs - (this.#lastMs ?? nowMs);
    this.#lastMs = nowMs;
    if (this.#isPaused) return;
    for (const id of this.#paused) this.#pausedMs.set(id, this.pausedMsOf(id) + elapsedMs);
  }

  readonly pausedMsOf = (id: string): number => this.#pausedMs.get(id) ?? 0;

  finished(id: string): void {
    this.#pausedMs.delete(id);
  }

  /** After they were made. `watermark`: the reader's. */
  apply(nowMs: number, state: { readonly watermark: number; readonly isIdle: boolean }, splits: SplitWatermarks): void {
    const { group, maxDriftMs, updateMs } = this.#settings;
    this.#watermark = state.watermark;
    if (nowMs >= this.#reportAtMs) {
      this.#reportAtMs = nowMs + updateMs;
      this.#desk.report(group, state.isIdle ? null : state.watermark, updateMs);
    }
    const limit = this.#lowest === null ? Number.POSITIVE_INFINITY : this.#lowest + maxDriftMs;
    if (splits.isEmpty || !this.#desk.pausesSplits) return this.#pause(state.watermark > limit);
    const all = splits.watermarks();
    const ahead = new Set([...all].flatMap(([id, watermark]) => (watermark > limit ? [id] : [])));
    if (!isSame(ahead, this.#paused)) this.#desk.pauseSplits(ahead);
    this.#paused = ahead;
    this.#pause(ahead.size === all.size);
  }

  #pause(isPaused: boolean): void {
    if (isPaused !== this.#isPaused) this.#desk.pause(isPaused);
    this.#isPaused = isPaused;
  }

  #drift(): number {
    if (this.#lowest === null || this.#lowest === MIN_WATERMARK || this.#watermark === MIN_WATERMARK) return 0;
    return this.#watermark - this.#lowest;
  }
}

function isSame(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((id) => right.has(id));
}
