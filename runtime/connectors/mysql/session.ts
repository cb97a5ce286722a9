/**
 * Owns: one connection to a server: its settings, its end, and the kill of another connection.
 * Called by: the writers and the lookup of this room.
 *
 * MSE1 Every session speaks UTC and utf8mb4, is strict (a value that does not fit is an error, never cut), takes backslashes as escapes
 *      (MST1) and reads what is committed, so that no gap between rows is locked.
 * MSE2 A session that is lost stays lost: nothing is sent again behind its caller's back.
 * MSE3 A statement that takes too long, and one whose connection is closed meanwhile, rejects: the client library would leave both unanswered.
 */
import type { Readable } from "node:stream";
import type { Connection as CoreConnection } from "mysql2";
import mysql, { type Connection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { systemClock, type Timer } from "../../../base/index.ts";
import "./client-library.ts";
import type { CheckedServer } from "./options.ts";

const SETTINGS = [
  "set names utf8mb4",
  "set time_zone = '+00:00'",
  "set sql_mode = concat_ws(',', nullif(replace(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), ''), 'STRICT_TRANS_TABLES')",
  "set session transaction isolation level read committed",
  "set innodb_lock_wait_timeout = 10",
] as const;

export type Row = Readonly<Record<string, unknown>>;

function connectionOptions(server: CheckedServer): mysql.ConnectionOptions {
  const { host, port, user, password, database, tls, connectTimeoutMs } = server;
  return {
    host,
    port,
    user,
    password,
    database,
    connectTimeout: connectTimeoutMs,
    charset: "utf8mb4",
    timezone: "Z",
    supportBigNumbers: true,
    // No code from strings.
    disableEval: true,
    ...(tls === false ? {} : { ssl: { ...(tls === true ? {} : { ca: tls.ca }), verifyIdentity: true } }),
  };
}

/** One connection. Errors are the client's own (mysql-error.ts says what they mean). */
export class Session {
  /** Of the server's thread. */
  readonly connectionId: number;
  readonly #connection: Connection;
  readonly #statementTimeoutMs: number;
  #lost: Error | null = null;
  /** Rejects the statement that is running. */
  #endQuery: ((reason: Error) => void) | null = null;

  private constructor(connection: Connection, statementTimeoutMs: number) {
    this.#connection = connection;
    this.#statementTimeoutMs = statementTimeoutMs;
    this.connectionId = connection.threadId;
    connection.on("error", (error: Error) => this.#lose(error));
  }

  static async open(server: CheckedServer): Promise<Session> {
    const session = new Session(await mysql.createConnection(connectionOptions(server)), server.statementTimeoutMs);
    try {
      for (const setting of SETTINGS) await session.run(setting);
    } catch (error) {
      session.destroy();
      throw error;
    }
    return session;
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  async rows(sql: string): Promise<readonly Row[]> {
    return (await this.#query(sql)) as RowDataPacket[];
  }

  /**
   * The rows of a query as they come, at most `waiting` of them ahead of who reads them: the server waits. Nothing else may run meanwhile. An error ends it, and is told by the stream.
   */
  stream(sql: string, waiting: number): Readable {
    if (this.#lost !== null) throw lostConnection(this.#lost.message);
    // What the promises stand on.
    const { connection } = this.#connection as unknown as { readonly connection: CoreConnection };
    const rows = connection.query(sql).stream({ highWaterMark: waiting });
    this.#endQuery = (reason) => rows.destroy(reason);
    rows.once("close", () => (this.#endQuery = null));
    return rows;
  }

  /** Runs a statement; how many rows it has changed. */
  async run(sql: string): Promise<number> {
    return ((await this.#query(sql)) as ResultSetHeader).affectedRows ?? 0;
  }

  /** At once: what is open on it is rolled back by the server. */
  destroy(): void {
    this.#lose(lostConnection("the connection was closed"));
  }

  /** MSE3 */
  async #query(sql: string): Promise<unknown> {
    if (this.#lost !== null) throw lostConnection(this.#lost.message);
    let timer: Timer | undefined;
    const ended = new Promise<never>((_, reject) => {
      this.#endQuery = reject;
      timer = systemClock.after(this.#statementTimeoutMs, () => {
        this.#lose(lostConnection(`a statement took longer than statementTimeout (${this.#statementTimeoutMs} ms)`));
      });
    });
    try {
      const [answer] = await Promise.race([this.#connection.query(sql), ended]);
      return answer;
    } catch (error) {
      const { fatal } = error as { readonly fatal?: unknown };
      if (fatal === true) this.#lose(error as Error);
      throw error;
    } finally {
      timer?.cancel();
      this.#endQuery = null;
    }
  }

  #lose(error: Error): void {
    if (this.#lost === null) this.#connection.destroy();
    this.#lost ??= error;
    this.#endQuery?.(error);
  }
}

function lostConnection(reason: string): Error {
  return Object.assign(new Error(reason), { code: "PROTOCOL_CONNECTION_LOST" });
}
