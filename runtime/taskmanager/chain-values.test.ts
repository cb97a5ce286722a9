import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, systemClock } from "../../base/index.ts";
import { type ChannelSender, ForwardWriter, LinkReceiver, LinkSender, LocalChannel } from "../exchange/index.ts";
import type { ChainedOperator } from "../graph/index.ts";
import { aggregateOperator, filterOperator, mapOperator } from "../operators/index.ts";
import { MetricRegistry } from "../metrics/index.ts";
import { type OperatorFactory } from "../ports/index.ts";
import {
  type GuardMode,
  keyHash,
  NO_TIMESTAMP,
  type StreamElement,
  t,
  ValueGuard,
  type ValueType,
} from "../record/index.ts";
import { createKeyedBackend, createOperatorStateBackend } from "../state/index.ts";
import { type AnyOperator, type AnyWriter, type ChainedContext, OperatorChain } from "./chain.ts";
import { TaskEmissions, TaskPause } from "./emission-desk.ts";
import { HookCalls } from "./hook-calls.ts";
import { ProtectedReceiver } from "./protected-receiver.ts";
import { userFailureText } from "./value-failure.ts";

const Row = t.record({ word: t.string, n: t.int64 }) as ValueType<unknown>;
type Row = { word: string; n: number };
const FRAMES_MAX = 10_000;

async function contextOf(uid: string, isKeyed: boolean): Promise<ChainedContext> {
  const nothing = (): void => undefined;
  return {
    uid,
    name: `op-${uid}`,
    subtask: 0,
    parallelism: 1,
    maxParallelism: 1,
    epoch: 1,
    attempt: 1,
    jobId: "job",
    jobName: "job",
    keyed: isKeyed
      ? await createKeyedBackend(
          { keyGroups: { first: 0, last: 0 }, maxParallelism: 1, operatorUid: uid, clock: systemClock },
          null,
          () => Promise.resolve(),
        )
      : null,
    operatorState: await createOperatorStateBackend({ operatorUid: uid, subtask: 0, parallelism: 1 }, null),
    clock: systemClock,
    log: silentLog,
    metrics: new MetricRegistry({ name: `op-${uid}`, uid, clock: systemClock, log: silentLog }),
    blockUntil: nothing,
    schedule: nothing,
    outside: { await: () => nothing, holdInput: nothing, emitSoon: nothing },
  };
}

/** One operator whose records go to these writers. */
async function chainOf(
  factory: OperatorFactory<never, unknown>,
  type: ValueType<unknown>,
  writers: readonly AnyWriter[],
  mode: GuardMode = "sampled",
): Promise<OperatorChain> {
  const node = { outputType: type } as unknown as ChainedOperator["node"];
  const description = {
    node,
    outputs: [{ sideOutput: null, type, next: [], outEdges: writers.map((_writer, index) => index) }],
  } as unknown as ChainedOperator;
  const context = await contextOf("u1", factory.name === "aggregate");
  const chain = new OperatorChain(
    [{ description, operator: factory.create() as AnyOperator, context, writers: [writers] }],
    new TaskEmissions(new TaskPause(systemClock)),
    mode,
  );
  await chain.open(new HookCalls(systemClock, 60_000));
  return chain;
}

/** A link that keeps its frames, and its other end. */
function looped(type: ValueType<unknown>): { sender: ChannelSender<unknown>; receiver: LinkReceiver<unknown> } {
  const frames: Uint8Array[] = [];
  const none = (): void => undefined;
  const sender = new LinkSender<unknown>(type, {
    batchRowsMax: 1000,
    trySend: (frame) => (assert.ok(frames.length < FRAMES_MAX), frames.push(new Uint8Array(frame)) > 0),
    close: none,
  });
  const receiver = new LinkReceiver<unknown>(type, {
    get hasFrame() {
      return frames.length > 0;
    },
    receive: () => frames.shift() ?? null,
    allow: none,
    release: none,
    close: none,
  });
  return { sender, receiver };
}

function rowsOf(receiver: { next(): StreamElement<unknown> | null }): unknown[] {
  const rows: unknown[] = [];
  for (let element = receiver.next(); element !== null; element = receiver.next())
    if (element.kind === "batch") rows.push(...element.batch.rows);
  return rows;
}

const wrong: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  "a field too many": [{ word: "a", n: 1, more: true }, /operator "op-u1", uid "u1",.*at \.more is not declared/],
  "text for an int64": [{ word: "a", n: "7" }, /operator "op-u1", uid "u1",.*at \.n is the string "7".*int64/],
  "a field that is missing": [{ word: "a" }, /uid "u1",.*at \.n is missing/],
  "an instance of a class": [
    new (class Total {
      word = "a";
      n = 1;
    })(),
    /uid "u1",.*an instance of class Total/,
  ],
};
for (const [what, [value, message]] of Object.entries(wrong)) {
  test(`${what} is refused with the same words whether the edge is local or encoded, early or late (VG1)`, async () => {
    for (const recordsBefore of [0, 3000]) {
      for (const channel of [new LocalChannel<unknown>(() => undefined), looped(Row).sender]) {
        const chain = await chainOf(mapOperator((row: unknown) => row) as never, Row, [new ForwardWriter([channel])]);
        for (let n = 0; n < recordsBefore; n++) chain.head.process({ word: "a", n }, NO_TIMESTAMP);
        chain.checkNext();
        assert.throws(() => chain.head.process(value, NO_TIMESTAMP), { code: "VALUE_NOT_SERIALIZABLE", message });
      }
    }
  });
}

test("an accumulator that is emitted and changed in place stays what it was in every record, without a sample (VG2)", async () => {
  const COUNT = 5000;
  const KEYS = 7;
  const Accumulator = t.record({ key: t.string, n: t.int64 }) as ValueType<unknown>;
  for (const type of [Accumulator, t.any]) {
    const channel = new LocalChannel<unknown>(() => undefined);
    const factory = aggregateOperator({
      createAccumulator: () => ({ key: "", n: 0 }),
      add: (value: Row, accumulator: { key: string; n: number }) => {
        accumulator.key = value.word;
        accumulator.n += 1;
        return accumulator;
      },
      getResult: (accumulator) => accumulator,
    });
    const chain = await chainOf(factory as never, type, [new ForwardWriter([channel])]);
    const keyed = chain.links[0]?.context.keyed;
    for (let n = 0; n < COUNT; n++) {
      const word = `k${n % KEYS}`;
      keyed?.setCurrentKey(word, keyHash(word));
      chain.head.process({ word, n }, NO_TIMESTAMP);
    }
    chain.writers[0]?.flush();
    assert.deepEqual(
      rowsOf(channel),
      Array.from({ length: COUNT }, (_none, n) => ({ key: `k${n % KEYS}`, n: Math.floor(n / KEYS) + 1 })),
    );
  }
});

test("two consumers of one record cannot change each other's: plain parts are frozen, bytes are each one's own (VG2)", async () => {
  const channels = [new LocalChannel<unknown>(() => undefined), new LocalChannel<unknown>(() => undefined)];
  const chain = await chainOf(
    mapOperator((value: unknown) => value) as never,
    t.any as ValueType<unknown>,
    channels.map((channel) => new ForwardWriter([channel])),
  );
  chain.head.process({ raw: new Uint8Array([1]), inner: { n: 1 } }, NO_TIMESTAMP);
  for (const writer of chain.writers) writer.flush();
  const [left, right] = channels.map((channel) => rowsOf(channel)[0] as { raw: Uint8Array; inner: { n: number } });
  (left as { raw: Uint8Array }).raw[0] = 9;
  assert.equal(right?.raw[0], 1);
  assert.throws(() => ((left as { inner: { n: number } }).inner.n = 2), TypeError);
});

test("a record that was decoded is frozen as one that was handed over (PTR1)", async () => {
  const { sender, receiver } = looped(Row);
  const chain = await chainOf(mapOperator((row: unknown) => row) as never, Row, [new ForwardWriter([sender])]);
  chain.head.process({ word: "a", n: 1 }, NO_TIMESTAMP);
  chain.writers[0]?.flush();
  const [row] = rowsOf(new ProtectedReceiver(receiver, new ValueGuard("a channel", Row, "sampled"))) as [Row];
  assert.deepEqual(row, { word: "a", n: 1 });
  assert.throws(() => (row.n = 2), TypeError);
});

test("with object reuse nothing is frozen or copied, and types are checked (VG3)", async () => {
  const channel = new LocalChannel<unknown>(() => undefined);
  const chain = await chainOf(
    mapOperator((row: unknown) => row) as never,
    Row,
    [new ForwardWriter([channel])],
    "unfrozen",
  );
  const row = { word: "a", n: 1 };
  chain.head.process(row, NO_TIMESTAMP);
  row.n = 2;
  assert.throws(() => chain.head.process({ word: "a", n: "7" }, NO_TIMESTAMP), /uid "u1",.*at \.n/);
  chain.writers[0]?.flush();
  assert.equal(rowsOf(channel)[0], row);
});

test("filter passes records on as they are", async () => {
  const channel = new LocalChannel<unknown>(() => undefined);
  const chain = await chainOf(filterOperator(() => true) as never, t.any as ValueType<unknown>, [
    new ForwardWriter([channel]),
  ]);
  const row = { word: "a" };
  chain.head.process(row, NO_TIMESTAMP);
  chain.writers[0]?.flush();
  assert.equal(rowsOf(channel)[0], row);
  assert.ok(!Object.isFrozen(row), "whoever made it has frozen it, or nobody has");
});

test("who changes something frozen is told why it is; other errors keep their words", () => {
  const texts = [
    (): unknown => ((Object.freeze({ n: 1 }) as { n: number }).n = 2),
    (): unknown => (Object.freeze([1]) as number[]).push(2),
    (): unknown => delete (Object.freeze({ n: 1 }) as { n?: number }).n,
    (): unknown => ((Object.freeze({}) as { n?: number }).n = 2),
  ].map((act) => {
    try {
      return String(act());
    } catch (error) {
      return userFailureText(error);
    }
  });
  for (const text of texts) assert.match(text, /frozen once they were emitted.*make a new one/);
  assert.equal(userFailureText(new TypeError("x is not a function")), "x is not a function");
  assert.equal(userFailureText("no words"), "no words");
});
