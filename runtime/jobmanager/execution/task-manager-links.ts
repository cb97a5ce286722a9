/**
 * Owns: the connections of TaskManagers: registration, heartbeats both ways, and noticing loss.
 * Not here: slots (slot-pool.ts), what a loss leads to (job-master.ts, failover.ts).
 *
 * TL1 A connection speaks for the TaskManager that it registered as its first message; anything else as the first closes it.
 * TL2 Loss is told once: when the connection closes, or after `heartbeatTimeoutMs` of silence, or when cut off here.
 * TL3 A registration is answered when this process leads (has an epoch); before that it waits.
 * TL4 Silence is judged only by a tick that came in time: a JobManager that was itself stopped first reads what has arrived.
 * TL5 A TaskManager that registers again with the same id is lost first: it may have forgotten its tasks.
 * TL6 A TaskManager of another job, which has got this port from its own JobManager's time, is refused: nothing of it is known
 *     here but that it was there (MES7).
 */
import { type Clock, type JobId, type Log, StreamError, type TaskManagerId, toErrorInfo } from "../../../base/index.ts";
import { checkToJobManager } from "../../rpc/checks.ts";
import type { FromJobManager, RpcConnection, ToJobManager } from "../../rpc/index.ts";
import type { SlotPool, TaskManagerInfo } from "./slot-pool.ts";
import type { Turns } from "../turns.ts";

type Connection = RpcConnection<FromJobManager, object>;
type Link = { readonly connection: Connection; readonly info: TaskManagerInfo };

export type LinksOptions = {
  readonly jobId: JobId;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Log;
  readonly slots: SlotPool;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** It has got its answer, and its slots are in the pool. */
  readonly onAdmitted: (id: TaskManagerId, slots: number) => void;
  readonly onMessage: (from: TaskManagerId, message: ToJobManager) => void;
  /** The slots of `id` are still in the pool; `why` completes "TaskManager x is lost: …". */
  readonly onLost: (id: TaskManagerId, why: string) => void;
};

type Registration = Extract<ToJobManager, { kind: "register" }>;

const UNREGISTERED_MAX = 256;
const REGISTER_WITHIN_MS = 10_000;

export class TaskManagerLinks {
  readonly #options: LinksOptions;
  readonly #links = new Map<TaskManagerId, Link>();
  readonly #unregistered = new Set<Connection>();
  #epoch: number | null = null;
  #lastTickMs: number;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#lastTickMs = options.clock.monotonicMs();
    this.#tickLater();
  }

  /** A new connection; nothing is known of it yet. */
  accept(connection: Connection): void {
    const { turns } = this.#options;
    if (turns.isClosed || this.#unregistered.size >= UNREGISTERED_MAX) return connection.close();
    this.#unregistered.add(connection);
    connection.onMessage = (message) => turns.run(() => this.#receive(connection, message));
    connection.onClose = (reason) =>
      turns.run(() =>
        this.#closed(connection, reason.kind === "lost" ? reason.error.message : "it closed the connection"),
      );
    turns.after(REGISTER_WITHIN_MS, () => {
      if (this.#unregistered.delete(connection)) connection.close();
    });
  }

  /** This process leads: those who wait are answered, and get the slots of the pool (TL3). */
  lead(epoch: number): void {
    this.#epoch = epoch;
    for (const link of this.#links.values()) this.#admit(link);
  }

  /** Does nothing when that TaskManager is gone. */
  send(to: TaskManagerId, message: FromJobManager): void {
    const link = this.#links.get(to);
    if (link === undefined) return;
    try {
      link.connection.send(message);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.cutOff(to, toErrorInfo(error).message);
    }
  }

  /** Closes its connection; the loss is told in a turn of its own. */
  cutOff(id: TaskManagerId, why: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.delete(id);
    link.connection.close();
    this.#options.turns.run(() => this.#options.onLost(id, why));
  }

  /** Closes all; `farewell` is sent before. No loss is told. */
  close(farewell: FromJobManager | null): void {
    for (const { connection } of this.#links.values()) {
      if (farewell !== null) connection.send(farewell);
      connection.close();
    }
    for (const connection of this.#unregistered) connection.close();
    this.#links.clear();
    this.#unregistered.clear();
  }

  #receive(connection: Connection, raw: object): void {
    const { clock, slots, onMessage } = this.#options;
    let message: ToJobManager;
    try {
      message = checkToJobManager(raw);
    } catch (error) {
      this.#refuse(connection, toErrorInfo(error).message);
      return;
    }
    const link = this.#linkOf(connection);
    if (link === undefined) {
      if (!this.#unregistered.has(connection)) return;
      if (message.kind === "register") this.#register(connection, message);
      else this.#refuse(connection, `its first message is "${message.kind}" instead of "register"`);
      return;
    }
    slots.heard(link.info.id, clock.monotonicMs(), clock.nowMs());
    if (message.kind === "register") this.#refuse(connection, "it registered twice on one connection");
    else onMessage(link.info.id, message);
  }

  /** TL6 */
  #refuseStranger(connection: Connection, { jobId, taskManagerId }: Registration): void {
    this.#options.logger.warn(
      { peer: connection.peer, taskManagerId, otherJobId: jobId },
      "a TaskManager of another job connected; refusing it",
    );
    this.#unregistered.delete(connection);
    connection.send({ kind: "refused", epoch: this.#epoch ?? 0, jobId: this.#options.jobId });
    connection.close();
  }

  #register(connection: Connection, message: Registration): void {
    if (message.jobId !== this.#options.jobId) return this.#refuseStranger(connection, message);
    const { taskManagerId: id, host, pid, dataPorts } = message;
    this.#unregistered.delete(connection);
    connection.trust();
    const known = this.#links.get(id);
    if (known !== undefined) {
      this.#links.delete(id);
      known.connection.close();
      this.#options.onLost(id, "it registered again");
    }
    const link: Link = { connection, info: { id, host, pid, dataPorts } };
    this.#links.set(id, link);
    this.#options.logger.info({ taskManagerId: id, host, pid, slots: dataPorts.length }, "a TaskManager registered");
    if (this.#epoch !== null) this.#admit(link);
  }

  #admit(link: Link): void {
    const { clock, slots, jobId, heartbeatIntervalMs, heartbeatTimeoutMs } = this.#options;
    if (this.#epoch === null) return;
    const epoch = this.#epoch;
    slots.add(link.info, clock.monotonicMs(), clock.nowMs());
    this.send(link.info.id, { kind: "registered", epoch, jobId, heartbeatIntervalMs, heartbeatTimeoutMs });
    this.#options.onAdmitted(link.info.id, link.info.dataPorts.length);
  }

  #refuse(connection: Connection, why: string): void {
    const link = this.#linkOf(connection);
    this.#options.logger.warn(
      { peer: connection.peer, taskManagerId: link?.info.id ?? null, reason: why },
      "closing a connection",
    );
    this.#unregistered.delete(connection);
    if (link === undefined) connection.close();
    else this.cutOff(link.info.id, why);
  }

  #closed(connection: Connection, why: string): void {
    this.#unregistered.delete(connection);
    const link = this.#linkOf(connection);
    if (link === undefined) return;
    this.#links.delete(link.info.id);
    this.#options.onLost(link.info.id, why);
  }

  #linkOf(connection: Connection): Link | undefined {
    for (const link of this.#links.values()) if (link.connection === connection) return link;
    return undefined;
  }

  #tickLater(): void {
    this.#options.turns.after(this.#options.heartbeatIntervalMs, () => this.#tick());
  }

  #tick(): void {
    const { clock, slots, heartbeatIntervalMs, heartbeatTimeoutMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const isInTime = nowMs - this.#lastTickMs < 2 * heartbeatIntervalMs;
    this.#lastTickMs = nowMs;
    if (this.#epoch !== null) {
      for (const id of this.#links.keys()) this.send(id, { kind: "heartbeat", epoch: this.#epoch });
      if (isInTime) {
        for (const id of slots.silent(nowMs, heartbeatTimeoutMs))
          this.cutOff(id, `no heartbeat for ${heartbeatTimeoutMs} ms`);
      }
    }
    this.#tickLater();
  }
}
