/** The Kafka source on a real broker: the contract of sources, offsets, transactions, poison records, and what it says when it cannot read. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn, silentLog, StreamError, systemClock } from "../../base/index.ts";
import {
  jsonFormat,
  kafkaSink,
  kafkaSource,
  type KafkaSourceOptions,
  type KafkaSplit,
  recordFormat,
  textFormat,
} from "../../runtime/connectors/kafka/index.ts";
import type { KafkaTransaction } from "../../runtime/connectors/kafka/index.ts";
import { Retries } from "../../runtime/connectors/kafka/client/retry.ts";
import { KafkajsClient } from "../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import type { TransactionWriter } from "../../runtime/ports/index.ts";
import { t } from "../../runtime/record/index.ts";
import { SourceHarness, sourceContract, type SourceWorld } from "../../runtime/testkit/index.ts";
import { testKafka } from "./kafka-topics.ts";
import { sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";

const kafka = await testKafka();
const DEADLINE = "90 s";

const numbered = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `record ${from + index} €`);

async function world(end: "latest" | undefined): Promise<SourceWorld<string, KafkaSplit>> {
  const topics = kafka.topics();
  const topic = await topics.create("source", 3);
  let written = 0;
  const write = async (count: number): Promise<string[]> => {
    const values = numbered(written, count);
    await topics.write(
      topic,
      values.map((value, index) => ({ value, partition: (written + index) % 3 })),
    );
    written += count;
    return values;
  };
  const records = await write(20);
  const makeSource = () =>
    kafkaSource({
      brokers: topics.bootstrap,
      topics: topic,
      ...(end === undefined ? { partitionDiscovery: "once" } : { end }),
    });
  return { makeSource, records, ...(end === undefined ? { append: () => write(4) } : {}) };
}

/** What a source reads until it ends. */
async function readAll<T>(
  options: Partial<KafkaSourceOptions<T>> & { readonly topics: string },
): Promise<{ readonly value: T; readonly timestamp: number }[]> {
  const source = kafkaSource<T>({
    brokers: kafka.topics().bootstrap,
    end: "latest",
    format: textFormat() as never,
    ...options,
  } as never);
  const harness = await SourceHarness.start(source, { deadline: DEADLINE });
  try {
    await harness.read();
    return harness.records.map(({ value, timestamp }) => ({ value, timestamp }));
  } finally {
    await harness.close();
  }
}

const valuesOf = async (
  options: Partial<KafkaSourceOptions<string>> & { readonly topics: string },
): Promise<string[]> => (await readAll<string>(options)).map(({ value }) => value);

async function transactionalWriter(
  topic: string,
  prefix: string,
): Promise<TransactionWriter<string, KafkaTransaction>> {
  const sink = kafkaSink<string>({
    brokers: kafka.topics().bootstrap,
    topic,
    guarantee: "exactly-once",
    transactionalIdPrefix: prefix,
  });
  const writer = sink.createWriter(sinkContext());
  await writer.open?.();
  await writer.abortAllExcept([]);
  return writer;
}

for (const end of ["latest", undefined] as const) {
  describe(`the Kafka source, ${end === undefined ? "unbounded" : "bounded"}`, { skip: kafka.skip }, () => {
    for (const { name, run } of sourceContract(() => world(end), { deadline: DEADLINE, positions: 6 })) it(name, run);
  });
}

describe("the Kafka source", { skip: kafka.skip }, () => {
  it("begins at the earliest or latest record, at a time, and at offsets that are given, and ends likewise", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("offsets", 1);
    await topics.write(
      topic,
      ["a", "b", "c", "d"].map((value, index) => ({ value, timestamp: String(1000 * (index + 1)) })),
    );
    assert.deepEqual(await valuesOf({ topics: topic }), ["a", "b", "c", "d"]);
    assert.deepEqual(await valuesOf({ topics: topic, start: "latest" }), []);
    assert.deepEqual(await valuesOf({ topics: topic, start: { timestamp: 1001 } }), ["b", "c", "d"]);
    assert.deepEqual(await valuesOf({ topics: topic, start: { timestamp: 9000 } }), []);
    assert.deepEqual(await valuesOf({ topics: topic, start: { offsets: { [topic]: { 0: 2 } } } }), ["c", "d"]);
    assert.deepEqual(await valuesOf({ topics: topic, end: { timestamp: new Date(2500) } }), ["a", "b"]);
    assert.deepEqual(
      await valuesOf({
        topics: topic,
        start: { offsets: { [topic]: { 0: 1 } } },
        end: { offsets: { [topic]: { 0: 3 } } },
      }),
      ["b", "c"],
    );
    assert.deepEqual(
      (await readAll<string>({ topics: topic })).map(({ timestamp }) => timestamp),
      [1000, 2000, 3000, 4000],
    );
  });

  it("EO-10 commits offsets to its group when a checkpoint is complete, and begins at them where it is told to", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("group", 1);
    await topics.write(
      topic,
      ["a", "b", "c", "d"].map((value) => ({ value })),
    );
    const group = `${topic}-group`;
    const harness = await SourceHarness.start(
      kafkaSource({ brokers: topics.bootstrap, topics: topic, group, partitionDiscovery: "once" }),
      {
        deadline: DEADLINE,
      },
    );
    await harness.read(() => harness.records.length === 2, 1);
    harness.snapshot(7);
    await harness.read(() => harness.records.length === 4, 1);
    const client = new KafkajsClient(readConnection("test", { brokers: topics.bootstrap }), silentLog);
    await client.connect();
    const committed = async (): Promise<number | undefined> =>
      (await new Retries(systemClock, 90_000).run(() => client.groupOffsets(group, [{ topic, partition: 0 }])))[0]
        ?.offset;
    assert.equal(await committed(), undefined);
    await harness.completeCheckpoint(7);
    for (const until = Date.now() + 90_000; (await committed()) === undefined; await nextTurn())
      assert.ok(Date.now() < until);
    assert.equal(await committed(), 2, "what the checkpoint has, not what was read since");
    await client.close();
    await harness.close();
    assert.deepEqual(await valuesOf({ topics: topic, group, start: "committed" }), ["c", "d"]);
    assert.deepEqual(await valuesOf({ topics: topic, group: `${group}-none`, start: "committed" }), [
      "a",
      "b",
      "c",
      "d",
    ]);
  });

  it("EO-11 sees records of a transaction when it is committed, none of an aborted one, and all of them where it is told to", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("committed", 1);
    const writer = await transactionalWriter(topic, topic);
    const harness = await SourceHarness.start(
      kafkaSource({ brokers: topics.bootstrap, topics: topic, partitionDiscovery: "once" }),
      {
        deadline: DEADLINE,
      },
    );
    const lost = await writer.begin();
    await writer.write(lost, "aborted", 1);
    await writer.prepare(lost);
    await writer.abort(lost);
    const first = await writer.begin();
    await writer.write(first, "one", 1);
    await writer.write(first, "two", 2);
    const prepared = await writer.prepare(first);
    assert.deepEqual(await valuesOf({ topics: topic, isolation: "read_uncommitted" }), ["aborted", "one", "two"]);
    assert.equal(harness.poll(), "idle");
    assert.deepEqual(harness.values, []);
    await writer.commit(prepared);
    await harness.read(() => harness.records.length === 2);
    assert.deepEqual(harness.values, ["one", "two"]);
    assert.deepEqual(await valuesOf({ topics: topic }), ["one", "two"]);
    await writer.close?.();
    await harness.close();
  });

  it("reads JSON of a declared type, and whatever a function makes of a record", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("json", 1);
    await topics.write(topic, [
      { key: "k", value: '{"id":1,"name":"a","extra":[1]}', headers: { trace: "x" } },
      { value: '{"id":2,"name":null}' },
    ]);
    const type = t.record({ id: t.int64, name: t.nullable(t.string), note: t.optional(t.string) });
    const read = await readAll<{ id: number; name: string | null }>({ topics: topic, format: jsonFormat(type) });
    assert.deepEqual(
      read.map(({ value }) => value),
      [
        { id: 1, name: "a" },
        { id: 2, name: null },
      ],
    );
    const format = recordFormat(
      t.string,
      ({ topic: from, partition, offset, key, headers }) =>
        `${from === topic} ${partition} ${offset} ${String(key)} ${String(headers)}`,
    );
    assert.deepEqual(
      (await readAll({ topics: topic, format })).map(({ value }) => value),
      ["true 0 0 k trace,x", "true 0 1 null "],
    );
  });

  it("a poison record fails the job with topic, partition and offset, or is skipped, or goes to the dead-letter topic", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("poison", 1);
    const deadLetterTopic = await topics.create("dead", 1);
    await topics.write(topic, [
      { value: "1" },
      { key: "k", value: "{oops", timestamp: "5", headers: { h: "1" } },
      { value: '"text"' },
      { value: "4" },
    ]);
    const format = jsonFormat(t.int32);
    await assert.rejects(
      readAll({ topics: topic, format }),
      (error) =>
        error instanceof StreamError &&
        error.destiny === "terminal" &&
        error.message.includes(`offset 1 of partition 0 of ${topic}`) &&
        error.message.includes("{oops"),
    );
    assert.deepEqual(
      (await readAll({ topics: topic, format, poison: "skip" })).map(({ value }) => value),
      [1, 4],
    );
    assert.deepEqual(
      (await readAll({ topics: topic, format, poison: { deadLetterTopic } })).map(({ value }) => value),
      [1, 4],
    );
    const letters = await topics.read(deadLetterTopic);
    assert.deepEqual(letters.map(({ key, value, timestamp, headers: { h } }) => [key, value, timestamp, h]).at(0), [
      "k",
      "{oops",
      5,
      "1",
    ]);
    assert.deepEqual(
      letters.map(({ headers }) => headers["streamjob.offset"]),
      ["1", "2"],
    );
  });

  it("an offset that retention has deleted fails the job, unless it is told to go on elsewhere", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("retention", 1);
    await topics.write(
      topic,
      ["a", "b"].map((value) => ({ value })),
    );
    const start = { offsets: { [topic]: { 0: 0 } } };
    await topics.deleteRecords(topic);
    await topics.write(topic, [{ value: "c" }]);
    await assert.rejects(
      valuesOf({ topics: topic, start }),
      (error) =>
        error instanceof StreamError &&
        error.destiny === "terminal" &&
        /no offset 0: its log has 2 to 3; 2 offsets were deleted by retention.*whenOffsetMissing/s.test(error.message),
    );
    assert.deepEqual(await valuesOf({ topics: topic, start, whenOffsetMissing: "earliest" }), ["c"]);
  });

  it("tells how many records are pending, and how far the partition is behind that is furthest", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("lag", 2);
    await topics.write(
      topic,
      numbered(0, 20).map((value, index) => ({ value, partition: index < 12 ? 0 : 1 })),
    );
    const source = kafkaSource({ brokers: topics.bootstrap, topics: topic, partitionDiscovery: "once" });
    const harness = await SourceHarness.start(source, { deadline: DEADLINE });
    const lag = (): number[] => ["pendingRecords", "recordsLagMax"].map((name) => harness.metric(name));
    while (harness.metric("pendingRecords") < 20) await harness.wokenSince(harness.woken);
    assert.deepEqual(lag(), [20, 12]);
    harness.poll(0, 5);
    assert.equal(harness.metric("pendingRecords"), 15);
    await harness.read(() => harness.records.length === 20);
    assert.deepEqual(lag(), [0, 0]);
    await harness.close();
  });

  it("is slowed down by those who take its records: what is fetched ahead is bounded", async () => {
    const topics = kafka.topics();
    const topic = await topics.create("slow", 1);
    const value = "x".repeat(1000);
    for (let round = 0; round < 8; round++)
      await topics.write(
        topic,
        Array.from({ length: 500 }, () => ({ value })),
      );
    const source = kafkaSource({ brokers: topics.bootstrap, topics: topic, end: "latest", fetchBytes: 64 << 10 });
    const harness = await SourceHarness.start(source, { deadline: DEADLINE });
    await harness.wokenSince(0);
    for (let turn = 0, woken = -1; turn < 1000; turn++) {
      if (harness.woken !== woken) [turn, woken] = [0, harness.woken];
      await nextTurn();
    }
    const fetched = harness.metric("bufferedBytes");
    assert.ok(fetched > 0 && fetched < 1_200_000, `${fetched} bytes are fetched ahead`);
    await harness.read();
    assert.equal(harness.records.length, 4000);
    await harness.close();
  });

  it("says that no broker is there, and that there is no such topic", async () => {
    await assert.rejects(
      readAll({ topics: "t", brokers: "127.0.0.1:1" }),
      (error) =>
        error instanceof StreamError &&
        error.code === "SOURCE_FAILED" &&
        /127\.0\.0\.1:1.*CONNECTION_FAILED.*Check that a broker runs/s.test(error.message),
    );
    await assert.rejects(
      readAll({ topics: "no-such-topic" }),
      (error) =>
        error instanceof StreamError &&
        error.destiny === "terminal" &&
        /there is no topic no-such-topic; create it/.test(error.message),
    );
  });
});
