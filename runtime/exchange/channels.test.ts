import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { nextTurn, type StreamError } from "../../base/index.ts";
import { SEGMENT_BYTES, SegmentPool } from "./segment-pool.ts";
import { type Barrier, NO_TIMESTAMP, type StreamElement, t } from "../record/index.ts";
import type { ChannelReceiver, ChannelSender } from "./channel.ts";
import { DataConnection } from "./data-connection.ts";
import { DataServer } from "./data-server.ts";
import { LinkReceiver, LinkSender } from "./link.ts";
import { LocalChannel } from "./local-channel.ts";
import { HashWriter } from "./record-writer.ts";
import { createRing, RingReceiver, RingSender } from "./ring.ts";

type Pair = {
  sender: ChannelSender<string>;
  receiver: ChannelReceiver<string>;
  pump(): Promise<void>;
  close(): Promise<void>;
};

async function local(): Promise<Pair> {
  const channel = new LocalChannel<string>(() => undefined);
  return { sender: channel, receiver: channel, pump: nextTurn, close: () => Promise.resolve() };
}

async function ring(): Promise<Pair> {
  const memory = createRing();
  const link = new RingSender(memory, () => undefined);
  const sender = new LinkSender(t.string, link);
  const receiver = new LinkReceiver(t.string, new RingReceiver(memory, () => undefined));
  const pump = async (): Promise<void> => {
    link.resume();
    if (!sender.isWritable) sender.drain();
  };
  return { sender, receiver, pump, close: () => Promise.resolve() };
}

const SELF = { jobId: "a".repeat(32), taskManagerId: "tm", slot: 0 };

async function socket(): Promise<Pair> {
  const pool = new SegmentPool(1000);
  const server = await DataServer.listen("127.0.0.1", pool, SELF);
  const failures: StreamError[] = [];
  const link = server.register("k", { onReadable: () => undefined, onFailure: (error) => failures.push(error) });
  const connection = new DataConnection({ host: "127.0.0.1", dataPort: server.port }, pool, SELF);
  const sending = connection.openChannel("k", {
    onWritable: () => sender.drain(),
    onFailure: (error) => failures.push(error),
  });
  const sender: LinkSender<string> = new LinkSender(t.string, sending);
  const close = async (): Promise<void> => {
    sender.close();
    connection.close();
    await server.close();
    assert.deepEqual(failures, []);
  };
  return { sender, receiver: new LinkReceiver(t.string, link), pump: nextTurn, close };
}

const barrier: Barrier = {
  kind: "barrier",
  checkpointId: 1,
  checkpointKind: "checkpoint",
  aligned: true,
  target: null,
  triggeredMs: 5,
};

for (const [name, open] of Object.entries({ local, ring, socket })) {
  test(`everything comes through a ${name} channel in order, huge records too (CH1, CH3)`, async () => {
    const { sender, receiver, pump, close } = await open();
    const huge = "x".repeat(5 * SEGMENT_BYTES);
    const sent: StreamElement<string>[] = [];
    for (let index = 0; index < 200; index++) {
      const rows = index === 50 || index === 51 ? [huge] : [`a${index}`, `ü${index}`];
      sent.push({ kind: "batch", batch: { rows, timestamps: null, keyHashes: null } });
      if (index % 10 === 0) sent.push({ kind: "watermark", timestamp: index });
    }
    sent.push(barrier, { kind: "status", idle: true }, { kind: "endOfData" });
    const received: StreamElement<string>[] = [];
    const deadline = Date.now() + 10_000;
    for (const element of sent) {
      if (element.kind === "batch") sender.sendBatch(element.batch);
      else if (element.kind === "columns") sender.sendColumns(element.batch);
      else sender.sendControl(element);
      const got = Math.random() < 0.7 ? receiver.next() : null;
      if (got !== null) received.push(got);
    }
    while (received.length < sent.length && Date.now() < deadline) {
      await pump();
      for (let got = receiver.next(); got !== null; got = receiver.next()) received.push(got);
    }
    assert.deepEqual(received, sent);
    await close();
  });

  test(`a ${name} channel without a reader becomes unwritable, and writable again when it is read (CH2)`, async () => {
    const { sender, receiver, pump, close } = await open();
    let batches = 0;
    while (sender.isWritable) {
      assert.ok(batches < 20, "credit ends");
      sender.sendBatch({ rows: ["y".repeat(SEGMENT_BYTES / 2)], timestamps: null, keyHashes: null });
      batches += 1;
    }
    let read = 0;
    const deadline = Date.now() + 10_000;
    while ((read < batches || !sender.isWritable) && Date.now() < deadline) {
      if (receiver.next() !== null) read += 1;
      await pump();
    }
    assert.equal(read, batches);
    assert.equal(sender.isWritable, true);
    await close();
  });
}

test("a socket channel whose connection breaks fails at both ends", async () => {
  const pool = new SegmentPool(100);
  const server = await DataServer.listen("127.0.0.1", pool, SELF);
  const failed = new Promise<StreamError>((resolve) => {
    server.register("k", { onReadable: () => undefined, onFailure: resolve });
  });
  const connection = new DataConnection({ host: "127.0.0.1", dataPort: server.port }, pool, SELF);
  connection.openChannel("k", { onWritable: () => undefined, onFailure: () => undefined });
  // One round trip, so that the channel is open before it is cut.
  const opened = new DataConnection({ host: "127.0.0.1", dataPort: server.port }, pool, SELF);
  const lost = new Promise<StreamError>((resolve) => {
    opened.openChannel("other", { onWritable: () => undefined, onFailure: resolve });
  });
  await nextTurn();
  setTimeout(() => connection.close(), 20);
  assert.equal((await failed).code, "CONNECTION_LOST");
  await server.close();
  assert.equal((await lost).code, "CONNECTION_LOST");
});

for (const [whom, other] of [
  ["another job", { ...SELF, jobId: "b".repeat(32) }],
  ["another process", { ...SELF, taskManagerId: "tm-2" }],
  ["another slot", { ...SELF, slot: 1 }],
] as const) {
  test(`DAS4 a data connection for ${whom} is refused with the reason, and nothing that it sends is taken`, {
    timeout: 60_000,
  }, async () => {
    const pool = new SegmentPool(100);
    const server = await DataServer.listen("127.0.0.1", pool, SELF);
    const link = server.register("k", { onReadable: () => undefined, onFailure: () => undefined });
    const address = { host: "127.0.0.1", dataPort: server.port };
    const connection = new DataConnection(address, pool, other);
    const failed = new Promise<StreamError>((resolve) => {
      const sending = connection.openChannel("k", { onWritable: () => undefined, onFailure: resolve });
      new LinkSender(t.string, sending).sendBatch({ rows: ["stolen"], timestamps: null, keyHashes: null });
    });
    const { code, message } = await failed;
    assert.equal(code, "CONNECTION_LOST");
    assert.match(
      message,
      new RegExp(`it is .*"taskManagerId":"tm","slot":0.* asked for .*${Object.values(other).join(".*")}`),
    );
    assert.equal(connection.isBroken, true);
    assert.equal(link.hasFrame, false);
    // The one that it is for comes through all the same.
    const right = new DataConnection(address, pool, SELF);
    new LinkSender(
      t.string,
      right.openChannel("k", { onWritable: () => undefined, onFailure: (error) => assert.fail(error) }),
    ).sendBatch({ rows: ["mine"], timestamps: null, keyHashes: null });
    const receiver = new LinkReceiver(t.string, link);
    while (!receiver.hasNext) await nextTurn();
    const element = receiver.next();
    assert.deepEqual(element?.kind === "batch" ? element.batch.rows : null, ["mine"]);
    right.close();
    await server.close();
  });
}

test("a ring carries frames between threads without losing a wake-up", async () => {
  const memory = createRing();
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    const { RingReceiver } = await import(workerData.ringModule);
    const receiver = new RingReceiver(workerData.memory, () => undefined);
    let next = 0;
    while (next < workerData.count) {
      const frame = receiver.receive();
      if (frame === null) continue;
      if (frame.length !== 4 + next % 70000) throw new Error("frame " + next + " has " + frame.length + " bytes");
      if (Buffer.from(frame).readInt32LE(0) !== next) throw new Error("frame " + next + " out of order");
      receiver.release();
      next += 1;
    }
    parentPort.postMessage(next);`;
  const count = 3000;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: { memory, count, ringModule: new URL("./ring.ts", import.meta.url).href },
  });
  const done = new Promise<number>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  const sender = new RingSender(memory, () => undefined);
  for (let index = 0; index < count; ) {
    const frame = Buffer.alloc(4 + (index % 70_000));
    frame.writeInt32LE(index, 0);
    if (sender.trySend(frame)) index += 1;
    else await nextTurn();
  }
  const finish = setInterval(() => sender.resume(), 1);
  assert.equal(await done, count);
  clearInterval(finish);
  await worker.terminate();
});

test("records of one key go to one channel, the one that owns the key's group, in order", async () => {
  const channels = [0, 1, 2].map(() => new LocalChannel<{ k: string; n: number }>(() => undefined));
  const writer = new HashWriter(channels, (value) => value.k, 128);
  for (let n = 0; n < 3000; n++) writer.write({ k: `k${n % 17}`, n }, NO_TIMESTAMP);
  writer.flush();
  const seen = new Map<string, { channel: number; n: number }>();
  let total = 0;
  for (const [channel, queue] of channels.entries()) {
    for (let element = queue.next(); element !== null; element = queue.next()) {
      assert.equal(element.kind, "batch");
      if (element.kind !== "batch") continue;
      for (const { k, n } of element.batch.rows) {
        const before = seen.get(k);
        assert.ok(before === undefined || (before.channel === channel && before.n < n));
        seen.set(k, { channel, n });
        total += 1;
      }
    }
  }
  assert.equal(total, 3000);
});
