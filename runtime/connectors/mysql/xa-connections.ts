/**
 * Owns: the connections of a subtask's XA branches: one for each that is open or prepared, and their locks.
 *
 * XAC1 Each connection holds a named lock of its subtask. A new attempt ends whatever connection holds one, before its first statement: what a
 *     zombie has open is rolled back by the server, with its locks on rows.
 * XAC2 A connection has one branch at a time: a prepared one keeps it until it is committed.
 * XAC3 A job from whose savepoint this one was restored, and which was not fenced, is refused instead while it has a connection (MXI3).
 */
import { StreamError } from "../../../base/index.ts";
import { literal } from "./sql-text.ts";
import type { SinkSession } from "./sink-session.ts";
import { Session } from "./session.ts";
import { killConnection } from "./xa-branches.ts";
import type { BranchNames } from "./xid.ts";

const LOCK_SECONDS = 30;
const SLOTS_MAX = 64;

export class XaConnections<T> {
  readonly #to: SinkSession<T>;
  readonly #names: BranchNames;
  /** By slot. */
  readonly #sessions: (Session | undefined)[] = [];
  readonly #busy = new Set<Session>();

  constructor(to: SinkSession<T>, names: BranchNames) {
    this.#to = to;
    this.#names = names;
  }

  /** XAC1 */
  async endZombies(): Promise<void> {
    const session = await this.#to.session();
    await this.#refuseLiving(session);
    const holders = this.#names.locks(SLOTS_MAX).map((name, at) => `is_used_lock(${literal(name)}) as h${at}`);
    const [row] = await session.rows(`select ${holders.join(", ")}`);
    for (const holder of Object.values(row ?? {})) if (holder !== null) await killConnection(session, Number(holder));
  }

  /** XAC3. Errors: TRANSACTIONS_IN_USE (terminal). */
  async #refuseLiving(session: Session): Promise<void> {
    const others = this.#names.locksOfOthers(SLOTS_MAX);
    if (others.length === 0) return;
    const holders = others.map(([, lock], at) => `is_used_lock(${literal(lock)}) as h${at}`);
    const [row] = await session.rows(`select ${holders.join(", ")}`);
    for (const [at, [job]] of others.entries()) {
      const holder = row?.[`h${at}`] ?? null;
      if (holder !== null) throw this.inUse(job, Number(holder));
    }
  }

  /** XAC3 */
  inUse(job: string, connectionId: number): StreamError {
    return new StreamError(
      "TRANSACTIONS_IN_USE",
      `${this.#to.who}: job ${job}, from whose state this job was restored, still has transactions on this server (connection ${connectionId}): it seems to run. Stop it first; if it is gone, end that connection. To run both, give the sink another uid, or restore without its state`,
      { destiny: "terminal" },
    );
  }

  /** One that has no branch. Errors: SINK_FAILED when all have one. */
  async take(): Promise<Session> {
    const free = this.#sessions.find((session) => session !== undefined && !session.isLost && !this.#busy.has(session));
    const session = free ?? (await this.#open());
    this.#busy.add(session);
    return session;
  }

  /** Its branch is committed. */
  giveBack(session: Session): void {
    this.#busy.delete(session);
  }

  /** Ends it: an open branch is rolled back, a prepared one stays. */
  end(session: Session): void {
    session.destroy();
    this.#busy.delete(session);
  }

  close(): void {
    for (const session of this.#sessions) session?.destroy();
  }

  async #open(): Promise<Session> {
    const { connectionsMax, server } = this.#to.sink;
    let slot = 0;
    while (this.#sessions[slot]?.isLost === false) slot++;
    if (slot >= connectionsMax)
      throw new StreamError(
        "SINK_FAILED",
        `${this.#to.who}: all ${connectionsMax} connections (connectionsMax) hold transactions that wait for their checkpoint; find out why checkpoints do not complete, or raise connectionsMax`,
      );
    const session = await Session.open(server);
    this.#sessions[slot] = session;
    const [row] = await session.rows(`select get_lock(${literal(this.#names.lock(slot))}, ${LOCK_SECONDS}) as locked`);
    if (Number(row?.["locked"]) === 1) return session;
    this.end(session);
    throw new StreamError(
      "SINK_FAILED",
      `${this.#to.who}: another attempt of this subtask still has a connection to the server; the restart ends it`,
    );
  }
}
