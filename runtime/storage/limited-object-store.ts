/**
 * Owns: the time limit of every call to a store: a store that never answers becomes an error, as one that says no is.
 * Not here: what the callers do about it (they retry, give up, or count a failed checkpoint).
 * Called by: open-store.ts, for stores that lie outside of this process.
 *
 * LOS1 A call ends in `callTimeoutMs`, and one more second for each MiB that it has to move, with STORE_UNAVAILABLE. What it had begun
 *     may still happen later: the outcome is unknown, as after any STORE_UNAVAILABLE.
 * LOS2 A call that hangs may hold one of the few threads (libuv's four) that all files of this process share. So while a call to a
 *     store hangs, further ones to it fail at once; and while HANGING_MAX calls hang anywhere in this process, so do those to stores that
 *     have not answered yet. A savepoint's folder that hangs thus leaves the checkpoint store its threads.
 */
import { type Clock, StreamError, systemClock } from "../../base/index.ts";
import type { ObjectInfo, ObjectStore, ObjectWriter } from "./object-store.ts";

/** What `execution.checkpointing.store-call-timeout` is by default. */
export const STORE_CALL_TIMEOUT_MS = 60_000;
const MS_PER_MIB = 1000;
const MIB = 1024 * 1024;
const HANGING_MAX = 2;

/** Calls of this thread that are over their time and have not come back, by the store's URI. */
const hanging = new Map<string, number>();

type Call = { readonly doing: string; readonly key: string; readonly bytes?: number };

export class LimitedObjectStore implements ObjectStore {
  readonly uri: string;
  readonly #inner: ObjectStore;
  readonly #callTimeoutMs: number;
  readonly #clock: Clock;
  #hasAnswered = false;

  constructor(inner: ObjectStore, callTimeoutMs: number, clock: Clock = systemClock) {
    this.uri = inner.uri;
    this.#inner = inner;
    this.#callTimeoutMs = callTimeoutMs;
    this.#clock = clock;
  }

  /** How much there is to read is asked only when the time is over. */
  read(key: string): Promise<Uint8Array | null> {
    const call = { doing: "read", key };
    return this.#limit(
      call,
      () => this.#inner.read(key),
      async () => (await this.#inner.stat(key))?.length ?? 0,
    );
  }

  stat(key: string): Promise<ObjectInfo | null> {
    return this.#limit({ doing: "look at", key }, () => this.#inner.stat(key));
  }

  put(key: string, body: Uint8Array): Promise<void> {
    return this.#limit({ doing: "write", key, bytes: body.length }, () => this.#inner.put(key, body));
  }

  createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists"> {
    return this.#limit({ doing: "create", key, bytes: body.length }, () => this.#inner.createIfAbsent(key, body));
  }

  list(prefix: string): Promise<readonly ObjectInfo[]> {
    return this.#limit({ doing: "list", key: prefix }, () => this.#inner.list(prefix));
  }

  delete(key: string): Promise<void> {
    return this.#limit({ doing: "delete", key }, () => this.#inner.delete(key));
  }

  removeUnfinished(prefix: string, isOver: (key: string) => boolean): Promise<number> {
    return this.#limit({ doing: "remove unfinished writes of", key: prefix }, () =>
      this.#inner.removeUnfinished(prefix, isOver),
    );
  }

  async openWriter(key: string): Promise<ObjectWriter> {
    const writer = await this.#limit({ doing: "open", key }, () => this.#inner.openWriter(key));
    let written = 0;
    return {
      write: (piece) => {
        written += piece.length;
        return this.#limit({ doing: "write", key, bytes: piece.length }, () => writer.write(piece));
      },
      // Only now does the store have to have all of it.
      close: (finalKey) =>
        this.#limit({ doing: "finish writing", key: finalKey ?? key, bytes: written }, () => writer.close(finalKey)),
      abort: () => this.#limit({ doing: "drop", key }, () => writer.abort()),
    };
  }

  async #limit<T>(call: Call, act: () => Promise<T>, bytesOf?: () => Promise<number>): Promise<T> {
    const isRefused = hanging.has(this.uri) || (!this.#hasAnswered && countHanging() >= HANGING_MAX);
    if (isRefused) throw this.#busy(call);
    let isDone = false;
    const done = act().finally(() => {
      isDone = true;
      this.#hasAnswered = true;
    });
    const limitMs = this.#limitMs(call.bytes ?? 0);
    const first = await this.#within(done, limitMs);
    if (first.kind === "done") return first.value;
    if (bytesOf !== undefined) {
      const asked = bytesOf();
      const size = await this.#within(asked, this.#callTimeoutMs);
      if (size.kind === "late") this.#noteHanging(asked);
      else {
        const second = await this.#within(done, this.#limitMs(size.value) - limitMs);
        if (second.kind === "done") return second.value;
      }
    }
    if (!isDone) this.#noteHanging(done);
    throw this.#late(call, limitMs);
  }

  #limitMs(bytes: number): number {
    return this.#callTimeoutMs + Math.ceil(bytes / MIB) * MS_PER_MIB;
  }

  async #within<T>(done: Promise<T>, limitMs: number): Promise<{ kind: "done"; value: T } | { kind: "late" }> {
    let stop = (): void => undefined;
    const late = new Promise<{ kind: "late" }>((resolve) => {
      const timer = this.#clock.after(Math.max(0, limitMs), () => resolve({ kind: "late" }));
      stop = () => timer.cancel();
    });
    try {
      return await Promise.race([done.then((value) => ({ kind: "done" as const, value })), late]);
    } finally {
      stop();
    }
  }

  #noteHanging(done: Promise<unknown>): void {
    hanging.set(this.uri, (hanging.get(this.uri) ?? 0) + 1);
    const back = (): void => {
      const left = (hanging.get(this.uri) ?? 1) - 1;
      if (left === 0) hanging.delete(this.uri);
      else hanging.set(this.uri, left);
    };
    done.then(back, back);
  }

  #late({ doing, key }: Call, limitMs: number): StreamError {
    return new StreamError(
      "STORE_UNAVAILABLE",
      `could not ${doing} ${this.uri}/${key}: the store has not answered for ${limitMs} ms; look at the disk, mount or network behind it. ` +
        "A store that is only slow may have more time: execution.checkpointing.store-call-timeout",
    );
  }

  #busy({ doing, key }: Call): StreamError {
    return new StreamError(
      "STORE_UNAVAILABLE",
      hanging.has(this.uri)
        ? `could not ${doing} ${this.uri}/${key}: an earlier call to this store has not come back; look at the disk, mount or network behind it`
        : `could not ${doing} ${this.uri}/${key}: ${countHanging()} calls to other stores have not come back, and this one is not tried before they do`,
    );
  }
}

function countHanging(): number {
  let sum = 0;
  for (const calls of hanging.values()) sum += calls;
  return sum;
}
