/** Batches of columns through channels, beside rows: the same records, in the same channel, in order (RW1, RW3, LIN3, CHK1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ColumnBuilder, debugColumns, NO_TIMESTAMP, rowsOfColumns, t, type ValueType } from "../record/index.ts";
import type { ChannelReceiver, ChannelSender } from "./channel.ts";
import { LinkReceiver, LinkSender } from "./link.ts";
import { LocalChannel } from "./local-channel.ts";
import { BroadcastWriter, ForwardWriter, HashWriter, RebalanceWriter, type RecordWriter } from "./record-writer.ts";
import { createRing, RingReceiver, RingSender } from "./ring.ts";

const Event = t.record({ n: t.int64, key: t.nullable(t.string), note: t.string }) as ValueType<unknown>;
type Event = { n: number; key: string | null; note: string };
type Step = { readonly how: "rows" | "columns" | "selected" | "flush"; readonly events: readonly Event[] };

const CHANNELS = 3;
const MAX_PARALLELISM = 16;

type Pair = { readonly sender: ChannelSender<unknown>; readonly receiver: ChannelReceiver<unknown>; pump(): void };

const pairs: Readonly<Record<string, () => Pair>> = {
  local: () => {
    const channel = new LocalChannel<unknown>(() => undefined);
    return { sender: channel, receiver: channel, pump: () => undefined };
  },
  ring: () => {
    const memory = createRing();
    const link = new RingSender(memory, () => undefined);
    const sender = new LinkSender(Event, link);
    const pump = (): void => {
      link.resume();
      if (!sender.isWritable) sender.drain();
    };
    return { sender, receiver: new LinkReceiver(Event, new RingReceiver(memory, () => undefined)), pump };
  },
};

/** All that comes, as rows. */
function receivedOf({ receiver, pump }: Pair): unknown[] {
  const records: unknown[] = [];
  for (;;) {
    pump();
    const element = receiver.next();
    if (element === null) return records;
    assert.ok(element.kind === "batch" || element.kind === "columns");
    const batch = element.kind === "batch" ? element.batch : rowsOfColumns(element.batch);
    if (element.kind === "columns") element.batch.release();
    for (const [at, row] of batch.rows.entries())
      records.push([row, batch.timestamps?.[at] ?? NO_TIMESTAMP, batch.keyHashes?.[at] ?? null]);
  }
}

function play(writer: RecordWriter<unknown>, steps: readonly Step[], asRows: boolean): void {
  const builder = new ColumnBuilder(Event, 64);
  for (const { how, events } of steps) {
    if (how === "flush") {
      writer.flush();
    } else if (asRows || how === "rows") {
      for (const event of events) writer.write(event, event.n);
    } else {
      // Selected: each stands behind one that does not count.
      for (const event of events) {
        if (how === "selected") builder.appendRow({ n: -1, key: "not selected", note: "" }, NO_TIMESTAMP);
        builder.appendRow(event, event.n);
      }
      const batch = builder.take();
      if (how === "columns") writer.writeBatch(batch);
      else
        writer.writeBatch(
          batch.select(
            Int32Array.from(events, (_event, at) => at * 2 + 1),
            events.length,
          ),
        );
      batch.release();
    }
  }
  writer.flush();
}

let number = 0;
const event: fc.Arbitrary<Event> = fc
  .tuple(fc.option(fc.constantFrom("a", "b", "größe", "日本", "\ud800", "")), fc.string({ maxLength: 30 }))
  .map(([key, note]) => ({ n: number++, key, note }));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    how: fc.constantFrom("rows", "columns", "selected", "flush"),
    events: fc.array(event, { maxLength: 30 }),
  }),
  { maxLength: 8 },
);

const byKey = (value: unknown): string | null => (value as Event).key;
const writers: Readonly<Record<string, (senders: readonly ChannelSender<unknown>[]) => RecordWriter<unknown>>> = {
  "by a key's column": (senders) => new HashWriter(senders, byKey, MAX_PARALLELISM, { keyColumns: ["key"] }),
  "by a key's column, rows gathered in columns": (senders) =>
    new HashWriter(senders, byKey, MAX_PARALLELISM, { keyColumns: ["key"], gathered: Event }),
  "by two key columns": (senders) =>
    new HashWriter(senders, (value) => [(value as Event).key, (value as Event).note], MAX_PARALLELISM, {
      keyColumns: ["key", "note"],
    }),
  "by a function": (senders) => new HashWriter(senders, byKey, MAX_PARALLELISM),
  "to every channel": (senders) => new BroadcastWriter(senders),
  forward: (senders) => new ForwardWriter(senders.slice(0, 1)),
};

for (const [name, open] of Object.entries(pairs)) {
  for (const [how, writerOf] of Object.entries(writers)) {
    test(`${how}, through ${name} channels: columns and rows bring the same records to the same channels in the same order`, (context) => {
      debugColumns(true);
      context.after(() => debugColumns(false));
      fc.assert(
        fc.property(steps, (sequence) => {
          const [mixed, plain] = [true, false].map((isMixed) => {
            const channels = Array.from({ length: CHANNELS }, open);
            play(writerOf(channels.map(({ sender }) => sender)), sequence, !isMixed);
            return channels.map((channel) => receivedOf(channel));
          });
          assert.deepEqual(mixed, plain);
        }),
        { numRuns: 60 },
      );
    });
  }
}

test("round robin goes by batches of columns: each record comes once", () => {
  const channels = Array.from({ length: CHANNELS }, pairs["local"] as () => Pair);
  const writer = new RebalanceWriter(
    channels.map(({ sender }) => sender),
    1,
  );
  const events = (from: number): Event[] => [0, 1].map((at) => ({ n: from + at, key: null, note: "" }));
  play(
    writer,
    [0, 2, 4, 6].map((from) => ({ how: "columns", events: events(from) })),
    false,
  );
  const numbers = channels.map((channel) => receivedOf(channel).map((record) => (record as [Event])[0].n));
  assert.deepEqual(numbers, [
    [4, 5],
    [0, 1, 6, 7],
    [2, 3],
  ]);
});

test("a ring's segment with columns is free again when the batch is released, and when the channel is closed", () => {
  const { sender, receiver, pump } = (pairs["ring"] as () => Pair)();
  const builder = new ColumnBuilder(Event);
  for (let n = 0; n < 100; n++) {
    builder.appendRow({ n, key: "k", note: "x" }, n);
    sender.sendColumns(builder.take());
    pump();
    const element = receiver.next();
    assert.ok(element?.kind === "columns");
    assert.throws(() => receiver.next(), /released/);
    element.batch.release();
  }
  builder.appendRow({ n: 1, key: "k", note: "x" }, 1);
  sender.sendColumns(builder.take());
  receiver.next();
  receiver.close();
  assert.ok(sender.isWritable);
});
