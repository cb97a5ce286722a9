/**
 * Owns: a histogram over the newest values.
 *
 * WIH1 It keeps the newest WINDOW values, so the same values in the same order give the same percentiles: no chance, no decay by time.
 * WIH2 An update stores one number. Sorting is left to whoever reads, and done once for any number of reads without an update.
 */
import type { Histogram, HistogramStatistics } from "../ports/index.ts";

const WINDOW = 1024;

const NOTHING: HistogramStatistics = {
  count: 0,
  sum: 0,
  min: 0,
  max: 0,
  mean: 0,
  stddev: 0,
  p50: 0,
  p75: 0,
  p90: 0,
  p95: 0,
  p98: 0,
  p99: 0,
  p999: 0,
};

export class WindowHistogram implements Histogram {
  readonly kind = "histogram";
  readonly #values = new Float64Array(WINDOW);
  readonly #refuse: (value: unknown) => void;
  #count = 0;
  #sum = 0;
  #known: HistogramStatistics = NOTHING;

  /** `refuse` is told of values that are not finite numbers; they are left out. */
  constructor(refuse: (value: unknown) => void) {
    this.#refuse = refuse;
  }

  update(value: number): void {
    if (!Number.isFinite(value)) {
      this.#refuse(value);
      return;
    }
    this.#values[this.#count % WINDOW] = value;
    this.#count += 1;
    this.#sum += value;
  }

  get statistics(): HistogramStatistics {
    if (this.#known.count !== this.#count) this.#known = this.#derive();
    return this.#known;
  }

  #derive(): HistogramStatistics {
    const size = Math.min(this.#count, WINDOW);
    const sorted = this.#values.slice(0, size).sort();
    const mean = sorted.reduce((total, value) => total + value, 0) / size;
    const squares = sorted.reduce((total, value) => total + (value - mean) ** 2, 0);
    const rank = (fraction: number): number => sorted[Math.max(0, Math.ceil(fraction * size) - 1)] as number;
    return {
      count: this.#count,
      sum: this.#sum,
      min: sorted[0] as number,
      max: sorted[size - 1] as number,
      mean,
      stddev: size === 1 ? 0 : Math.sqrt(squares / (size - 1)),
      p50: rank(0.5),
      p75: rank(0.75),
      p90: rank(0.9),
      p95: rank(0.95),
      p98: rank(0.98),
      p99: rank(0.99),
      p999: rank(0.999),
    };
  }
}
