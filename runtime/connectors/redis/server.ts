/**
 * Owns: one connection to a Redis server: what users say about it, its end, and what its errors mean.
 *
 * RDC1 A connection that is lost stays lost, and whatever it was asked rejects: nothing is kept for later or sent again behind the caller's back.
 *      Who asks the next time connects anew.
 * RDC2 Nothing here names a password.
 */
import { Redis } from "ioredis";
import { type Duration, type ErrorCode, readDuration, StreamError } from "../../../base/index.ts";
import { checkNumber, checkPort, optionInvalid } from "../kit/index.ts";

/** Where a server is. Or a URL: `redis://user:password@host:6379/0`, `rediss://…` with TLS. */
export type RedisServer = {
  readonly host: string;
  /** Default 6379. */
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** Number of the database; default 0. */
  readonly database?: number;
  /** True: encrypted, and the server's certificate is checked against the known authorities, or against `ca` (PEM). Default false. */
  readonly tls?: boolean | { readonly ca: string };
  /** Default 10 s. */
  readonly connectTimeout?: Duration;
  /** A command that takes longer counts as a lost connection. Default 30 s. */
  readonly commandTimeout?: Duration;
};

export type CheckedRedis = {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly tls: boolean | { readonly ca: string };
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
};

const PORT = 6379;

/** Errors: OPTION_INVALID. */
export function checkRedis(name: string, given: RedisServer | string): CheckedRedis {
  const server = typeof given === "string" ? serverOfUrl(name, given) : given;
  if (typeof server?.host !== "string" || server.host === "") throw optionInvalid(name, "server has no host");
  const { port = PORT, database = 0, tls = false, connectTimeout = "10s", commandTimeout = "30s" } = server;
  checkPort(name, port);
  checkNumber(name, ["database", database], (value) => Number.isInteger(value) && value >= 0, "a whole number from 0");
  return {
    host: server.host,
    port,
    username: server.username,
    password: server.password,
    database,
    tls,
    connectTimeoutMs: readDuration(connectTimeout, `${name}: connectTimeout`),
    commandTimeoutMs: readDuration(commandTimeout, `${name}: commandTimeout`),
  };
}

function serverOfUrl(name: string, text: string): RedisServer {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol))
    throw optionInvalid(name, "the server's URL must be redis://user:password@host:6379/0, or rediss:// with TLS");
  return {
    host: url.hostname,
    port: url.port === "" ? PORT : Number(url.port),
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    database: url.pathname.length > 1 ? Number(url.pathname.slice(1)) : 0,
    tls: url.protocol === "rediss:",
  };
}

/** The connection of one subtask. `who`: in words, for messages. */
export class RedisConnection {
  readonly #server: CheckedRedis;
  readonly #who: string;
  readonly #code: ErrorCode;
  #client: Redis | null = null;
  #connecting: Promise<Redis> | null = null;
  #closed = false;

  constructor(server: CheckedRedis, who: string, code: ErrorCode) {
    this.#server = server;
    this.#who = who;
    this.#code = code;
  }

  /** The client, connected: the one there is, or a new one (RDC1). Errors: the connection's code. */
  client(): Redis | Promise<Redis> {
    const client = this.#client;
    if (client !== null && client.status === "ready") return client;
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = null));
    return this.#connecting;
  }

  /** What a failure becomes. `doing`: what could not be done. */
  error(doing: string, cause: unknown): StreamError {
    if (cause instanceof StreamError) return cause;
    const { host, port } = this.#server;
    const text = cause instanceof Error ? cause.message : String(cause);
    const { advice, isLasting } = meaningOf(text);
    return new StreamError(this.#code, `${this.#who}: could not ${doing} at ${host}:${port}: ${text}; ${advice}`, {
      destiny: isLasting ? "terminal" : "retry",
      cause,
    });
  }

  close(): void {
    this.#closed = true;
    this.#client?.disconnect();
    this.#client = null;
  }

  async #connect(): Promise<Redis> {
    const { host, port, username, password, database, tls, connectTimeoutMs, commandTimeoutMs } = this.#server;
    this.#client?.disconnect();
    const client = new Redis({
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      db: database,
      ...(tls === false ? {} : { tls: tls === true ? {} : { ca: tls.ca } }),
      connectTimeout: connectTimeoutMs,
      commandTimeout: commandTimeoutMs,
      lazyConnect: true,
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    let reason: unknown;
    client.on("error", (error: unknown) => (reason ??= error));
    this.#client = client;
    try {
      await client.connect();
      await client.ping();
    } catch (error) {
      client.disconnect();
      // The client says only that the connection is closed; why, it has said as an event.
      throw this.error("connect", reason ?? error);
    }
    if (this.#closed) client.disconnect();
    return client;
  }
}

/** What to do about an error, by the word with which the server begins it. */
function meaningOf(text: string): { readonly advice: string; readonly isLasting: boolean } {
  if (/^(?:NOAUTH|WRONGPASS|NOPERM|ERR invalid password|ERR Client sent AUTH)/.test(text))
    return { advice: "check the user's name, password and rights", isLasting: true };
  if (text.startsWith("WRONGTYPE"))
    return { advice: "the key holds another type of value; choose another key, or delete it", isLasting: true };
  if (text.startsWith("OOM")) return { advice: "the server's memory is full; raise maxmemory", isLasting: false };
  if (text.includes("max number of clients"))
    return { advice: "the server has no room for another client; raise maxclients", isLasting: false };
  if (/^(?:ERR|EXECABORT|NOSCRIPT|CROSSSLOT|MOVED|ASK)\b/.test(text))
    return { advice: "check the database's number and what the server supports", isLasting: true };
  return {
    advice: "check that the server runs and can be reached from here; the restart tries again",
    isLasting: false,
  };
}
