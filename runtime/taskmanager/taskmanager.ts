/**
 * Owns: a TaskManager process's main thread: its connection to the JobManager, epochs, heartbeats, and its slots.
 * Not here: tasks (slot-host.ts, in the slots' threads).
 *
 * TAS1 It serves one epoch. A message of a lower one is answered `fenced` and not acted on; a higher one makes it drop all tasks
 *     of the lower before anything of the higher is done (MES2).
 * TAS2 When the JobManager is lost (connection closed, or silence), it drops all tasks and tries to register again, without end.
 * TAS3 The main thread runs no user code, so a busy task never delays a heartbeat.
 * TAS5 One that leaves (MES8) does so once: it registers with nobody again.
 * TAS4 It serves one job. A JobManager that has got the port of its own, and is another job's, gets nothing but its registration
 *     (MES7): until the JobManager has named the job, nothing that it says is done.
 */
import { MessageChannel } from "node:worker_threads";
import {
  assert,
  type Clock,
  type JobId,
  type Log,
  StreamError,
  type TaskManagerId,
  type Timer,
} from "../../base/index.ts";
import { type Identity, openIdentity } from "../../security/index.ts";
import { parseOptions } from "../graph/index.ts";
import { connectRpc, type FromJobManager, type RpcConnection, type ToJobManager } from "../rpc/index.ts";
import { isTerminal, taskText } from "./slot-messages.ts";
import { type SlotMemory, SlotThread, type SlotView } from "./slot-thread.ts";

export type TaskManagerOptions = {
  /** The only job that it serves. */
  readonly jobId: JobId;
  readonly taskManagerId: TaskManagerId;
  /** The address that other TaskManagers reach its slots at. */
  readonly host: string;
  readonly jobManagerHost: string;
  readonly jobManagerPort: number;
  /** 1 or more. */
  readonly slots: number;
  /** Of each slot. Absent: Node's own limits. */
  readonly memory?: SlotMemory;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Folder with this process's certificate; null: connections are neither checked nor encrypted. Default null.
   * `options`: the job's, which may say that those between slots are not (`encryptsData`).
   */
  readonly identity?: { readonly folder: string; readonly options: Readonly<Record<string, string>> } | null;
};

/** What it knows of itself, for health and metrics. */
export type TaskManagerView = {
  /** Every slot's thread listens for data. */
  readonly isListening: boolean;
  /** Its JobManager has named their job. */
  readonly isRegistered: boolean;
  /** Since its JobManager was heard last, or since its start. */
  readonly unheardMs: number;
  readonly slots: readonly SlotView[];
};

export type TaskManager = {
  /** Resolves when the JobManager told it to shut down, or it was closed. Errors: as the start, of a slot whose threads die later (STH5). */
  readonly done: Promise<void>;
  /**
   * The process is about to end: tells the JobManager, works on, and closes when the JobManager says that nothing is left here, or is lost.
   * Resolves when it is closed; whoever waits has a limit, and closes in any case.
   */
  leave(): Promise<void>;
  view(): TaskManagerView;
  close(): Promise<void>;
};

const RECONNECT_MS = 250;
/** After the JobManager of another job has answered: ours may come back to this address, but hardly at once. */
const STRANGER_MS = 2000;
/** Until the JobManager has said its own values. */
const FIRST_HEARTBEAT_MS = 500;
const FIRST_TIMEOUT_MS = 2500;

type Connection = RpcConnection<ToJobManager, FromJobManager>;

/** Starts the slots' threads and registers with the JobManager, as soon as there is one. Errors: OPTION_INVALID; TASK_MANAGER_LOST, SLOT_OUT_OF_MEMORY (STH5). */
export async function startTaskManager(options: TaskManagerOptions): Promise<TaskManager> {
  if (!Number.isInteger(options.slots) || options.slots < 1) {
    throw new StreamError("OPTION_INVALID", `a TaskManager needs 1 slot or more, and was given ${options.slots}`, {
      destiny: "terminal",
    });
  }
  const manager = new TaskManagerProcess(options);
  await manager.listening;
  manager.connect();
  return { done: manager.done, leave: () => manager.leave(), view: () => manager.view(), close: () => manager.close() };
}

class TaskManagerProcess {
  readonly #options: TaskManagerOptions;
  readonly #identity: Identity | null;
  readonly #slots: readonly SlotThread[];
  readonly #dataPorts: (number | null)[];
  #connection: Connection | null = null;
  #epoch = 0;
  #lastHeardMs = 0;
  /** As #lastHeardMs, but of our own JobManager, over all connections. */
  #servedMs = 0;
  /** The JobManager at the other end has named our job. */
  #isRegistered = false;
  /** Whose JobManager was found at the address; told once. */
  #strangerOf: JobId | null = null;
  #timeoutMs = FIRST_TIMEOUT_MS;
  #heartbeatMs = FIRST_HEARTBEAT_MS;
  #heartbeat: Timer | null = null;
  #isClosed = false;
  #isLeaving = false;
  /** Tasks of a lost JobManager are being dropped: deployments wait for that. */
  #dropping: Promise<void> = Promise.resolve();
  /** All of its slots, once. */
  #hasListened = false;
  readonly #done = Promise.withResolvers<void>();
  readonly #listening = Promise.withResolvers<void>();

  constructor(options: TaskManagerOptions) {
    this.#options = options;
    const { identity = null } = options;
    this.#identity = identity === null ? null : openIdentity(identity.folder, options);
    const encryptsData = identity !== null && (parseOptions(identity.options).encryptsData ?? true);
    const dataIdentity = encryptsData ? identity.folder : null;
    this.#servedMs = options.clock.monotonicMs();
    this.#dataPorts = new Array<number | null>(options.slots).fill(null);
    const sleeping = new SharedArrayBuffer(4 * options.slots);
    this.#slots = Array.from({ length: options.slots }, (_none, slot) => {
      return new SlotThread({
        start: {
          jobId: options.jobId,
          taskManagerId: options.taskManagerId,
          slot,
          host: options.host,
          sleeping,
          identityFolder: dataIdentity,
        },
        ...(options.memory === undefined ? {} : { memory: options.memory }),
        clock: options.clock,
        log: options.log,
        send: (message) => this.#send(message),
        onListening: (dataPort) => this.#onListening(slot, dataPort),
        onDeath: () => this.#onSlotDeath(slot),
        onHopeless: (error) => this.#onHopeless(error),
      });
    });
    for (let left = 0; left < options.slots; left++) {
      for (let right = left + 1; right < options.slots; right++) this.#introduce(left, right);
    }
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  get listening(): Promise<void> {
    return this.#listening.promise;
  }

  connect(): void {
    const { jobManagerHost: host, jobManagerPort: port, log } = this.#options;
    const security =
      this.#identity === null
        ? null
        : { identity: this.#identity, expected: { jobId: this.#options.jobId, role: "jobmanager" } as const };
    connectRpc<ToJobManager, FromJobManager>({ host, port, security }).then(
      (connection) => this.#onConnected(connection),
      (error: unknown) => {
        log.debug({ err: error, host, port }, "the JobManager does not answer; retrying");
        this.#connectLater();
      },
    );
  }

  view(): TaskManagerView {
    return {
      isListening: this.#dataPorts.every((port) => port !== null),
      isRegistered: this.#connection !== null && this.#isRegistered,
      unheardMs: this.#options.clock.monotonicMs() - this.#servedMs,
      slots: this.#slots.map((slot) => slot.view),
    };
  }

  leave(): Promise<void> {
    this.#isLeaving = true;
    if (this.#connection !== null && this.#isRegistered) this.#connection.send({ kind: "leaving", epoch: this.#epoch });
    else void this.close();
    return this.done;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heartbeat?.cancel();
    this.#identity?.close();
    this.#connection?.close();
    await Promise.all(this.#slots.map((slot) => slot.close()));
    this.#done.resolve();
  }

  #connectLater(delayMs = RECONNECT_MS): void {
    if (this.#isClosed) return;
    this.#options.clock.after(delayMs, () => {
      if (!this.#isClosed) this.connect();
    });
  }

  #onConnected(connection: Connection): void {
    if (this.#isClosed) {
      connection.close();
      return;
    }
    this.#connection = connection;
    this.#isRegistered = false;
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    connection.onMessage = (message) => this.#onMessage(connection, message);
    connection.onClose = () => this.#onLost(connection, "its connection closed");
    // A slot that is still busy with tasks of before could not run what it would get (STH3).
    void this.#dropping.then(() => {
      if (this.#connection === connection) this.#register(connection);
    });
    this.#beat(connection);
  }

  #register(connection: Connection): void {
    const dataPorts = this.#dataPorts.filter((port) => port !== null);
    if (dataPorts.length < this.#slots.length) return;
    const { jobId, taskManagerId, host } = this.#options;
    connection.send({ kind: "register", jobId, taskManagerId, pid: process.pid, host, dataPorts });
  }

  #beat(connection: Connection): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = this.#options.clock.after(this.#heartbeatMs, () => {
      if (this.#connection !== connection) return;
      const silentMs = this.#options.clock.monotonicMs() - this.#lastHeardMs;
      if (silentMs > this.#timeoutMs) {
        this.#onLost(connection, `it was silent for ${Math.round(silentMs)} ms`);
        return;
      }
      connection.send({ kind: "heartbeat", metrics: this.#slots.flatMap((slot) => slot.metrics) });
      for (const slot of this.#slots) slot.reportMetrics();
      this.#beat(connection);
    });
  }

  #onLost(connection: Connection, why: string): void {
    if (this.#connection !== connection || this.#isClosed) return;
    if (this.#isLeaving) return void this.close();
    this.#options.log.warn({ epoch: this.#epoch, reason: why }, "the JobManager is lost; dropping its tasks");
    this.#connection = null;
    this.#heartbeat?.cancel();
    connection.close();
    this.#dropTasks();
    this.#connectLater();
  }

  #dropTasks(): void {
    this.#dropping = Promise.all([this.#dropping, ...this.#slots.map((slot) => slot.dropTasks())]).then(
      () => undefined,
    );
  }

  /** Another job's JobManager has our JobManager's address. */
  #onStranger(connection: Connection, of: JobId | null): void {
    if (this.#connection !== connection || this.#isClosed) return;
    const { log, jobManagerHost: host, jobManagerPort: port } = this.#options;
    if (this.#strangerOf === null || this.#strangerOf !== of) {
      log.warn(
        { host, port, otherJobId: of },
        "the JobManager at this address runs another job; retrying until it is ours",
      );
    }
    this.#strangerOf = of;
    this.#connection = null;
    this.#heartbeat?.cancel();
    connection.close();
    this.#connectLater(STRANGER_MS);
  }

  #onMessage(connection: Connection, message: FromJobManager): void {
    if (message.kind === "refused") return this.#onStranger(connection, message.jobId);
    if (message.kind === "registered" || message.kind === "shutdown") {
      if (message.jobId !== this.#options.jobId) return this.#onStranger(connection, message.jobId);
      this.#isRegistered = true;
      this.#strangerOf = null;
    }
    if (!this.#isRegistered) return this.#onStranger(connection, null);
    if (message.epoch < this.#epoch) {
      connection.send({ kind: "fenced", epoch: this.#epoch });
      return;
    }
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    this.#servedMs = this.#lastHeardMs;
    if (message.epoch > this.#epoch) {
      if (this.#epoch > 0) this.#dropTasks();
      this.#epoch = message.epoch;
    }
    if (message.kind === "registered") {
      this.#heartbeatMs = message.heartbeatIntervalMs;
      this.#timeoutMs = message.heartbeatTimeoutMs;
    } else if (message.kind === "shutdown") {
      void this.close();
    } else if (message.kind !== "heartbeat") {
      // In order: everything waits behind a drop that is under way.
      const { epoch } = message;
      void this.#dropping.then(() => {
        if (this.#connection === connection && this.#epoch === epoch) this.#distribute(message);
      });
    }
  }

  /** Cuts a message down to each slot's own tasks. */
  #distribute(message: Exclude<FromJobManager, { kind: "registered" | "refused" | "heartbeat" | "shutdown" }>): void {
    if (message.kind === "deploy") {
      for (const [index, slot] of this.#slots.entries()) {
        const tasks = message.tasks.filter((task) => task.slot === index);
        if (tasks.length === 0) continue;
        for (const { task } of tasks) this.#slotOfTask.set(taskText(task), index);
        slot.forward({ ...message, tasks });
      }
      return;
    }
    if (message.kind === "prepare") {
      for (const slot of this.#slots) slot.forward(message);
      return;
    }
    for (const [index, slot] of this.#slots.entries()) {
      const tasks = message.tasks.filter((task) => this.#slotOfTask.get(taskText(task)) === index);
      if (tasks.length > 0) slot.forward({ ...message, tasks });
    }
  }

  readonly #slotOfTask = new Map<string, number>();

  #send(message: ToJobManager): void {
    if (message.kind === "taskState") {
      if (message.epoch < this.#epoch) return;
      if (isTerminal(message.state)) this.#slotOfTask.delete(taskText(message.task));
    }
    this.#connection?.send(message);
  }

  #onListening(slot: number, dataPort: number): void {
    this.#dataPorts[slot] = dataPort;
    if (this.#dataPorts.some((port) => port === null)) return;
    this.#hasListened = true;
    this.#listening.resolve();
    // A slot that listens on another port is another slot to everyone: the JobManager has to be told, and registration comes once
    // per connection.
    if (this.#connection !== null)
      this.#onLost(this.#connection, "a slot's thread was started again, so it is left to register anew");
  }

  #onSlotDeath(slot: number): void {
    this.#dataPorts[slot] = null;
    for (let other = 0; other < this.#slots.length; other++) if (other !== slot) this.#introduce(slot, other);
  }

  /** A process that cannot run what it has offered is of no use to its JobManager; a new one may be. */
  #onHopeless(error: StreamError): void {
    if (this.#hasListened) this.#done.reject(error);
    else this.#listening.reject(error);
    void this.close();
  }

  #introduce(left: number, right: number): void {
    const { port1, port2 } = new MessageChannel();
    const [leftSlot, rightSlot] = [this.#slots[left], this.#slots[right]];
    assert(leftSlot !== undefined && rightSlot !== undefined, "only slots that are there are introduced");
    leftSlot.post({ kind: "peer", slot: right, port: port1 });
    rightSlot.post({ kind: "peer", slot: left, port: port2 });
  }
}
