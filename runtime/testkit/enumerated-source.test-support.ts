/**
 * Owns: for tests: a source whose enumerator finds one more range of numbers now and then, and gives it to a reader that asks.
 */
import type { EnumeratorContext, ReaderContext, Source, SplitEnumerator } from "../ports/index.ts";
import { NO_TIMESTAMP, t } from "../record/index.ts";

export type Range = { readonly from: number; readonly to: number };
type State = { readonly found: number; readonly waiting: readonly Range[] };

export type RangesOptions = {
  readonly ranges: number;
  readonly perRange: number;
  /** Of one to the next that is found. */
  readonly everyMs: number;
  /** Called each time that one is looked for: how many can be found by now. Default all. */
  readonly look?: (found: number) => number;
};

/** Bounded: all numbers below `ranges` × `perRange`, each once. */
export function rangesSource(options: RangesOptions): Source<number, Range> {
  return {
    kind: "source",
    name: "ranges",
    boundedness: "bounded",
    type: t.int64,
    createEnumerator: (context) => new RangesEnumerator(options, context),
    createReader: (context) => {
      const ranges = context.splits.map((range) => ({ ...range }));
      return reader(context, ranges);
    },
  };
}

function reader(
  context: ReaderContext<Range>,
  ranges: { from: number; to: number }[],
): ReturnType<Source<number, Range>["createReader"]> {
  if (ranges.length === 0) context.requestSplits();
  return {
    addSplits: (splits) => void ranges.push(...splits.map((range) => ({ ...range }))),
    poll(output, maxRecords) {
      const range = ranges[0];
      // Its end, while more may come: the engine takes it for "nothing now" (SO4).
      if (range === undefined) return "end";
      for (let left = maxRecords; left > 0 && range.from < range.to; left--) output.collect(range.from++, NO_TIMESTAMP);
      if (range.from === range.to) ranges.shift();
      if (ranges.length === 0) context.requestSplits();
      return "more";
    },
    snapshot: () => ranges.map((range) => ({ ...range })),
  };
}

class RangesEnumerator implements SplitEnumerator<Range, State> {
  readonly #options: RangesOptions;
  readonly #context: EnumeratorContext<Range>;
  readonly #asking = new Set<number>();
  #found: number;
  #waiting: readonly Range[];

  constructor(options: RangesOptions, context: EnumeratorContext<Range>) {
    this.#options = options;
    this.#context = context;
    const { restored } = context;
    const state = restored.kind === "state" ? (restored.state as State) : { found: 0, waiting: [] };
    this.#found = state.found;
    this.#waiting = state.waiting;
  }

  start(): void {
    const { everyMs, ranges, perRange, look = () => ranges } = this.#options;
    this.#context.callAsync(
      () => look(this.#found),
      (there) => {
        if (this.#found < Math.min(ranges, there)) {
          const from = this.#found++ * perRange;
          this.#waiting = [...this.#waiting, { from, to: from + perRange }];
        }
        this.#assign();
      },
      everyMs,
    );
  }

  handleSplitRequest(subtask: number): void {
    this.#asking.add(subtask);
    this.#assign();
  }

  addSplitsBack(splits: readonly Range[]): void {
    this.#waiting = [...splits, ...this.#waiting];
  }

  snapshot(): State {
    return { found: this.#found, waiting: this.#waiting };
  }

  #assign(): void {
    for (const subtask of this.#context.readers()) {
      if (!this.#asking.has(subtask)) continue;
      const [first, ...rest] = this.#waiting;
      if (first === undefined && this.#found < this.#options.ranges) return;
      this.#asking.delete(subtask);
      this.#waiting = rest;
      if (first === undefined) this.#context.noMoreSplits(subtask);
      else this.#context.assign(subtask, [first]);
    }
  }
}
