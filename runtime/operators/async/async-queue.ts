/**
 * Owns: what is under way at an async operator, and in which order it leaves: records that are asked for, and the watermarks and changes of
 * idleness between them.
 * Not here: asking (async-operator.ts), emitting.
 *
 * ASQ1 Ordered: everything leaves in the order in which it came (AS-6).
 * ASQ2 Unordered: records leave as they are answered, but none passes a watermark or a change of idleness, in either direction (AS-6).
 */
import type { Key } from "../../record/index.ts";
import { Fifo } from "./fifo.ts";

/** A record that is asked for. */
export type AsyncRequest<I, O> = {
  readonly value: I;
  readonly timestamp: number;
  /** Rises with every record and mark of this operator. */
  readonly sequence: number;
  /** Of a keyed operator. */
  readonly key: { readonly value: Key; readonly hash: number } | null;
  /** Of the wall clock: its first call. */
  startedMs: number;
  /** Calls that were begun. */
  attempts: number;
  /** Of the wall clock: its next call, while it waits for that. */
  retryAtMs: number | null;
  /** null: not answered. */
  results: readonly O[] | null;
};

/** What comes between records. */
export type TimeMark =
  | { readonly kind: "watermark"; readonly sequence: number; readonly timestamp: number }
  | { readonly kind: "status"; readonly sequence: number; readonly idle: boolean };

export type Leaving<I, O> =
  | { readonly kind: "answer"; readonly request: AsyncRequest<I, O>; readonly results: readonly O[] }
  | { readonly kind: "mark"; readonly mark: TimeMark };

export interface AsyncQueue<I, O> {
  /** Records that have not left. */
  readonly size: number;
  add(request: AsyncRequest<I, O>): void;
  addMark(mark: TimeMark): void;
  /** Its `results` are there. */
  onAnswer(request: AsyncRequest<I, O>): void;
  /** Takes out what may leave now; null: nothing. */
  take(): Leaving<I, O> | null;
  /** In the order in which they came. */
  requests(): IterableIterator<AsyncRequest<I, O>>;
  marks(): IterableIterator<TimeMark>;
}

/** ASQ1 */
export class OrderedQueue<I, O> implements AsyncQueue<I, O> {
  readonly #items = new Fifo<AsyncRequest<I, O> | TimeMark>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(request: AsyncRequest<I, O>): void {
    this.#items.push(request);
    this.#size += 1;
  }

  addMark(mark: TimeMark): void {
    this.#items.push(mark);
  }

  onAnswer(): void {
    // It leaves in its turn.
  }

  take(): Leaving<I, O> | null {
    const { first } = this.#items;
    if (first === undefined) return null;
    if ("kind" in first) {
      this.#items.shift();
      return { kind: "mark", mark: first };
    }
    if (first.results === null) return null;
    this.#items.shift();
    this.#size -= 1;
    return { kind: "answer", request: first, results: first.results };
  }

  *requests(): IterableIterator<AsyncRequest<I, O>> {
    for (const item of this.#items) if (!("kind" in item)) yield item;
  }

  *marks(): IterableIterator<TimeMark> {
    for (const item of this.#items) if ("kind" in item) yield item;
  }
}

/** What lies between two marks. */
type Segment<I, O> = {
  /** Have not left. */
  readonly requests: Set<AsyncRequest<I, O>>;
  readonly answered: Fifo<AsyncRequest<I, O>>;
  /** Its end; null: it goes on. */
  mark: TimeMark | null;
};

/** ASQ2 */
export class UnorderedQueue<I, O> implements AsyncQueue<I, O> {
  /** The last one has no end. */
  readonly #segments: [Segment<I, O>, ...Segment<I, O>[]] = [emptySegment()];
  readonly #segmentOf = new Map<AsyncRequest<I, O>, Segment<I, O>>();

  get size(): number {
    return this.#segmentOf.size;
  }

  add(request: AsyncRequest<I, O>): void {
    const segment = this.#segments.at(-1) as Segment<I, O>;
    segment.requests.add(request);
    this.#segmentOf.set(request, segment);
  }

  addMark(mark: TimeMark): void {
    (this.#segments.at(-1) as Segment<I, O>).mark = mark;
    this.#segments.push(emptySegment());
  }

  onAnswer(request: AsyncRequest<I, O>): void {
    this.#segmentOf.get(request)?.answered.push(request);
  }

  take(): Leaving<I, O> | null {
    const [segment] = this.#segments;
    const request = segment.answered.shift();
    if (request !== undefined) {
      segment.requests.delete(request);
      this.#segmentOf.delete(request);
      return { kind: "answer", request, results: request.results ?? [] };
    }
    const { mark } = segment;
    if (mark === null || segment.requests.size > 0) return null;
    this.#segments.shift();
    return { kind: "mark", mark };
  }

  *requests(): IterableIterator<AsyncRequest<I, O>> {
    for (const { requests } of this.#segments) yield* requests;
  }

  *marks(): IterableIterator<TimeMark> {
    for (const { mark } of this.#segments) if (mark !== null) yield mark;
  }
}

function emptySegment<I, O>(): Segment<I, O> {
  return { requests: new Set(), answered: new Fifo(), mark: null };
}
