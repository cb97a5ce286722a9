/**
 * Owns: for tests: a job whose one source has an enumerator, as a world of messages on their way: real coordinators, and readers, checkpoints,
 * restarts, takeovers and rescales by chance. All else of a JobManager is left out.
 *
 * AWT1 Messages to a reader keep their order, those of different readers do not; a reader takes a barrier and a split where they come.
 * AWT2 What a reader has read is in its snapshot: so the readers' lists at the end are what a sink saw, and nothing that was taken back is in them.
 */
import { operatorId, type Random, silentLog, type StreamError } from "../../../base/index.ts";
import type { EnumeratorState } from "../../checkpoint/index.ts";
import type { JobGraph } from "../../graph/index.ts";
import type { EnumeratorContext, Source, SplitEnumerator } from "../../ports/index.ts";
import type { FromJobManager, TaskRef } from "../../rpc/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { type EnumeratorStates, SourceCoordinators } from "./source-coordinators.ts";

const OPERATOR = operatorId("a".repeat(32));

export type Make = (context: EnumeratorContext<number>) => SplitEnumerator<number>;

type ReaderState = { readonly unread: readonly number[]; readonly read: readonly number[] };
type Pending = {
  readonly id: number;
  readonly enumerator: EnumeratorState;
  readonly readers: Map<number, ReaderState>;
  isWriting: boolean;
};
type Complete = { readonly id: number; readonly enumerator: EnumeratorState; readonly readers: readonly ReaderState[] };
type ToReader =
  | { readonly kind: "splits"; readonly splits: readonly number[]; readonly noMore: boolean }
  | { readonly kind: "barrier"; readonly id: number };

type ReaderModel = {
  readonly subtask: number;
  attempt: number;
  isRunning: boolean;
  /** Down until the world deploys it. */
  isDown: boolean;
  unread: number[];
  read: number[];
  hasAll: boolean;
  inbox: ToReader[];
  /** To the coordinator. */
  outbox: (() => void)[];
};

export class AssignmentWorld {
  readonly clock = new ManualClock();
  readonly #random: Random;
  readonly #make: Make;
  /** A canary forgets it: every enumerator begins anew. */
  readonly #keepsEnumerator: boolean;
  #readers: ReaderModel[] = [];
  #coordinators!: SourceCoordinators;
  #effects: (() => void)[] = [];
  #pending: Pending[] = [];
  #newest: Complete | null = null;
  #nextId = 1;
  #attempts = 0;
  #mustRestartAll = false;
  readonly failures: StreamError[] = [];

  constructor(random: Random, make: Make, keepsEnumerator = true) {
    this.#random = random;
    this.#make = make;
    this.#keepsEnumerator = keepsEnumerator;
    this.#takeOver(this.#pick(4) + 1);
  }

  get read(): readonly number[] {
    return this.#readers.flatMap(({ read }) => read);
  }

  get isOver(): boolean {
    return this.#readers.every((reader) => reader.isRunning && reader.hasAll && reader.unread.length === 0);
  }

  /** Another JobManager takes over. */
  restart(): void {
    this.#mustRestartAll = false;
    this.#takeOver(this.#readers.length);
  }

  /** One thing happens. `faults`: something may fail, too. */
  async step(faults: boolean): Promise<void> {
    await Promise.resolve();
    if (this.#mustRestartAll) return this.#restartAll();
    const actions = [
      () => this.#deliverToReader(),
      () => this.#deliverToReader(),
      () => this.#deliverFromReader(),
      () => this.#deliverFromReader(),
      () => this.#read(),
      () => this.#read(),
      () => this.#effects.splice(this.#pick(this.#effects.length), 1)[0]?.(),
      () => this.clock.advance(1 + this.#pick(100)),
      () => this.#deploy(),
      () => this.#trigger(),
      () => this.#conclude(),
      ...(faults ? [() => this.#fault()] : []),
    ];
    actions[this.#pick(actions.length)]?.();
  }

  #pick(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  #one<T>(all: readonly T[]): T | undefined {
    return all[this.#pick(all.length)];
  }

  #fault(): void {
    const chance = this.#random.next();
    // CC1: what is on its way is given up, but not what the log decides about.
    const giveUp = (): void => void (this.#pending = this.#pending.filter(({ isWriting }) => isWriting));
    if (chance < 0.6) {
      giveUp();
      for (const reader of this.#readers) if (this.#random.next() < 0.4) this.#bringDown(reader);
    } else if (chance < 0.75) {
      this.#pending = this.#pending.filter(() => this.#random.next() < 0.5);
    } else if (chance < 0.9) {
      giveUp();
      // Whoever writes a manifest may have died before or after.
      if (this.#random.next() < 0.5) this.#conclude();
      this.#pending = [];
      this.#takeOver(this.#random.next() < 0.5 ? this.#readers.length : this.#pick(4) + 1);
    }
  }

  #bringDown(reader: ReaderModel): void {
    reader.isRunning = false;
    reader.isDown = true;
    reader.outbox = [];
  }

  /** A JobManager starts, from what is complete. */
  #takeOver(parallelism: number): void {
    this.#coordinators?.close();
    this.#effects = [];
    this.#pending = [];
    const before = this.#newest?.readers ?? [];
    this.#newest = this.#newest === null ? null : { ...this.#newest, readers: shared(before, parallelism) };
    const logic: Source<number, number> = {
      kind: "source",
      name: "numbers",
      boundedness: "bounded",
      type: { kind: "int64" } as unknown as Source<number>["type"],
      createEnumerator: (context) => this.#make(context),
      createReader: () => ({ poll: () => "idle", snapshot: () => [] }),
    };
    const node = { role: "source", operatorId: OPERATOR, name: "numbers", uid: "numbers", logic };
    const graph = { vertices: [{ index: 0, parallelism, operators: [{ node }] }] } as unknown as JobGraph;
    this.#readers = Array.from({ length: parallelism }, (_, subtask) => ({
      subtask,
      attempt: 0,
      isRunning: false,
      isDown: true,
      unread: [],
      read: [],
      hasAll: false,
      inbox: [],
      outbox: [],
    }));
    this.#coordinators = new SourceCoordinators({
      graph,
      epoch: 1,
      turns: {
        effect: (work, done) =>
          void work().then(
            (value) => this.#effects.push(() => done({ kind: "ok", value })),
            (error: unknown) => this.#effects.push(() => done({ kind: "failed", error })),
          ),
        after: (delayMs, turn) => this.clock.after(delayMs, turn),
      },
      clock: this.clock,
      logger: silentLog,
      isRunning: (ref) => this.#readerOf(ref)?.isRunning === true,
      send: (ref, message) => this.#send(ref, message),
      onFailed: (error) => {
        this.failures.push(error);
        this.#mustRestartAll = true;
      },
    });
    this.#coordinators.begin(this.#states());
  }

  #restartAll(): void {
    this.#mustRestartAll = false;
    this.#pending = this.#pending.filter(({ isWriting }) => isWriting);
    for (const reader of this.#readers) this.#bringDown(reader);
  }

  #states(): EnumeratorStates {
    const newest = this.#newest;
    return {
      checkpointId: newest?.id ?? null,
      enumeratorOf: () =>
        newest === null || !this.#keepsEnumerator
          ? { kind: "none" }
          : { kind: "state", state: newest.enumerator.state },
    };
  }

  #readerOf({ subtask, attempt }: TaskRef): ReaderModel | undefined {
    const reader = this.#readers[subtask];
    return reader?.attempt === attempt ? reader : undefined;
  }

  #send(ref: TaskRef, message: FromJobManager): void {
    if (message.kind !== "assignSplits") return;
    const { splits, noMore } = message;
    this.#readerOf(ref)?.inbox.push({ kind: "splits", splits: splits as readonly number[], noMore });
  }

  /** Regions are deployed only while no manifest is being written (CC4). */
  #deploy(): void {
    if (this.#pending.some(({ isWriting }) => isWriting)) return;
    const reader = this.#one(this.#readers.filter(({ isDown }) => isDown));
    if (reader === undefined) return;
    reader.attempt = ++this.#attempts;
    reader.isDown = false;
    reader.inbox = [];
    reader.outbox = [];
    reader.hasAll = false;
    const ref = { vertex: 0, subtask: reader.subtask, attempt: reader.attempt };
    this.#coordinators.deploying([ref], this.#states());
    const state = this.#newest?.readers[reader.subtask];
    reader.unread = [...(state?.unread ?? [])];
    reader.read = [...(state?.read ?? [])];
    const splits = [...reader.unread];
    reader.outbox.push(
      () => void (reader.isRunning = true),
      () => this.#coordinators.receive({ kind: "readerStarted", epoch: 1, task: ref, splits }),
      () => this.#coordinators.receive({ kind: "splitRequest", epoch: 1, task: ref }),
    );
  }

  #deliverFromReader(): void {
    this.#one(this.#readers.filter(({ outbox }) => outbox.length > 0))?.outbox.shift()?.();
  }

  #deliverToReader(): void {
    const reader = this.#one(this.#readers.filter(({ inbox, isRunning }) => isRunning && inbox.length > 0));
    const message = reader?.inbox.shift();
    if (reader === undefined || message === undefined) return;
    if (message.kind === "barrier") {
      const pending = this.#pending.find(({ id }) => id === message.id);
      pending?.readers.set(reader.subtask, { unread: [...reader.unread], read: [...reader.read] });
      return;
    }
    reader.unread.push(...message.splits);
    reader.hasAll ||= message.noMore;
  }

  #read(): void {
    const reader = this.#one(this.#readers.filter(({ isRunning, unread }) => isRunning && unread.length > 0));
    if (reader === undefined) return;
    reader.read.push(...reader.unread.splice(0, 1));
    const task = { vertex: 0, subtask: reader.subtask, attempt: reader.attempt };
    if (reader.unread.length > 0) return;
    reader.outbox.push(() => this.#coordinators.receive({ kind: "splitRequest", epoch: 1, task }));
  }

  #trigger(): void {
    if (!this.#readers.every(({ isRunning }) => isRunning)) return;
    const id = this.#nextId++;
    const enumerator = this.#coordinators.snapshot(id).get(OPERATOR);
    if (enumerator === undefined) return;
    this.#pending.push({ id, enumerator, readers: new Map(), isWriting: false });
    for (const reader of this.#readers) reader.inbox.push({ kind: "barrier", id });
  }

  /** A checkpoint that all have acknowledged is written, and then complete; older ones are given up. */
  #conclude(): void {
    const writing = this.#pending.find(({ isWriting }) => isWriting);
    if (writing === undefined) {
      const collected = this.#pending.find(({ readers }) => readers.size === this.#readers.length);
      if (collected === undefined) return;
      collected.isWriting = true;
      this.#pending = this.#pending.filter(({ id }) => id >= collected.id);
      return;
    }
    this.#pending = this.#pending.filter((pending) => pending !== writing);
    const readers = this.#readers.map(({ subtask }) => writing.readers.get(subtask) as ReaderState);
    this.#newest = { id: writing.id, enumerator: writing.enumerator, readers };
    this.#coordinators.completed(writing.id);
  }
}

/** At the same parallelism each gets its own; else they are dealt out. */
function shared(states: readonly ReaderState[], parallelism: number): readonly ReaderState[] {
  if (states.length === 0 || states.length === parallelism) return states;
  const dealt = (items: readonly number[], subtask: number): readonly number[] =>
    items.filter((_, index) => index % parallelism === subtask);
  return Array.from({ length: parallelism }, (_, subtask) => ({
    unread: dealt(
      states.flatMap(({ unread }) => unread),
      subtask,
    ),
    read: dealt(
      states.flatMap(({ read }) => read),
      subtask,
    ),
  }));
}
