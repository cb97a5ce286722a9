/**
 * Owns: the sending end of a data connection: opens channels to one slot of another process and sends within credit.
 *
 * DAC1 A connection that closes, or answers nonsense, fails all its channels with CONNECTION_LOST.
 * DAC3 With an identity both ends are checked before the first byte (security).
 * DAC2 It names whom it is for; whoever else has got the port refuses it, and no record is taken by a stranger.
 */
import net from "node:net";
import { connectToPeer, type PeerSecurity } from "../../security/index.ts";
import { StreamError } from "../../base/index.ts";
import { SEGMENT_BYTES, type SegmentPool } from "./segment-pool.ts";
import { batchRowsOf, framesOf } from "./in-flight.ts";
import type { SendingLink } from "./link.ts";
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
  REFUSE,
  WINDOW_SEGMENTS,
} from "./socket-protocol.ts";

export type LinkEvents = { onWritable(): void; onFailure(error: StreamError): void };

export class SocketSendingLink implements SendingLink {
  readonly #connection: DataConnection;
  readonly channel: number;
  readonly events: LinkEvents;
  #credit = WINDOW_SEGMENTS;
  #inFlightRows = 0;

  constructor(connection: DataConnection, channel: number, events: LinkEvents) {
    this.#connection = connection;
    this.channel = channel;
    this.events = events;
  }

  trySend(frame: Uint8Array): boolean {
    const cost = creditOf(frame.length);
    if (cost > this.#credit) return false;
    const taken = WINDOW_SEGMENTS - this.#credit;
    if (taken > 0 && taken >= framesOf(this.#inFlightRows, WINDOW_SEGMENTS)) return false;
    if (!this.#connection.sendData(this.channel, frame)) return false;
    this.#credit -= cost;
    return true;
  }

  get batchRowsMax(): number {
    return batchRowsOf(this.#inFlightRows, WINDOW_SEGMENTS);
  }

  addCredit(segments: number, inFlightRows: number): void {
    this.#credit += segments;
    this.#inFlightRows = inFlightRows;
    this.events.onWritable();
  }

  close(): void {
    this.#connection.closeChannel(this.channel);
  }
}

export class DataConnection {
  readonly #socket: net.Socket;
  readonly #pool: SegmentPool;
  readonly #peer: string;
  readonly #links = new Map<number, SocketSendingLink>();
  #nextChannel = 1;
  #failure: StreamError | null = null;

  /** `to`: who listens there. */
  constructor(
    { host, dataPort: port }: { readonly host: string; readonly dataPort: number },
    pool: SegmentPool,
    to: DataAddressee,
    security: PeerSecurity | null = null,
  ) {
    this.#pool = pool;
    this.#peer = `${host}:${port}`;
    this.#socket =
      security === null ? net.connect({ host, port, noDelay: true }) : connectToPeer({ host, port }, security);
    const parser = new MessageParser(pool, (type, channel, payload) => {
      try {
        if (type === REFUSE) this.#fail(new Error(payload.bytes.toString("utf8")));
        if (type === CREDIT) {
          this.#links.get(channel)?.addCredit(payload.bytes.readUInt32LE(0), payload.bytes.readUInt32LE(4));
        }
      } finally {
        payload.release();
      }
    });
    this.#socket.on("data", (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch (cause) {
        this.#fail(cause);
      }
    });
    this.#socket.on("error", (cause) => this.#fail(cause));
    this.#socket.on("close", () => {
      parser.close();
      this.#fail(new Error("closed by the peer"));
    });
    this.#write(HELLO, 0, Buffer.from(helloText(to)));
  }

  get isBroken(): boolean {
    return this.#failure !== null;
  }

  openChannel(key: string, events: LinkEvents): SocketSendingLink {
    const link = new SocketSendingLink(this, this.#nextChannel, events);
    this.#nextChannel += 1;
    this.#links.set(link.channel, link);
    this.#write(OPEN, link.channel, Buffer.from(key, "utf8"));
    if (this.#failure !== null) events.onFailure(this.#failure);
    return link;
  }

  /** False when the process has no segment left; credit bounds them, so this is a wait of one write. */
  sendData(channel: number, frame: Uint8Array): boolean {
    if (this.#failure !== null) return true;
    if (frame.length > SEGMENT_BYTES) {
      this.#write(DATA, channel, Buffer.from(frame));
      return true;
    }
    const segment = this.#pool.take();
    if (segment === null) return false;
    segment.set(frame);
    this.#socket.cork();
    this.#socket.write(messageHeader(DATA, channel, frame.length));
    this.#socket.write(segment.subarray(0, frame.length), () => this.#pool.giveBack(segment));
    this.#socket.uncork();
    return true;
  }

  closeChannel(channel: number): void {
    if (this.#links.delete(channel)) this.#write(CLOSE, channel, Buffer.alloc(0));
  }

  close(): void {
    this.#failure ??= new StreamError("CONNECTION_LOST", `the data connection to ${this.#peer} was closed here`);
    this.#links.clear();
    this.#socket.destroy();
  }

  #write(type: number, channel: number, payload: Buffer): void {
    if (this.#failure === null)
      this.#socket.write(Buffer.concat([messageHeader(type, channel, payload.length), payload]));
  }

  #fail(cause: unknown): void {
    if (this.#failure !== null) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new StreamError(
      "CONNECTION_LOST",
      `the data connection to ${this.#peer} broke (${reason}); the tasks at both ends are started again`,
      { cause },
    );
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#socket.destroy();
    for (const link of links) link.events.onFailure(this.#failure);
  }
}
