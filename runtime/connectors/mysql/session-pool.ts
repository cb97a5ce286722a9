/**
 * Owns: the connections of a lookup: at most so many, each with one statement at a time (MLK1, MLK2).
 */
import type { CheckedServer } from "./options.ts";
import { type Row, Session } from "./session.ts";

type Waiting = { readonly start: () => void };

export class SessionPool {
  readonly #server: CheckedServer;
  readonly #limit: number;
  readonly #free: Session[] = [];
  readonly #sessions = new Set<Session>();
  readonly #waiting = new Set<Waiting>();
  /** Places that are taken: running statements, and connections that are being opened for one. */
  #taken = 0;
  #closed = false;

  constructor(server: CheckedServer, limit: number) {
    this.#server = server;
    this.#limit = limit;
  }

  /** The rows of a query. Errors: the client's, and the signal's reason. */
  async rows(sql: string, signal?: AbortSignal): Promise<readonly Row[]> {
    await this.#turn(signal);
    try {
      const session = await this.#session();
      const end = (): void => session.destroy();
      signal?.addEventListener("abort", end);
      try {
        signal?.throwIfAborted();
        return await session.rows(sql);
      } finally {
        signal?.removeEventListener("abort", end);
        if (session.isLost) this.#sessions.delete(session);
        else this.#free.push(session);
      }
    } finally {
      this.#taken--;
      this.#next();
    }
  }

  close(): void {
    this.#closed = true;
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
  }

  /** Resolves when a place is this call's; rejects when its signal comes first. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#taken < this.#limit) {
      this.#taken++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(waiting);
        reject(signal?.reason as Error);
      };
      const waiting: Waiting = {
        start: () => {
          signal?.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      this.#waiting.add(waiting);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  #next(): void {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting);
      this.#taken++;
      waiting.start();
      return;
    }
  }

  async #session(): Promise<Session> {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) {
      if (!free.isLost) return free;
      this.#sessions.delete(free);
    }
    const session = await Session.open(this.#server);
    if (this.#closed) session.destroy();
    else this.#sessions.add(session);
    return session;
  }
}
