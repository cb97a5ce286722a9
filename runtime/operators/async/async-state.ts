/**
 * Owns: what is under way at an async operator as state: written at a checkpoint, read on restore.
 *
 * AST1 A checkpoint holds all records that have not left, those with an answer too, and the watermarks and changes of idleness between them:
 *     what was asked, not what was answered (AS-2).
 * AST2 With keys the records are state of their keys, so that after a change of parallelism each goes where its key goes; without, they
 *     are shared out round-robin. Watermarks hold for the records of the subtask that had them: after a change they are left out, as
 *     the sources make new ones.
 */
import { describeType, type Key, keyHash, t, type ValueType } from "../../record/index.ts";
import type {
  KeyedOperatorState,
  ListState,
  OperatorContext,
  OperatorFactory,
  OperatorListState,
} from "../../ports/index.ts";
import type { AsyncQueue, AsyncRequest, TimeMark } from "./async-queue.ts";

const REQUESTS = "in-flight";
const MARKS = "in-flight-marks";

type StoredRequest<I> = {
  readonly sequence: number;
  readonly value: I;
  readonly timestamp: number;
  readonly startedMs: number;
  readonly attempts: number;
  readonly retryAtMs: number | null;
};

function requestType<I>(value: ValueType<I>): ValueType<StoredRequest<I>> {
  return t.record({
    sequence: t.int64,
    value,
    // NO_TIMESTAMP is no integer.
    timestamp: t.float64,
    startedMs: t.float64,
    attempts: t.int32,
    retryAtMs: t.nullable(t.float64),
  }) as unknown as ValueType<StoredRequest<I>>;
}

const markType = t.record({
  sequence: t.int64,
  watermark: t.nullable(t.int64),
  idle: t.boolean,
  parallelism: t.int32,
});
type StoredMark = typeof markType extends ValueType<infer V> ? V : never;

/** As checkpoints describe them. */
export function asyncDeclarations(
  value: ValueType<unknown>,
  isKeyed: boolean,
): NonNullable<OperatorFactory<unknown, unknown>["declares"]> {
  return [
    { name: REQUESTS, kind: isKeyed ? "list" : "operator-list", type: describeType(requestType(value)) },
    { name: MARKS, kind: "operator-list", type: describeType(markType) },
  ];
}

export type Restored<I, O> = readonly (AsyncRequest<I, O> | TimeMark)[];

export class AsyncState<I, O> {
  readonly #keyed: KeyedOperatorState | null;
  readonly #perKey: ListState<StoredRequest<I>> | null;
  readonly #list: OperatorListState<StoredRequest<I>> | null;
  readonly #marks: OperatorListState<StoredMark>;
  readonly #parallelism: number;
  /** Whose lists the last checkpoint, or the restored one, has written: by hash, since keys may be objects. */
  #writtenKeys = new Map<number, Key[]>();

  constructor(context: OperatorContext, value: ValueType<I>, isKeyed: boolean) {
    const type = requestType(value);
    this.#keyed = isKeyed ? context.keyed : null;
    this.#perKey = this.#keyed?.list({ name: REQUESTS, type }) ?? null;
    this.#list = this.#perKey === null ? context.operatorState.list({ name: REQUESTS, type }) : null;
    this.#marks = context.operatorState.list({ name: MARKS, type: markType });
    this.#parallelism = context.parallelism;
  }

  /** What a restored checkpoint holds, in order (AST2). */
  restored(): Restored<I, O> {
    const requests: AsyncRequest<I, O>[] = (this.#list?.get() ?? []).map((stored) => ({
      ...stored,
      key: null,
      results: null,
    }));
    this.#keyed?.forEachKey(REQUESTS, (value) => {
      const key = { value, hash: keyHash(value) };
      this.#noteWritten(key);
      for (const stored of this.#perKey?.get() ?? []) requests.push({ ...stored, key, results: null });
    });
    const marks = this.#marks
      .get()
      .filter(({ parallelism }) => parallelism === this.#parallelism)
      .map(({ sequence, watermark, idle }): TimeMark => {
        return watermark === null
          ? { kind: "status", sequence, idle }
          : { kind: "watermark", sequence, timestamp: watermark };
      });
    return [...requests, ...marks].toSorted((a, b) => a.sequence - b.sequence);
  }

  /** AST1 */
  write(queue: AsyncQueue<I, O>): void {
    this.#marks.update([...queue.marks()].map((mark) => this.#storedMark(mark)));
    if (this.#list !== null) this.#list.update([...queue.requests()].map(storedRequest));
    else this.#writeKeys(queue);
  }

  #storedMark(mark: TimeMark): StoredMark {
    const { sequence } = mark;
    const parallelism = this.#parallelism;
    return mark.kind === "watermark"
      ? { sequence, watermark: mark.timestamp, idle: false, parallelism }
      : { sequence, watermark: null, idle: mark.idle, parallelism };
  }

  #writeKeys(queue: AsyncQueue<I, O>): void {
    const keyed = this.#keyed as KeyedOperatorState;
    const lists = this.#perKey as ListState<StoredRequest<I>>;
    for (const [hash, keys] of this.#writtenKeys)
      for (const key of keys) {
        keyed.setCurrentKey(key, hash);
        lists.clear();
      }
    this.#writtenKeys = new Map();
    for (const request of queue.requests()) {
      const key = request.key as NonNullable<typeof request.key>;
      this.#noteWritten(key);
      keyed.setCurrentKey(key.value, key.hash);
      lists.add(storedRequest(request));
    }
  }

  #noteWritten({ value, hash }: { readonly value: Key; readonly hash: number }): void {
    const keys = this.#writtenKeys.get(hash);
    if (keys === undefined) this.#writtenKeys.set(hash, [value]);
    else keys.push(value);
  }
}

function storedRequest<I>(request: AsyncRequest<I, unknown>): StoredRequest<I> {
  const { sequence, value, timestamp, startedMs, attempts, retryAtMs } = request;
  return { sequence, value, timestamp, startedMs, attempts, retryAtMs };
}
