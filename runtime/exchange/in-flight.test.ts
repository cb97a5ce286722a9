import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTurn } from "../../base/index.ts";
import { SegmentPool } from "./segment-pool.ts";
import { NO_TIMESTAMP, t, type ValueType } from "../record/index.ts";
import type { ChannelReceiver, ChannelSender } from "./channel.ts";
import { DataConnection } from "./data-connection.ts";
import { DataServer } from "./data-server.ts";
import { InputGate } from "./input-gate.ts";
import { LinkReceiver, LinkSender } from "./link.ts";
import { LocalChannel } from "./local-channel.ts";
import { ForwardWriter, HashWriter } from "./record-writer.ts";
import { createRing, RingReceiver, RingSender } from "./ring.ts";

type Pair = {
  readonly sender: ChannelSender<number>;
  readonly receiver: ChannelReceiver<number>;
  pump(): Promise<void>;
  close(): Promise<void>;
};

async function local(): Promise<Pair> {
  const channel = new LocalChannel<number>(() => undefined);
  return { sender: channel, receiver: channel, pump: nextTurn, close: () => Promise.resolve() };
}

async function ring(): Promise<Pair> {
  const memory = createRing();
  let hasRung = false;
  const link = new RingSender(memory, () => undefined);
  const sender = new LinkSender(t.int64, link);
  const receiver = new LinkReceiver(
    t.int64,
    new RingReceiver(memory, () => {
      hasRung = true;
    }),
  );
  // As the slot's loop: it looks again only when the bell was rung.
  const pump = async (): Promise<void> => {
    if (!hasRung) return;
    hasRung = false;
    link.resume();
    if (!sender.isWritable) sender.drain();
  };
  return { sender, receiver, pump, close: () => Promise.resolve() };
}

const SELF = { jobId: "a".repeat(32), taskManagerId: "tm", slot: 0 };

async function socket(): Promise<Pair> {
  const pool = new SegmentPool(1000);
  const server = await DataServer.listen("127.0.0.1", pool, SELF);
  const link = server.register("k", { onReadable: () => undefined, onFailure: (error) => assert.fail(error) });
  const connection = new DataConnection({ host: "127.0.0.1", dataPort: server.port }, pool, SELF);
  let isTold = (): void => undefined;
  const told = new Promise<void>((resolve) => {
    isTold = resolve;
  });
  const sending = connection.openChannel("k", {
    onWritable: () => {
      sender.drain();
      isTold();
    },
    onFailure: (error) => assert.fail(error),
  });
  const sender: LinkSender<number> = new LinkSender(t.int64, sending);
  const receiver = new LinkReceiver(t.int64, link);
  // The bound is there before the first record, as it is when a task starts.
  receiver.allow(1_000_000);
  await told;
  const close = async (): Promise<void> => {
    sender.close();
    receiver.close();
    connection.close();
    await server.close();
  };
  return { sender, receiver, pump: nextTurn, close };
}

/** Whole turns of the event loop, in which all that is on its way over a socket arrives. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

for (const [name, open] of Object.entries({ local, ring, socket })) {
  test(`CH4 rows under way on a ${name} channel keep to what the receiver allows, and nothing is lost when that changes`, {
    timeout: 60_000,
  }, async (context) => {
    const { sender, receiver, pump, close } = await open();
    context.after(close);
    const writer = new ForwardWriter([sender]);
    let written = 0;
    let read = 0;
    const fill = (): void => {
      while (sender.isWritable) writer.write(written++, NO_TIMESTAMP);
    };
    const take = (): boolean => {
      const element = receiver.next();
      if (element === null) return false;
      assert.ok(element.kind === "batch");
      for (const row of element.batch.rows) assert.equal(row, read++);
      return true;
    };
    for (const rows of [1, 20, 300, 5, 1000, 2, 60]) {
      receiver.allow(rows);
      await settle();
      // What was under way under the bound before is worked off first, and the batch that was begun with it.
      for (let turn = 0; turn < 40; turn++) {
        fill();
        take();
        await pump();
        await settle();
      }
      fill();
      await settle();
      assert.ok(written - read <= rows + 2, `${written - read} rows under way, ${rows} allowed`);
      assert.ok(written - read >= Math.min(rows, 8) / 4, `${written - read} rows under way, ${rows} allowed`);
    }
    writer.flush();
    while (read < written) {
      if (!take()) await settle();
      await pump();
    }
    assert.equal(sender.isWritable, true);
  });
}

test("CH4 the first batch is of few rows, as rows and as columns: the writer is made before its receiver has said anything", () => {
  const type = t.record({ key: t.string }) as ValueType<unknown>;
  for (const gathered of [null, type]) {
    const channel = new LocalChannel<unknown>(() => undefined);
    const writer = new HashWriter([channel], (row) => (row as { key: string }).key, 128, {
      keyColumns: ["key"],
      gathered,
    });
    channel.allow(40);
    for (let row = 0; row < 40; row++) writer.write({ key: "a" }, NO_TIMESTAMP);
    assert.equal(channel.isWritable, false);
  }
});

test("CH4 a gate shares its bound out over its channels", () => {
  const channels = [0, 1, 2].map(() => new LocalChannel<unknown>(() => undefined));
  const gate = new InputGate(channels);
  gate.allow(36);
  assert.deepEqual(
    channels.map(({ batchRows }) => batchRows),
    [3, 3, 3],
  );
  gate.allow(1);
  assert.deepEqual(
    channels.map(({ batchRows }) => batchRows),
    [1, 1, 1],
  );
  gate.allow(1_000_000);
  assert.deepEqual(
    channels.map(({ batchRows }) => batchRows),
    [512, 512, 512],
  );
});
