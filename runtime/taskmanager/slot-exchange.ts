/**
 * Owns: the channels of a slot's tasks: within the thread, to other threads of the TaskManager, to other processes.
 * Not here: the channels themselves (room exchange).
 *
 * SLE1 The sender makes a ring and offers it through the port between the two threads; a receiver is attached once it came.
 * SLE2 One data connection per remote slot carries all channels to it; a broken one is replaced when the next channel is opened.
 * SLE3 A data port may have passed to another process, job or slot: a connection names whom it wants, and is refused by others.
 */
import type { MessagePort } from "node:worker_threads";
import { assert, type StreamError } from "../../base/index.ts";
import {
  type ChannelKey,
  type ChannelReceiver,
  type ChannelSender,
  createRing,
  DataConnection,
  DataServer,
  LinkReceiver,
  LinkSender,
  LocalChannel,
  RingReceiver,
  RingSender,
  SegmentPool,
} from "../exchange/index.ts";
import type { PeerSecurity } from "../../security/index.ts";
import type { ValueType } from "../record/index.ts";
import type { SlotLocation } from "../rpc/index.ts";
import type { PeerMessage, SegmentFigures } from "./slot-messages.ts";

/** Upper bound of network segments of a slot (credit keeps it far below): 512 MiB. */
const SEGMENTS_MAX = 16_384;

export type ChannelEvents = {
  /** Something came, or there is room again. */
  wake(): void;
  onFailure(error: StreamError): void;
};

type RingWaiter = (ring: SharedArrayBuffer) => void;

export class SlotExchange {
  readonly #slot: number;
  readonly #jobId: string;
  readonly #taskManagerId: string;
  readonly #sleeping: Int32Array;
  readonly #wake: () => void;
  readonly #pool: SegmentPool;
  readonly #server: DataServer;
  readonly #security: PeerSecurity | null;
  readonly #peers = new Map<number, MessagePort>();
  readonly #locals = new Map<ChannelKey, LocalChannel<unknown>>();
  readonly #ringSenders = new Map<ChannelKey, { readonly ring: RingSender; readonly sender: LinkSender<unknown> }>();
  readonly #offeredRings = new Map<ChannelKey, SharedArrayBuffer>();
  readonly #ringWaiters = new Map<ChannelKey, RingWaiter>();
  readonly #connections = new Map<string, DataConnection>();

  private constructor(options: {
    readonly slot: number;
    readonly jobId: string;
    readonly taskManagerId: string;
    readonly sleeping: Int32Array;
    readonly wake: () => void;
    readonly pool: SegmentPool;
    readonly server: DataServer;
    readonly security: PeerSecurity | null;
  }) {
    this.#slot = options.slot;
    this.#jobId = options.jobId;
    this.#taskManagerId = options.taskManagerId;
    this.#sleeping = options.sleeping;
    this.#wake = options.wake;
    this.#pool = options.pool;
    this.#server = options.server;
    this.#security = options.security;
  }

  static async open(options: {
    readonly slot: number;
    readonly jobId: string;
    readonly taskManagerId: string;
    readonly host: string;
    readonly sleeping: Int32Array;
    readonly wake: () => void;
    /** Its identity is closed with the exchange. Default null. */
    readonly security?: PeerSecurity | null;
  }): Promise<SlotExchange> {
    const pool = new SegmentPool(SEGMENTS_MAX);
    const { host, jobId, taskManagerId, slot, security = null } = options;
    const server = await DataServer.listen(host, pool, { jobId, taskManagerId, slot }, security);
    return new SlotExchange({ ...options, security, pool, server });
  }

  get dataPort(): number {
    return this.#server.port;
  }

  get segments(): SegmentFigures {
    return { lent: this.#pool.lentCount, max: this.#pool.segmentsMax };
  }

  setPeer(slot: number, port: MessagePort): void {
    this.#peers.get(slot)?.close();
    this.#peers.set(slot, port);
    port.on("message", (message: PeerMessage) => {
      if (message.kind === "ring") this.#acceptRing(message.key, message.ring);
      this.#wake();
    });
  }

  /** Goes on with rings that were full; called at the start of every turn. */
  pump(): void {
    for (const { ring, sender } of this.#ringSenders.values()) {
      ring.resume();
      if (!sender.isWritable) sender.drain();
    }
  }

  openSender<T>(key: ChannelKey, to: SlotLocation, type: ValueType<T>, events: ChannelEvents): ChannelSender<T> {
    if (to.taskManagerId !== this.#taskManagerId) return this.#openSocketSender(key, to, type, events);
    if (to.slot === this.#slot) return this.#localChannel(key) as unknown as ChannelSender<T>;
    const ring = createRing();
    const link = new RingSender(ring, this.#bellOf(to.slot));
    const sender = new LinkSender<T>(type, link);
    this.#ringSenders.set(key, { ring: link, sender: sender as unknown as LinkSender<unknown> });
    this.#post(to.slot, { kind: "ring", key, ring });
    return sender;
  }

  /** Resolves when the channel can be read: at once, but for a ring that its sender has yet to offer. */
  async openReceiver<T>(
    key: ChannelKey,
    from: SlotLocation,
    type: ValueType<T>,
    events: ChannelEvents,
  ): Promise<ChannelReceiver<T>> {
    if (from.taskManagerId !== this.#taskManagerId) {
      return new LinkReceiver<T>(
        type,
        this.#server.register(key, { onReadable: () => events.wake(), onFailure: (error) => events.onFailure(error) }),
      );
    }
    if (from.slot === this.#slot) return this.#localChannel(key) as unknown as ChannelReceiver<T>;
    const ring = await this.#offeredRing(key);
    return new LinkReceiver<T>(type, new RingReceiver(ring, this.#bellOf(from.slot)));
  }

  /** Forgets a channel that a task closed. */
  forget(key: ChannelKey): void {
    this.#locals.delete(key);
    this.#ringSenders.delete(key);
    this.#offeredRings.delete(key);
    this.#ringWaiters.delete(key);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    for (const port of this.#peers.values()) port.close();
    this.#security?.identity.close();
    await this.#server.close();
  }

  #localChannel(key: ChannelKey): LocalChannel<unknown> {
    let channel = this.#locals.get(key);
    if (channel === undefined) {
      channel = new LocalChannel<unknown>(this.#wake);
      this.#locals.set(key, channel);
    }
    return channel;
  }

  #openSocketSender<T>(key: ChannelKey, to: SlotLocation, type: ValueType<T>, events: ChannelEvents): ChannelSender<T> {
    const address = `${to.taskManagerId} ${to.host}:${to.dataPort}`;
    let connection = this.#connections.get(address);
    if (connection === undefined || connection.isBroken) {
      const { taskManagerId, slot } = to;
      const addressee = { jobId: this.#jobId, taskManagerId, slot };
      connection = new DataConnection(to, this.#pool, addressee, this.#security);
      this.#connections.set(address, connection);
    }
    const link = connection.openChannel(key, {
      onWritable: () => {
        sender.drain();
        events.wake();
      },
      onFailure: (error) => events.onFailure(error),
    });
    const sender = new LinkSender<T>(type, link);
    return sender;
  }

  #acceptRing(key: ChannelKey, ring: SharedArrayBuffer): void {
    const waiter = this.#ringWaiters.get(key);
    this.#ringWaiters.delete(key);
    if (waiter === undefined) this.#offeredRings.set(key, ring);
    else waiter(ring);
  }

  #offeredRing(key: ChannelKey): Promise<SharedArrayBuffer> {
    const offered = this.#offeredRings.get(key);
    if (offered !== undefined) {
      this.#offeredRings.delete(key);
      return Promise.resolve(offered);
    }
    return new Promise((resolve) => {
      this.#ringWaiters.set(key, resolve);
    });
  }

  #bellOf(slot: number): () => void {
    return () => {
      if (Atomics.load(this.#sleeping, slot) === 1) this.#post(slot, { kind: "bell" });
    };
  }

  #post(slot: number, message: PeerMessage): void {
    const port = this.#peers.get(slot);
    assert(port !== undefined, `slot ${this.#slot} has a port to slot ${slot}`);
    port.postMessage(message);
  }
}
