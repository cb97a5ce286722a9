/**
 * Owns: RPC connections over TCP: frames in, frames out, and knowing when a connection is over.
 * Not here: the bytes of a frame (frame.ts), what is said (messages.ts), heartbeats (jobmanager, taskmanager).
 * Called by jobmanager (listens) and taskmanager (connects).
 *
 * CON1 Messages arrive in the order in which they were sent, none twice; those not yet delivered when a connection closes are lost.
 * CON2 Nothing is delivered before `onMessage` is set, so none is missed between connecting and setting it.
 * CON3 `onClose` is called exactly once, never from inside `send` or `close`, and no message is delivered after it or after `close`.
 * CON4 Bytes that are no frame close that connection, and nothing else.
 * CON6 With an identity both ends are checked (security), and a peer that is not who is expected is never a connection.
 * CON5 What a peer does not read is kept up to MAX_UNSENT_BYTES; then the connection is closed: the peer is as good as dead.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { connectToPeer, type PeerSecurity, PeerServer } from "../../security/index.ts";
import { StreamError } from "../../base/index.ts";
import { encodeFrame, FrameReader } from "./frame.ts";

const MAX_UNSENT_BYTES = 256 * 1024 * 1024;
/** How long `close` lets bytes on their way go out before it cuts the connection. */
const CLOSE_GRACE_MS = 1000;
const CONNECT_TIMEOUT_MS = 5000;

/** Why a connection is over. `lost`: PROTOCOL_VIOLATION when the peer sent garbage, else CONNECTION_LOST. */
export type CloseReason =
  | { readonly kind: "closedHere" }
  | { readonly kind: "closedByPeer" }
  | { readonly kind: "lost"; readonly error: StreamError };

/** One connection. `Out` are the messages it sends, `In` those it gets (of their shape only `kind` is checked here). */
export interface RpcConnection<Out extends object = object, In extends object = object> {
  /** `host:port` of the other side, for logs. */
  readonly peer: string;
  readonly isClosed: boolean;
  /** Sends; after the connection closed it does nothing. Throws StreamError PROTOCOL_VIOLATION for a message over 64 MiB. */
  send(message: Out): void;
  /** Set it to get messages (CON2). What it throws is the program's mistake and is not caught. */
  onMessage: (message: In) => void;
  /** Set it in the same turn in which the connection was got. */
  onClose: (reason: CloseReason) => void;
  /** Lets what was sent go out (at most 1 s) and closes. Closing twice does nothing. */
  close(): void;
}

export interface RpcServer {
  readonly port: number;
  /** Stops listening and closes all connections; resolves when all are gone. */
  close(): Promise<void>;
}

/** Listens. `port` 0 takes a free one. Errors: StreamError PORT_IN_USE (terminal), CONNECTION_LOST (cannot listen on `host`). */
export function listenRpc<Out extends object, In extends object>(options: {
  readonly host: string;
  readonly port: number;
  readonly onConnection: (connection: RpcConnection<Out, In>) => void;
  /** Default null: whoever connects is taken (CON6). */
  readonly security?: PeerSecurity | null;
}): Promise<RpcServer> {
  const { host, port, security = null } = options;
  const open = new Set<SocketConnection<Out, In>>();
  const onSocket = (socket: Socket): void => {
    const connection = new SocketConnection<Out, In>(socket, () => open.delete(connection));
    open.add(connection);
    options.onConnection(connection);
  };
  const peers = security === null ? null : new PeerServer(security, "RPC", onSocket);
  const server: Server = peers?.server ?? createServer({ noDelay: true, keepAlive: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen({ host, port }, () => {
      // From now on: a connection that could not be accepted. Its peer sees that; the others go on.
      server.on("error", () => undefined);
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () =>
          new Promise<void>((closed) => {
            peers?.release();
            server.close(() => closed());
            for (const connection of open) connection.close();
          }),
      });
    });
  });
}

/** Connects, within 5 s. Errors: StreamError CONNECTION_LOST (retry). */
export function connectRpc<Out extends object, In extends object>(options: {
  readonly host: string;
  readonly port: number;
  /** Default null: whoever listens there is taken (CON6). */
  readonly security?: Pick<PeerSecurity, "identity" | "expected"> | null;
}): Promise<RpcConnection<Out, In>> {
  const { host, port, security = null } = options;
  return new Promise((resolve, reject) => {
    const socket =
      security === null
        ? createConnection({ host, port, noDelay: true, keepAlive: true })
        : connectToPeer({ host, port }, security);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(
        new StreamError("CONNECTION_LOST", `cannot connect to ${host}:${port}: ${error.message}`, { cause: error }),
      );
    };
    const onTimeout = (): void => fail(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`));
    socket.setTimeout(CONNECT_TIMEOUT_MS, onTimeout);
    socket.once("error", fail);
    socket.once(security === null ? "connect" : "secureConnect", () => {
      socket.setTimeout(0);
      socket.removeListener("timeout", onTimeout);
      socket.removeListener("error", fail);
      resolve(new SocketConnection<Out, In>(socket, () => {}));
    });
  });
}

class SocketConnection<Out extends object, In extends object> implements RpcConnection<Out, In> {
  readonly peer: string;
  onClose: (reason: CloseReason) => void = () => {};
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #onMessage: ((message: In) => void) | null = null;
  #reason: CloseReason | null = null;
  #isOver = false;

  constructor(socket: Socket, onGone: () => void) {
    this.#socket = socket;
    this.peer = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`;
    // Paused by having no data listener until onMessage is set (CON2).
    socket.on("end", () => this.#note({ kind: "closedByPeer" }));
    socket.on("error", (error) => this.#note({ kind: "lost", error: this.#lost(error.message, error) }));
    socket.on("close", () => {
      this.#note({ kind: "closedByPeer" });
      onGone();
      if (this.#isOver) return;
      this.#isOver = true;
      this.onClose(this.#reason ?? { kind: "closedByPeer" });
    });
  }

  get isClosed(): boolean {
    return this.#reason !== null;
  }

  get onMessage(): (message: In) => void {
    return this.#onMessage ?? (() => {});
  }

  set onMessage(handler: (message: In) => void) {
    const isFirst = this.#onMessage === null;
    this.#onMessage = handler;
    if (isFirst) this.#socket.on("data", (piece: Buffer) => this.#receive(piece));
  }

  send(message: Out): void {
    if (this.#reason !== null) return;
    this.#socket.write(encodeFrame(message));
    if (this.#socket.writableLength <= MAX_UNSENT_BYTES) return;
    this.#cut({ kind: "lost", error: this.#lost(`it has not read ${this.#socket.writableLength} bytes`) });
  }

  close(): void {
    if (this.#reason !== null) return;
    this.#note({ kind: "closedHere" });
    // A peer that is stopped never answers the end of the stream, and one never read from never delivers it.
    this.#socket.setTimeout(CLOSE_GRACE_MS, () => this.#socket.destroy());
    this.#socket.end();
    this.#socket.resume();
  }

  #receive(piece: Buffer): void {
    if (this.#reason !== null) return;
    let messages: object[];
    try {
      messages = this.#reader.push(piece);
    } catch (error) {
      const failure = error instanceof StreamError ? error : this.#lost(String(error), error);
      this.#cut({ kind: "lost", error: failure });
      return;
    }
    for (const message of messages) {
      if (this.#reason !== null) return;
      this.#onMessage?.(message as In);
    }
  }

  #cut(reason: CloseReason): void {
    this.#note(reason);
    this.#socket.destroy();
  }

  #note(reason: CloseReason): void {
    this.#reason ??= reason;
  }

  #lost(why: string, cause?: unknown): StreamError {
    return new StreamError("CONNECTION_LOST", `the connection to ${this.peer} broke: ${why}`, { cause });
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): StreamError {
  if (error.code === "EADDRINUSE") {
    return new StreamError(
      "PORT_IN_USE",
      `port ${port} on ${host} is taken by another process: stop that process or choose another port`,
      { destiny: "terminal", cause: error },
    );
  }
  return new StreamError("CONNECTION_LOST", `cannot listen on ${host}:${port}: ${error.message}`, {
    destiny: "terminal",
    cause: error,
  });
}
