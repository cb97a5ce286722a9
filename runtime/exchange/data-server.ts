/**
 * Owns: the receiving end of data connections: one listener per slot, channels found by their key.
 *
 * DAS1 Frames of a channel that nobody registered (a cancelled attempt) are dropped and their credit is kept: the sender waits.
 * DAS2 A frame waits in its segment until the task takes it; its credit goes back after that: at most WINDOW_SEGMENTS wait.
 * DAS3 When a connection closes, the channels that came through it fail, unless they had been closed by either side.
 * DAS4 A connection that is not for this slot of this process of this job is refused with the reason before it opens anything.
 * DAS5 Before its hello nothing of a peer is kept; whatever it sends, no segment is lost to it, and nothing but its connection ends.
 */
import net from "node:net";
import { type PeerSecurity, PeerServer } from "../../security/index.ts";
import { StreamError } from "../../base/index.ts";
import type { SegmentPool } from "./segment-pool.ts";
import type { ReceivingLink } from "./link.ts";
import {
  CLOSE,
  CREDIT,
  creditOf,
  DATA,
  type DataAddressee,
  HELLO,
  helloText,
  MessageParser,
  messageHeader,
  OPEN,
  otherVersionIn,
  type Payload,
  PAYLOAD_BYTES_MAX,
  REFUSE,
} from "./socket-protocol.ts";

/** DAS5 */
const HELLO_BYTES_MAX = 4096;

export type ReceiverEvents = { onReadable(): void; onFailure(error: StreamError): void };

/** Of what a stranger says. */
const HELLO_SHOWN_BYTES = 300;

function refuse(socket: net.Socket, reason: string): void {
  const text = Buffer.from(reason, "utf8");
  socket.end(Buffer.concat([messageHeader(REFUSE, 0, text.length), text]));
}

type Opened = { readonly socket: net.Socket; readonly channel: number };

export class SocketReceivingLink implements ReceivingLink {
  readonly key: string;
  readonly events: ReceiverEvents;
  readonly #frames: Payload[] = [];
  #held: Payload | null = null;
  readonly #onClose: () => void;
  #sender: Opened | null = null;
  #inFlightRows = 0;

  constructor(key: string, events: ReceiverEvents, onClose: () => void) {
    this.key = key;
    this.events = events;
    this.#onClose = onClose;
  }

  get socket(): net.Socket | null {
    return this.#sender?.socket ?? null;
  }

  /** It was opened at the other end. */
  attach(sender: Opened): void {
    this.#sender = sender;
    if (this.#inFlightRows > 0) this.#sendCredit(0);
  }

  /** CH4. Told at once: a sender that has just opened the channel has its whole window. */
  allow(rows: number): void {
    this.#inFlightRows = rows;
    this.#sendCredit(0);
  }

  get hasFrame(): boolean {
    return this.#frames.length > 0;
  }

  offer(payload: Payload): void {
    this.#frames.push(payload);
    this.events.onReadable();
  }

  receive(): Uint8Array | null {
    this.#held = this.#frames.shift() ?? null;
    return this.#held?.bytes ?? null;
  }

  release(): void {
    if (this.#held === null) return;
    const credit = creditOf(this.#held.bytes.length);
    this.#held.release();
    this.#held = null;
    this.#sendCredit(credit);
  }

  #sendCredit(credit: number): void {
    if (this.#sender === null || this.#sender.socket.destroyed) return;
    const payload = Buffer.allocUnsafe(8);
    payload.writeUInt32LE(credit, 0);
    payload.writeUInt32LE(this.#inFlightRows, 4);
    this.#sender.socket.write(Buffer.concat([messageHeader(CREDIT, this.#sender.channel, payload.length), payload]));
  }

  close(): void {
    for (const frame of this.#frames.splice(0)) frame.release();
    this.#held?.release();
    this.#held = null;
    this.#onClose();
  }
}

export class DataServer {
  readonly #server: net.Server;
  readonly #pool: SegmentPool;
  readonly #hello: string;
  readonly #registered = new Map<string, SocketReceivingLink>();
  /** Channels that were opened before their receiver registered. */
  readonly #early = new Map<string, Opened>();
  readonly #sockets = new Set<net.Socket>();

  readonly #peers: PeerServer | null;

  private constructor(pool: SegmentPool, self: DataAddressee, security: PeerSecurity | null) {
    this.#pool = pool;
    this.#hello = helloText(self);
    const accept = (socket: net.Socket): void => this.#accept(socket);
    this.#peers = security === null ? null : new PeerServer(security, "data", accept);
    this.#server = this.#peers?.server ?? net.createServer({ noDelay: true }, accept);
  }

  /** `self`: who this is, for those who connect. `security`: who they have to be; null: anybody who says the right hello. */
  static async listen(
    host: string,
    pool: SegmentPool,
    self: DataAddressee,
    security: PeerSecurity | null = null,
  ): Promise<DataServer> {
    const data = new DataServer(pool, self, security);
    await new Promise<void>((resolve, reject) => {
      data.#server.once("error", reject);
      data.#server.listen({ host, port: 0 }, resolve);
    });
    // From now on: a connection that could not be accepted. Its peer sees that; the others go on.
    data.#server.on("error", () => undefined);
    return data;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  register(key: string, events: ReceiverEvents): SocketReceivingLink {
    const link = new SocketReceivingLink(key, events, () => this.#registered.delete(key));
    this.#registered.set(key, link);
    const early = this.#early.get(key);
    if (early !== undefined) link.attach(early);
    this.#early.delete(key);
    return link;
  }

  async close(): Promise<void> {
    this.#peers?.release();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: net.Socket): void {
    this.#sockets.add(socket);
    const channels = new Map<number, string>();
    let greeted = false;
    let isRefused = false;
    const parser = new MessageParser(this.#pool, (type, channel, payload) => {
      if (isRefused) return payload.release();
      if (!greeted && (type !== HELLO || payload.bytes.toString("utf8") !== this.#hello)) {
        const text = type === HELLO ? payload.bytes.toString("utf8", 0, HELLO_SHOWN_BYTES) : "no hello";
        payload.release();
        isRefused = true;
        return refuse(socket, otherVersionIn(text) ?? `it is ${this.#hello}, and was asked for ${text}`);
      }
      if (type === DATA) {
        const receiver = this.#receiverOf(channels.get(channel), socket);
        if (receiver !== null) return receiver.offer(payload);
      } else if (type === OPEN) {
        this.#open(payload.bytes.toString("utf8"), { socket, channel }, channels);
      } else if (type === CLOSE) {
        this.#early.delete(channels.get(channel) ?? "");
        channels.delete(channel);
      }
      greeted = true;
      parser.payloadBytesMax = PAYLOAD_BYTES_MAX;
      payload.release();
    });
    parser.payloadBytesMax = HELLO_BYTES_MAX;
    socket.on("data", (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch (cause) {
        socket.destroy(cause instanceof Error ? cause : new Error(String(cause)));
      }
    });
    // The reason is told by the `close` that follows.
    let reason = "closed by the peer";
    socket.on("error", (error) => {
      reason = error.message;
    });
    socket.on("close", () => {
      this.#sockets.delete(socket);
      parser.close();
      for (const key of channels.values()) this.#lose(key, socket, reason);
    });
  }

  #open(key: string, opened: Opened, channels: Map<number, string>): void {
    channels.set(opened.channel, key);
    const receiver = this.#registered.get(key);
    if (receiver === undefined) this.#early.set(key, opened);
    else receiver.attach(opened);
  }

  #receiverOf(key: string | undefined, socket: net.Socket): SocketReceivingLink | null {
    const receiver = key === undefined ? undefined : this.#registered.get(key);
    return receiver?.socket === socket ? receiver : null;
  }

  #lose(key: string, socket: net.Socket, reason: string): void {
    if (this.#early.get(key)?.socket === socket) this.#early.delete(key);
    const receiver = this.#receiverOf(key, socket);
    receiver?.events.onFailure(
      new StreamError(
        "CONNECTION_LOST",
        `the data connection of channel ${key} broke (${reason}); the tasks at both ends are started again`,
      ),
    );
  }
}
