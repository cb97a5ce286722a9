/**
 * Owns: the tasks of a driven job, all in this thread: deployed, given turns until they rest, failed and canceled together.
 * Not here: what they start from, checkpoints (job-driver.ts). The tasks are the TaskManager's own (room taskmanager).
 *
 * DV1 Tasks have their turns in the order of the graph, one step each, and send what they collected after each round: the same
 *     calls give the same order of records.
 * DV2 A job is at rest when no task has work, none waits for a promise of an operator or an answer from outside, and no bounded source of the job's own waits
 *     for something but the clock. Only then does a wait for real time begin, and it ends with an error that names who is waited for.
 * DV3 When a task fails, the others are canceled before the error is thrown; nothing runs after that.
 * DV4 Subtasks share no function objects of the job, as little as they do in threads of their own. What a job's module holds
 *     outside of its `build` function is shared here, and only here.
 * DV5 Records from task to task are encoded and decoded, as between processes: what would fail there fails here.
 */
import {
  type Clock,
  fromErrorInfo,
  type JobId,
  type Log,
  nextTurn,
  systemClock,
  taskManagerId,
} from "../../base/index.ts";
import { type ChannelKey, type ChannelReceiver, type ChannelSender, LocalChannel } from "../exchange/index.ts";
import type { JobGraph } from "../graph/index.ts";
import { type RestorePoint, SourceCoordinators } from "../jobmanager/parts.ts";
import {
  ByteReader,
  ByteWriter,
  type ColumnBatch,
  type ControlElement,
  decodeColumns,
  decodeValues,
  encodeColumns,
  encodeValues,
  type RowBatch,
  type ValueType,
} from "../record/index.ts";
import type { JobSource, TaskState, ToJobManager } from "../rpc/index.ts";
import type { MemoryObjectStore, ObjectStore } from "../storage/index.ts";
import { DeployedTask, StoreCache, type TaskExchange } from "../taskmanager/parts.ts";
import type { SourceWatch } from "./watched-source.ts";

/** Promises and callbacks have their turn at least so often. */
const ROUNDS_PER_TURN = 64;
const LOCATION = { taskManagerId: taskManagerId("driver"), slot: 0, host: "", dataPort: 0 };

export type Goal = {
  /** For messages: what was to be done. */
  readonly what: string;
  isReached(): boolean;
  /** When the job rests before that: that is the end of it, it is waited for, or an error with this text. */
  readonly atRest: "done" | "wait" | { readonly error: string };
  /** How many records an unbounded source of the job may give on the way. */
  readonly recordsMax: number;
  /** False: a job that waits only for answers from outside (async I/O) is at rest. Default true. */
  readonly waitsForAnswers?: boolean;
};

export type DrivenTasksOptions = {
  /** The job's graph, once for each subtask: in a cluster each has a thread of its own, and so functions of its own (DV4). */
  readonly graphs: readonly [JobGraph, ...JobGraph[]];
  readonly point: RestorePoint;
  readonly epoch: number;
  readonly jobId: JobId;
  readonly clock: Clock;
  readonly log: Log;
  /** Written to; and those that are restored from. */
  readonly stores: readonly [MemoryObjectStore, ...MemoryObjectStore[]];
  readonly watches: ReadonlyMap<string, SourceWatch>;
  /** How long one waits, in real time, for what comes from outside. */
  readonly patienceMs: number;
  onMessage(message: ToJobManager): void;
};

export class DrivenTasks {
  readonly all: readonly DeployedTask[];
  /** Of the job's sources that have an enumerator. */
  readonly coordinators: SourceCoordinators;
  readonly #options: DrivenTasksOptions;
  readonly #states = new Map<string, TaskState["kind"]>();
  #failure: Error | null = null;
  #isClosed = false;
  #signal: () => void = () => undefined;

  private constructor(options: DrivenTasksOptions) {
    this.#options = options;
    const { graphs, point, epoch, clock, log } = options;
    const [graph] = graphs;
    const job: JobSource = {
      jobId: options.jobId,
      predecessors: [],
      program: { kind: "module", path: "" },
      options: {},
      args: [],
      maxParallelism: [],
      fingerprint: graph.fingerprint,
    };
    const refs = graph.vertices.flatMap(({ index: vertex, parallelism }) =>
      Array.from({ length: parallelism }, (_, subtask) => ({ vertex, subtask, attempt: 1 })),
    );
    const environment = {
      epoch,
      job,
      clock,
      log,
      target: { storeUri: options.stores[0].uri, inlineOnly: false },
      placements: refs.map((task) => ({ task, location: LOCATION })),
      exchange: new ThreadExchange(() => this.#signal()),
      stores: new KnownStores(options.stores),
      wake: () => this.#signal(),
      send: (message: ToJobManager) => this.#receive(message),
    };
    this.all = refs.map(
      (task) =>
        new DeployedTask(
          { ...environment, graph: graphs[task.subtask] ?? graph },
          {
            task,
            slot: 0,
            ...point.startOf(task.vertex, task.subtask),
            isRestored: point.checkpointId !== null,
          },
        ),
    );
    this.coordinators = this.#coordinate(options);
  }

  #coordinate({ graphs, epoch, clock, log }: DrivenTasksOptions): SourceCoordinators {
    return new SourceCoordinators({
      graph: graphs[0],
      epoch,
      clock,
      logger: log,
      turns: {
        effect: (work, done) =>
          void work()
            .then(
              (value) => done({ kind: "ok", value }),
              (error: unknown) => done({ kind: "failed", error }),
            )
            .then(() => this.#signal()),
        after: (delayMs, turn) => clock.after(delayMs, turn),
      },
      isRunning: ({ vertex, subtask }) => this.#states.get(`${vertex}/${subtask}`) === "running",
      send: (ref, message) => {
        const task = this.all.find((one) => one.ref.vertex === ref.vertex && one.ref.subtask === ref.subtask);
        if (message.kind === "assignSplits") task?.assignSplits(message.splits, message.noMore);
        if (message.kind === "alignWatermarks") task?.alignWatermarks(message.group, message.lowest);
      },
      onFailed: (error) => {
        this.#failure ??= error;
        this.#signal();
      },
    });
  }

  /** Restores, opens and starts all tasks. Errors: that of the first task that fails. */
  static async deploy(options: DrivenTasksOptions): Promise<DrivenTasks> {
    const tasks = new DrivenTasks(options);
    await Promise.all(tasks.all.map((task) => task.deploy()));
    await tasks.#reach(() => tasks.#failure !== null || tasks.isEvery("ready"), "the tasks opened");
    await tasks.throwFailure();
    tasks.coordinators.begin(options.point);
    for (const { task } of tasks.all) task?.start();
    return tasks;
  }

  /** Tasks at the head of the graph: barriers begin there. */
  get sources(): readonly DeployedTask[] {
    return this.all.filter(({ ref }) => this.#options.graphs[0].vertices[ref.vertex]?.inEdges.length === 0);
  }

  isEvery(...kinds: readonly TaskState["kind"][]): boolean {
    return this.all.every(({ ref }) =>
      kinds.includes(this.#states.get(`${ref.vertex}/${ref.subtask}`) as TaskState["kind"]),
    );
  }

  /** Works until the goal is reached, or the job is at rest (DV2). Errors: that of the task that failed. */
  async settle(goal: Goal): Promise<void> {
    const given = new Map([...this.#options.watches.values()].map((watch) => [watch, watch.recordsGiven]));
    for (let rounds = 1; ; rounds++) {
      await this.throwFailure();
      if (goal.isReached()) return;
      if (this.#round()) {
        for (const [watch, before] of given) this.#assertEnds(watch, watch.recordsGiven - before, goal);
        if (rounds % ROUNDS_PER_TURN === 0) await nextTurn();
        continue;
      }
      await nextTurn();
      if (this.#failure !== null || this.all.some(({ task }) => task?.hasWork === true) || goal.isReached()) continue;
      const awaited = this.#awaited(goal.waitsForAnswers ?? true);
      if (awaited.length === 0 && goal.atRest === "done") return;
      if (awaited.length === 0 && goal.atRest !== "wait" && goal.atRest !== "done") throw new Error(goal.atRest.error);
      await this.#event(
        () => `${goal.what} could not be done in ${this.#options.patienceMs} ms. ${this.#advice(awaited)}`,
      );
    }
  }

  async throwFailure(): Promise<void> {
    if (this.#isClosed) throw this.#failure ?? new Error("this driver is closed; start another one");
    if (this.#failure === null) return;
    await this.close();
    throw this.#failure;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.coordinators.close();
    await Promise.all(this.all.filter(({ task }) => task?.isOver !== true).map((task) => task.cancel()));
  }

  /** True when something was done. */
  #round(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    let worked = false;
    for (const { task } of this.all) if (task?.step(nowMs) === true) worked = true;
    for (const { task } of this.all) if (task?.flush() === true) worked = true;
    return worked;
  }

  #receive(message: ToJobManager): void {
    if (message.kind === "taskState") {
      const { vertex, subtask } = message.task;
      this.#states.set(`${vertex}/${subtask}`, message.state.kind);
      if (message.state.kind === "failed") this.#failure ??= fromErrorInfo(message.state.error);
    }
    if (message.kind === "readerStarted" || message.kind === "splitRequest" || message.kind === "watermarkReport")
      this.coordinators.receive(message);
    this.#options.onMessage(message);
    this.#signal();
  }

  /** In words. */
  #awaited(withAnswers: boolean): string[] {
    const blocked = this.all.flatMap(({ task }) => (task?.isBlocked === true ? [task.parts.name] : []));
    const asked = this.all.flatMap(({ task }) =>
      !withAnswers || task === null || task.isBlocked || task.awaits === null
        ? []
        : [`${task.parts.name} waits for ${task.awaits}`],
    );
    const sources = [...this.#options.watches.values()].filter(({ waitsForOutside }) => waitsForOutside);
    return [
      ...blocked.map((name) => `${name} waits for a promise of one of its operators`),
      ...asked,
      ...this.coordinators.waiting.map((uid) => `the enumerator of the source "${uid}" waits for what it has called`),
      ...sources.map(({ uid }) => `the source "${uid}" has not ended and gives nothing`),
    ];
  }

  #advice(awaited: readonly string[]): string {
    const who = awaited.length === 0 ? "Nothing in the job has work" : awaited.join("; ");
    return `${who}: if it waits for time to pass, call advance(); replace a source by { sources: { uid: [] } }`;
  }

  #assertEnds({ uid, isBounded }: SourceWatch, records: number, goal: Goal): void {
    if (isBounded || records <= goal.recordsMax) return;
    throw new Error(
      `${goal.what}: the unbounded source "${uid}" has given ${records} records and does not come to rest: ` +
        `replace it by { sources: { ${JSON.stringify(uid)}: [] } } and push records, or run({ until }); recordsMax is ${goal.recordsMax}`,
    );
  }

  async #reach(isReached: () => boolean, what: string): Promise<void> {
    while (!isReached()) await this.#event(() => `${what}: that took more than ${this.#options.patienceMs} ms`);
  }

  /** Resolves with the next message or wake-up. */
  #event(late: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = systemClock.after(this.#options.patienceMs, () => reject(new Error(late())));
      this.#signal = () => {
        timer.cancel();
        this.#signal = () => undefined;
        resolve();
      };
    });
  }
}

/** The channels of all tasks: each is a queue, as between tasks of one slot, of records as they come out of another process. */
class ThreadExchange implements TaskExchange {
  readonly #channels = new Map<ChannelKey, LocalChannel<unknown>>();
  readonly #wake: () => void;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  openSender<T>(key: ChannelKey, _to: unknown, type: ValueType<T>): ChannelSender<T> {
    return new EncodingSender(this.#channel(key) as unknown as LocalChannel<T>, type);
  }

  openReceiver<T>(key: ChannelKey): Promise<ChannelReceiver<T>> {
    return Promise.resolve(this.#channel(key) as unknown as ChannelReceiver<T>);
  }

  forget(key: ChannelKey): void {
    this.#channels.delete(key);
  }

  #channel(key: ChannelKey): LocalChannel<unknown> {
    const channel = this.#channels.get(key) ?? new LocalChannel<unknown>(this.#wake);
    this.#channels.set(key, channel);
    return channel;
  }
}

class EncodingSender<T> implements ChannelSender<T> {
  readonly #channel: LocalChannel<T>;
  readonly #type: ValueType<T>;
  readonly bytesSent = 0;

  constructor(channel: LocalChannel<T>, type: ValueType<T>) {
    this.#channel = channel;
    this.#type = type;
  }

  get isWritable(): boolean {
    return this.#channel.isWritable;
  }

  get batchRows(): number {
    return this.#channel.batchRows;
  }

  sendBatch(batch: RowBatch<T>): void {
    this.#channel.sendBatch({ ...batch, rows: decodeValues(this.#type, encodeValues(this.#type, batch.rows)) });
  }

  sendColumns(batch: ColumnBatch): void {
    const writer = new ByteWriter();
    encodeColumns(batch, writer);
    batch.release();
    this.#channel.sendColumns(decodeColumns(this.#type, new ByteReader(writer.copy())));
  }

  sendControl(element: ControlElement): void {
    this.#channel.sendControl(element);
  }

  close(): void {
    this.#channel.close();
  }
}

/** The driver's own stores, before those that anybody may open. */
class KnownStores extends StoreCache {
  readonly #stores: readonly MemoryObjectStore[];

  constructor(stores: readonly MemoryObjectStore[]) {
    super();
    this.#stores = stores;
  }

  override open(uri: string): Promise<ObjectStore> {
    const known = this.#stores.find((store) => store.uri === uri);
    return known === undefined ? super.open(uri) : Promise.resolve(known);
  }
}
