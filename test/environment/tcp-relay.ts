/**
 * Owns: a way of plain TCP before a server that a test cuts, silences and closes, as networks do. What goes through it may be TLS.
 *
 * ETR1 A silenced connection stays open and brings nothing any more; new ones are whole.
 * ETR2 One that is forsaken is broken for who made it alone: the server holds its half, and hears nothing any more, as of a node that is gone.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class TcpRelay {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  /** The client's half of each connection, with the server's. */
  readonly #halves = new Map<Socket, Socket>();
  #isClosed = false;
  #connections = 0;

  /** Use start. */
  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((socket) => this.#relay(socket));
  }

  static async start(target: string): Promise<TcpRelay> {
    const relay = new TcpRelay(target);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  /** How many connections have come. */
  get connections(): number {
    return this.#connections;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing comes through the present connections any more, in no direction, and nobody is told. */
  silence(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** ETR2 */
  forsake(): void {
    for (const [socket, onward] of this.#halves) {
      this.#halves.delete(socket);
      onward.unpipe();
      onward.pause();
      socket.unpipe();
      socket.destroy();
    }
  }

  /** Breaks all connections, and every new one at once. */
  close(): void {
    this.#isClosed = true;
    this.cut();
  }

  open(): void {
    this.#isClosed = false;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #relay(socket: Socket): void {
    this.#connections += 1;
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    const onward = connect(Number(this.#target.port), this.#target.hostname);
    const both = [socket, onward];
    this.#halves.set(socket, onward);
    for (const each of both) {
      this.#sockets.add(each);
      // Who breaks it sees it; here it only ends both halves.
      each.on("error", () => {});
      each.on("close", () => {
        this.#sockets.delete(each);
        // One that was forsaken leaves the other half as it is.
        if (each === socket && !this.#halves.has(socket)) return;
        this.#halves.delete(socket);
        for (const other of both) other.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  }
}
