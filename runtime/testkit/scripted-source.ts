/**
 * Owns: the source that stands for a job's own one in a driven job: a log that the test writes, with positions as state.
 * Not here: which sources are replaced (driven-graph.ts). Called by: job-driver.ts.
 *
 * SX1 It is a source like any other: its splits are discovered, shared out, polled, kept in checkpoints and restored. One split
 *     keeps the order of what was pushed; a reader without a split ends at once, so that it holds no watermark back.
 * SX2 A restored job reads on from its positions in a copy of the log: what was pushed after the snapshot is not in it.
 */
import { StreamError } from "../../base/index.ts";
import type { Output, PollResult, ReaderContext, Source, SourceOutput, SourceReader } from "../ports/index.ts";
import type { ValueType } from "../record/index.ts";

type Entry =
  | { readonly kind: "record"; readonly value: unknown; readonly timestamp: number }
  | { readonly kind: "watermark"; readonly timestamp: number };

type Position = { readonly split: number; readonly position: number };

/** What one scripted source was given so far. */
export class SourceScript {
  readonly splits: readonly Entry[][];
  #isEnded: boolean;
  #next: number;
  readonly #wakes = new Set<() => void>();

  constructor(splits: readonly Entry[][], isEnded = false, next = 0) {
    this.splits = splits;
    this.#isEnded = isEnded;
    this.#next = next;
  }

  static withSplits(count: number): SourceScript {
    return new SourceScript(Array.from({ length: count }, () => []));
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  push(value: unknown, timestamp: number): void {
    this.splits[this.#next++ % this.splits.length]?.push({ kind: "record", value, timestamp });
    this.#wake();
  }

  watermark(timestamp: number): void {
    for (const split of this.splits) split.push({ kind: "watermark", timestamp });
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  onEntry(wake: () => void): void {
    this.#wakes.add(wake);
  }

  copy(): SourceScript {
    const splits = this.splits.map((entries) => [...entries]);
    return new SourceScript(splits, this.#isEnded, this.#next);
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}

export function scriptedSource(
  uid: string,
  name: string,
  type: ValueType<unknown>,
  script: SourceScript,
): Source<unknown> {
  return {
    kind: "source",
    name,
    type,
    boundedness: "bounded",
    discover: () => script.splits.map((_, split): Position => ({ split, position: 0 })),
    createReader: (context) => new ScriptedReader(uid, context, script),
  };
}

class ScriptedReader implements SourceReader<unknown, Position> {
  readonly #script: SourceScript;
  readonly #places: { readonly split: number; position: number }[];

  constructor(uid: string, context: ReaderContext<unknown>, script: SourceScript) {
    this.#script = script;
    this.#places = context.splits.map((split) => ({ ...readPosition(uid, split) }));
    script.onEntry(() => context.wake());
  }

  poll(output: SourceOutput<unknown>, maxRecords: number): PollResult {
    let left = maxRecords;
    for (const place of this.#places) {
      const entries = this.#script.splits[place.split] ?? [];
      for (; left > 0 && place.position < entries.length; left--) emit(entries[place.position++] as Entry, output);
    }
    if (this.#places.some(({ split, position }) => position < (this.#script.splits[split]?.length ?? 0))) return "more";
    return this.#script.isEnded || this.#places.length === 0 ? "end" : "idle";
  }

  snapshot(): readonly Position[] {
    return this.#places.map((place) => ({ ...place }));
  }
}

/** The engine gives sources the whole output of the chain; that they only collect is how their port is narrowed. */
function emit(entry: Entry, output: SourceOutput<unknown>): void {
  if (entry.kind === "record") output.collect(entry.value, entry.timestamp);
  else (output as Output<unknown>).emitWatermark(entry.timestamp);
}

function readPosition(uid: string, split: unknown): Position {
  const { split: number, position } = (split ?? {}) as Partial<Position>;
  if (typeof number === "number" && typeof position === "number") return { split: number, position };
  throw new StreamError(
    "STATE_INCOMPATIBLE",
    `the snapshot has positions of the source "${uid}" itself, and here it is a scripted one: name it in \`sources\` in both drivers, or in neither`,
    { destiny: "terminal" },
  );
}
