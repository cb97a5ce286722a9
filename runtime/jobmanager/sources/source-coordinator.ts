/**
 * Owns: one source's enumerator: when it is called, what it may do, and what became of the splits that it has assigned.
 * Not here: tasks and messages (source-coordinators.ts), which checkpoint a reader restarts from (restore-point.ts).
 *
 * SRC1 A split is the enumerator's, or a reader's, at every moment: assigning sends it at once, on the connection on which the barrier of the next
 *     checkpoint follows. So the snapshots of a checkpoint have it once: here, or in the reader's (SAS1).
 * SRC2 Splits that a restarting reader does not have come back before it is added again (SPE3).
 * SRC3 Only the attempt of a reader that runs now is given splits, and only until it was told that no more come.
 * SRC4 What the enumerator throws ends it: it is called no more. The whole job restarts, and a new enumerator goes on from the state
 *     in the checkpoint that the job restarts from.
 */
import {
  type Clock,
  type Duration,
  isPromiseLike,
  type Log,
  type OperatorId,
  readDuration,
  StreamError,
  type Timer,
  toErrorInfo,
} from "../../../base/index.ts";
import type { EnumeratorState } from "../../checkpoint/index.ts";
import type { EnumeratorContext, RestoredEnumerator, Source, SplitEnumerator } from "../../ports/index.ts";
import type { Turns } from "../turns.ts";
import { isPlainJson, PLAIN_JSON } from "./plain-json.ts";
import { SplitAssignments } from "./split-assignments.ts";

/** A bound for the manifest that it is a part of. */
const STATE_CHARS_MAX = 16 << 20;

export type CoordinatedSource = {
  readonly operatorId: OperatorId;
  readonly name: string;
  readonly uid: string;
  readonly parallelism: number;
  readonly source: Source<unknown>;
};

export type SourceCoordinatorOptions = {
  readonly node: CoordinatedSource;
  readonly restored: RestoredEnumerator<unknown>;
  /** Of the checkpoint that the job goes on from; 0: none. */
  readonly restoredId: number;
  readonly turns: Pick<Turns, "effect" | "after">;
  readonly clock: Clock;
  /** The enumerator's own. */
  readonly log: Log;
  /** Whether that attempt of the subtask runs now. */
  readonly isRunning: (subtask: number, attempt: number) => boolean;
  readonly send: (reader: Reader, splits: readonly unknown[], noMore: boolean) => void;
  /** SRC4; called once. */
  readonly onFailed: (error: StreamError) => void;
};

export type Reader = { readonly subtask: number; readonly attempt: number };

type Registered = Reader & { hasAll: boolean };

export class SourceCoordinator {
  readonly node: CoordinatedSource;
  readonly #options: SourceCoordinatorOptions;
  readonly #readers = new Map<number, Registered>();
  readonly #assignments: SplitAssignments;
  readonly #timers = new Set<Timer>();
  #enumerator: SplitEnumerator<unknown> | null = null;
  #phase: "open" | "failed" | "closed" = "open";
  #calls = 0;

  constructor(options: SourceCoordinatorOptions) {
    this.node = options.node;
    this.#options = options;
    this.#assignments = new SplitAssignments(options.restoredId);
  }

  get hasFailed(): boolean {
    return this.#phase === "failed";
  }

  /** Something that the enumerator has called asynchronously has not answered yet. */
  get isWaiting(): boolean {
    return this.#calls > 0;
  }

  start(): void {
    this.#guard("createEnumerator", () => {
      const enumerator = this.node.source.createEnumerator?.(this.#context());
      if (enumerator === undefined || isPromiseLike(enumerator)) throw new Error("it returned no enumerator");
      this.#enumerator = enumerator;
    });
    this.#call("start", (enumerator) => enumerator.start?.());
  }

  /** A reader has started. */
  register(reader: Reader, splits: readonly unknown[]): void {
    const { subtask, attempt } = reader;
    if (this.#readers.get(subtask)?.attempt === attempt) return;
    this.#readers.set(subtask, { subtask, attempt, hasAll: false });
    this.#call("addReader", (enumerator) => enumerator.addReader?.(subtask, splits));
  }

  requested({ subtask, attempt }: Reader): void {
    const reader = this.#readers.get(subtask);
    if (reader?.attempt !== attempt || reader.hasAll) return;
    this.#call("handleSplitRequest", (enumerator) => enumerator.handleSplitRequest?.(subtask));
  }

  /** The reader restarts from this checkpoint; null: without state (SRC2). */
  reset(subtask: number, checkpointId: number | null): void {
    this.#readers.delete(subtask);
    const splits = this.#assignments.takeBack(subtask, checkpointId);
    if (splits.length > 0)
      this.#call("addSplitsBack", (enumerator) => enumerator.addSplitsBack(copyOf(splits), subtask));
  }

  /** In the turn in which the barriers are sent (SRC1). Errors: SOURCE_FAILED. */
  snapshot(checkpointId: number): EnumeratorState {
    let state: unknown;
    const failure = this.#call("snapshot", (enumerator) => {
      const given: unknown = enumerator.snapshot(checkpointId);
      state = this.#checked(given);
      return given;
    });
    if (failure !== null || this.#phase !== "open") throw failure ?? this.#failure("snapshot", "it has failed before");
    this.#assignments.snapshotTaken(checkpointId);
    return { state };
  }

  completed(checkpointId: number): void {
    this.#assignments.completed(checkpointId);
    this.#call("onCheckpointComplete", (enumerator) => enumerator.onCheckpointComplete?.(checkpointId));
  }

  /** Nothing is called any more. */
  close(): void {
    this.#end("closed");
  }

  #end(phase: "failed" | "closed"): void {
    if (this.#phase === "closed") return;
    const wasOpen = this.#phase === "open";
    this.#phase = phase;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    if (wasOpen) void this.#closeEnumerator();
  }

  async #closeEnumerator(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#enumerator?.close?.();
    } catch (error) {
      log.warn({ err: toErrorInfo(error) }, "closing the enumerator of a source failed");
    }
  }

  #context(): EnumeratorContext<unknown> {
    const { clock, log, restored } = this.#options;
    const { name, parallelism } = this.node;
    return {
      name,
      parallelism,
      clock,
      log,
      restored,
      readers: () => this.#running().map(({ subtask }) => subtask),
      assign: (subtask, splits) => this.#assign(subtask, splits),
      noMoreSplits: (subtask) => {
        const reader = this.#readerOf(subtask, "noMoreSplits");
        if (reader === null) return;
        reader.hasAll = true;
        this.#options.send(reader, [], true);
      },
      callAsync: (call, handle, every) => this.#callAsync(call, handle, every),
      fail: (error) => this.#fail(this.#failure("fail", error)),
    };
  }

  #running(): readonly Registered[] {
    const { isRunning } = this.#options;
    const running = [...this.#readers.values()].filter(({ subtask, attempt }) => isRunning(subtask, attempt));
    return running.sort((left, right) => left.subtask - right.subtask);
  }

  #assign(subtask: number, splits: readonly unknown[]): void {
    const reader = this.#readerOf(subtask, "assign");
    if (reader === null || splits.length === 0) return;
    if (!splits.every(isPlainJson)) throw new Error(`assign was given a split that is not plain JSON: ${PLAIN_JSON}`);
    const sent = copyOf(splits);
    this.#assignments.add(subtask, sent);
    this.#options.send(reader, sent, false);
  }

  /** null: the enumerator is closed, and what it wants has no meaning any more. */
  #readerOf(subtask: number, what: string): Registered | null {
    if (this.#phase !== "open") return null;
    const reader = this.#running().find((running) => running.subtask === subtask);
    if (reader === undefined) {
      const running = this.#running().map((each) => each.subtask);
      throw new Error(
        `${what}: the reader ${subtask} does not run now; those that do are ${running.join(", ") || "none"}: see context.readers()`,
      );
    }
    if (reader.hasAll) throw new Error(`${what}: the reader ${subtask} was told that no more splits come`);
    return reader;
  }

  #callAsync<R>(call: () => Promise<R> | R, handle: (result: R) => void, every?: Duration): void {
    const { turns } = this.#options;
    const everyMs = every === undefined ? null : readDuration(every, "callAsync");
    if (this.#phase !== "open") return;
    this.#calls++;
    turns.effect(
      async () => call(),
      (outcome) => {
        this.#calls--;
        if (this.#phase !== "open") return;
        if (outcome.kind === "failed") return this.#fail(this.#failure("callAsync", outcome.error));
        this.#guard("callAsync", () => handle(outcome.value));
        if (everyMs === null || this.#phase !== "open") return;
        const timer = turns.after(everyMs, () => {
          this.#timers.delete(timer);
          this.#callAsync(call, handle, every);
        });
        this.#timers.add(timer);
      },
    );
  }

  #checked(state: unknown): unknown {
    if (!isPlainJson(state)) throw new Error(`the state is not plain JSON: ${PLAIN_JSON}`);
    const text = JSON.stringify(state);
    if (text.length > STATE_CHARS_MAX) {
      throw new Error(`the state has ${text.length} characters, more than the limit of ${STATE_CHARS_MAX}`);
    }
    return JSON.parse(text);
  }

  #call(hook: string, body: (enumerator: SplitEnumerator<unknown>) => unknown): StreamError | null {
    const enumerator = this.#enumerator;
    return enumerator === null ? null : this.#guard(hook, () => body(enumerator));
  }

  /** SRC4; the failure, or null. */
  #guard(hook: string, body: () => unknown): StreamError | null {
    if (this.#phase !== "open") return null;
    try {
      if (!isPromiseLike(body())) return null;
      throw new Error("it returned a promise, and nobody waits for it; use callAsync");
    } catch (error) {
      const failure = this.#failure(hook, error);
      this.#fail(failure);
      return failure;
    }
  }

  #fail(error: StreamError): void {
    if (this.#phase !== "open") return;
    this.#end("failed");
    this.#options.onFailed(error);
  }

  #failure(hook: string, error: unknown): StreamError {
    const { name, uid } = this.node;
    const destiny = error instanceof StreamError ? error.destiny : "retry";
    const why = typeof error === "string" ? error : toErrorInfo(error).message;
    const text = `the source "${name}" (uid "${uid}") cannot find or assign its splits: ${hook}: ${why}`;
    return new StreamError(error instanceof StreamError ? error.code : "SOURCE_FAILED", text, {
      destiny,
      cause: error,
    });
  }
}

/** As it is on the other side, and untouched by what the enumerator does with its own. */
function copyOf(splits: readonly unknown[]): readonly unknown[] {
  return JSON.parse(JSON.stringify(splits)) as readonly unknown[];
}
