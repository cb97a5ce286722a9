/**
 * The rules EO-1 … EO-11 of the Kafka sink, as far as they are about transactions that went wrong, on a real broker: the last word is what a
 * reader of committed records sees.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { nextTurn, silentLog, StreamError, systemClock } from "../../base/index.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import { kafkaSink, type KafkaSinkOptions, type KafkaTransaction } from "../../runtime/connectors/kafka/index.ts";
import { Retries } from "../../runtime/connectors/kafka/client/retry.ts";
import { KafkajsClient } from "../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
import type { ProduceRequest } from "../../runtime/connectors/kafka/client/kafka-client.ts";
import { BatchBuilder } from "../../runtime/connectors/kafka/wire/batch-builder.ts";
import type { TransactionWriter } from "../../runtime/ports/index.ts";
import { testKafka } from "./kafka-topics.ts";
import { prepared as preparedAt, sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";
import { settle } from "./settle.ts";

const kafka = await testKafka();

type Writer = TransactionWriter<string, KafkaTransaction>;
type Options = Partial<KafkaSinkOptions<string>> & { readonly subtask?: number; readonly parallelism?: number };

/** A topic, and writers of one sink to it. */
class Sink {
  readonly topic: string;
  readonly prefix = `tx-${randomUUID().slice(0, 8)}`;
  readonly #writers: Writer[] = [];
  readonly #client = new KafkajsClient(readConnection("test", { brokers: kafka.topics().bootstrap }), silentLog);

  private constructor(topic: string) {
    this.topic = topic;
  }

  static async in<R>(body: (sink: Sink) => Promise<R>, settings: Readonly<Record<string, string>> = {}): Promise<R> {
    const sink = new Sink(await kafka.topics().create("tx", 2, settings));
    await sink.#client.connect();
    try {
      return await body(sink);
    } finally {
      for (const writer of sink.#writers) await writer.close?.();
      await sink.#client.close();
    }
  }

  async writer({ subtask = 0, parallelism = 1, ...options }: Options = {}): Promise<Writer> {
    const brokers = kafka.topics().bootstrap;
    const sink = kafkaSink<string>({
      brokers,
      topic: this.topic,
      transactionalIdPrefix: this.prefix,
      key: (value) => value,
      ...options,
      guarantee: "exactly-once",
    });
    const writer = sink.createWriter(sinkContext({ subtask, parallelism }));
    this.#writers.push(writer);
    await writer.open?.();
    return writer;
  }

  /** A writer that is restored with `keep` of a checkpoint, as the operator does it. */
  async restored(keep: readonly KafkaTransaction[], options: Options = {}): Promise<Writer> {
    const writer = await this.writer(options);
    for (const each of keep) await settle(writer, each);
    await writer.abortAllExcept(keep);
    return writer;
  }

  async committed(): Promise<string[]> {
    await this.settled();
    return (await kafka.topics().read(this.topic)).map(({ value }) => value ?? "null").sort();
  }

  openIds(): Promise<string[]> {
    return kafka.topics().openTransactions(`${this.prefix}-`);
  }

  /** Waits until no transaction of the prefix is open. */
  async settled(): Promise<void> {
    for (const until = Date.now() + 90_000; (await this.openIds()).length > 0; await nextTurn())
      assert.ok(Date.now() < until, `transactions stay open: ${(await this.openIds()).join(", ")}`);
  }

  /** What the broker does to a transaction when its time is over, or another producer of the id comes: aborted, its identity fenced. */
  async abortBehindItsBack({ transactionalId }: KafkaTransaction): Promise<void> {
    await new Retries(systemClock, 90_000).run(() => this.#client.initProducer(transactionalId, 60_000));
    await this.settled();
  }

  /** A transaction in both partitions of which its coordinator does not know, or no longer, that it is open in these. */
  async hanging(partitions: readonly number[]): Promise<KafkaTransaction> {
    const transactionalId = `${this.prefix}-0-0`;
    const owner = await this.#client.initProducer(transactionalId, 60_000);
    const infos = (await this.#client.partitionsOf(this.topic)) ?? [];
    const known = infos.filter(({ partition }) => !partitions.includes(partition));
    const appended: KafkaTransaction["partitions"][number][] = [];
    await this.#unverified(async () => {
      if (known.length > 0) await this.#client.addPartitions(owner, known);
      for (const { topic, partition, leader } of infos) {
        const builder = new BatchBuilder();
        for (const letter of ["a", "b"]) builder.add(null, `${partition} ${letter}`, 1000, null);
        const records = builder.finish({ ...owner, sequence: 0, isTransactional: true }, "none");
        const batches = [{ topic, partition, records }];
        const offset = await this.#produceUnasked({ node: leader, transactionalId, acks: -1, batches });
        appended.push({ topic, partition, first: offset, last: offset + 1, records: 2 });
      }
    });
    if (known.length > 0) await this.#client.endTransaction(owner, "abort");
    return { ...owner, transactionalId, partitions: appended };
  }

  /** As if the marker of a transaction that was committed were missing in a partition: its coordinator knows of nothing, and there it is open. */
  async losesMarker({ transactionalId, producerId, epoch }: KafkaTransaction, partition: number): Promise<void> {
    const infos = (await this.#client.partitionsOf(this.topic)) ?? [];
    const { topic, leader } = infos.find((each) => each.partition === partition) as (typeof infos)[number];
    const builder = new BatchBuilder();
    builder.add(null, "without a marker", 1000, null);
    const records = builder.finish({ producerId, epoch, sequence: 0, isTransactional: true }, "none");
    const batches = [{ topic, partition, records }];
    await this.#unverified(() => this.#produceUnasked({ node: leader, transactionalId, acks: -1, batches }));
  }

  /** While the broker does not ask the coordinator whether a transaction has begun in a partition. It hears of both changes a moment later. */
  async #unverified<R>(body: () => Promise<R>): Promise<R> {
    await kafka.topics().verifyTransactions(false);
    try {
      return await body();
    } finally {
      await kafka.topics().verifyTransactions(true);
      await this.#whenVerified();
    }
  }

  /** A request that the broker takes in before it hears of the change, and appends after, is refused; so nothing else is to be written until then. */
  async #whenVerified(): Promise<void> {
    const [info] = (await this.#client.partitionsOf(await kafka.topics().create("verified"))) ?? [];
    assert.ok(info !== undefined);
    const { topic, partition, leader } = info;
    for (const until = Date.now() + 90_000; ; await nextTurn()) {
      const transactionalId = `verified-${randomUUID()}`;
      const owner = await new Retries(systemClock, 90_000).run(() =>
        this.#client.initProducer(transactionalId, 60_000),
      );
      const builder = new BatchBuilder();
      builder.add(null, "in a transaction that has not begun", 1000, null);
      const records = builder.finish({ ...owner, sequence: 0, isTransactional: true }, "none");
      const batches = [{ topic, partition, records }];
      const [answer] = await this.#client.produce({ node: leader, transactionalId, acks: -1, batches });
      if (answer?.error === "INVALID_TXN_STATE") return;
      assert.ok(answer?.error === null && Date.now() < until, `the broker answers ${answer?.error}`);
    }
  }

  /** Refused until the broker has heard that it is not to ask. */
  async #produceUnasked(request: ProduceRequest): Promise<number> {
    for (const until = Date.now() + 90_000; ; await nextTurn()) {
      const [answer] = await this.#client.produce(request);
      if (answer?.error === null) return answer.offset;
      assert.ok(answer?.error === "INVALID_TXN_STATE" && Date.now() < until, `the broker answers ${answer?.error}`);
    }
  }

  /** Waits until a reader of committed records gets to the end of every partition. */
  async readToTheEnd(): Promise<void> {
    for (const until = Date.now() + 90_000; ; await nextTurn()) {
      const { stable, ends } = await kafka.topics().ends(this.topic);
      if (isDeepStrictEqual(stable, ends)) return;
      assert.ok(Date.now() < until, `readers of committed records stay at ${stable.join(", ")} of ${ends.join(", ")}`);
    }
  }

  async deleteRecords(): Promise<void> {
    await kafka.topics().deleteRecords(this.topic);
  }
}

const prepared = (writer: Writer, values: readonly string[]): Promise<KafkaTransaction> =>
  preparedAt(writer, values, 1000);

describe("transactions of the Kafka sink", { skip: kafka.skip }, () => {
  it("EO-1 shows nothing of a transaction before its commit, and names its offsets", () =>
    Sink.in(async (sink) => {
      const writer = await sink.restored([]);
      const transaction = await prepared(writer, ["a", "b", "c"]);
      assert.equal(
        transaction.partitions.reduce((sum, { records }) => sum + records, 0),
        3,
      );
      assert.deepEqual(await sink.openIds(), [transaction.transactionalId]);
      assert.equal((await settle(writer, transaction)).kind, "committed");
      assert.deepEqual(await sink.committed(), ["a", "b", "c"]);
    }));

  it("EO-2 a commit that is repeated, by another writer, changes nothing", () =>
    Sink.in(async (sink) => {
      const transaction = await prepared(await sink.restored([]), ["a"]);
      const second = await sink.restored([transaction]);
      await settle(second, transaction);
      const more = await prepared(second, ["b"]);
      await settle(second, more);
      await settle(await sink.restored([transaction]), transaction);
      assert.deepEqual(await sink.committed(), ["a", "b"]);
    }));

  it("EO-2 a commit that is repeated after its id was used again is known from the log", () =>
    Sink.in(async (sink) => {
      const writer = await sink.restored([]);
      const first = await prepared(writer, ["a"]);
      await settle(writer, first);
      await sink.abortBehindItsBack(first); // A new epoch of the id: the first one's is fenced.
      assert.equal((await settle(writer, first)).kind, "alreadyCommitted");
      assert.deepEqual(await sink.committed(), ["a"]);
    }));

  it("EO-3, EO-6 a transaction that was aborted before its commit is written again from the log, once, keys and times included", () =>
    Sink.in(async (sink) => {
      const transaction = await prepared(await sink.restored([], { headers: () => ({ h: "1" }) }), [
        "a",
        "b",
        "c",
        "d",
      ]);
      await sink.abortBehindItsBack(transaction);
      for (let restore = 0; restore < 3; restore++)
        assert.equal((await settle(await sink.writer(), transaction)).kind, "alreadyCommitted");
      assert.deepEqual(await sink.committed(), ["a", "b", "c", "d"]);
      for (const { key, value, timestamp, headers } of await kafka.topics().read(sink.topic))
        assert.deepEqual([key, timestamp, headers], [value, 1000, { h: "1" }]);
    }));

  it("EO-3 a transaction that timed out while the job was dead is not dropped", () =>
    Sink.in(async (sink) => {
      const transaction = await prepared(await sink.restored([], { transactionTimeout: "1 s" }), ["a", "b"]);
      await sink.settled(); // The broker aborts it.
      const writer = await sink.restored([transaction]);
      await settle(writer, await prepared(writer, ["c"]));
      assert.deepEqual(await sink.committed(), ["a", "b", "c"]);
    }));

  it("EO-3 a transaction that was aborted and whose records were deleted fails the job with their offsets", () =>
    Sink.in(async (sink) => {
      const transaction = await prepared(await sink.restored([]), ["a", "b"]);
      await sink.abortBehindItsBack(transaction);
      await sink.deleteRecords();
      const outcome = await settle(await sink.writer(), transaction);
      assert.equal(outcome.kind, "impossible");
      const { topic, partition, first } = transaction.partitions[0] as KafkaTransaction["partitions"][number];
      assert.ok(
        outcome.kind === "impossible" &&
          outcome.reason.includes(`partition ${partition} of ${topic} between offsets ${first}`),
        JSON.stringify(outcome),
      );
    }));

  it("EO-4 a restore commits what the checkpoint names, aborts the rest of its subtasks, and then begins anew", () =>
    Sink.in(async (sink) => {
      const old = await Promise.all([0, 1, 2].map((subtask) => sink.restored([], { subtask, parallelism: 3 })));
      const named = await Promise.all(old.map((writer, subtask) => prepared(writer, [`named-${subtask}`])));
      const unnamed = await Promise.all(old.map((writer, subtask) => prepared(writer, [`unnamed-${subtask}`])));
      const [first, second, third] = named as [KafkaTransaction, KafkaTransaction, KafkaTransaction];
      const one = await sink.writer({ subtask: 0, parallelism: 2 });
      await settle(one, first);
      await settle(one, third);
      await one.abortAllExcept(named);
      const left = [second, unnamed[1] as KafkaTransaction].map(({ transactionalId }) => transactionalId).sort();
      for (const until = Date.now() + 90_000; (await sink.openIds()).length > left.length; )
        assert.ok(Date.now() < until);
      assert.deepEqual(await sink.openIds(), left, "subtask 0 of 2 settles those of the old subtasks 0 and 2");
      const two = await sink.writer({ subtask: 1, parallelism: 2 });
      await settle(two, second);
      await two.abortAllExcept(named);
      await settle(one, await prepared(one, ["after"]));
      assert.deepEqual(await sink.committed(), ["after", "named-0", "named-1", "named-2"]);
    }));

  it("EO-5 ids come from a bounded pool and are used again; under a new prefix the old one's transactions are settled too", () =>
    Sink.in(async (sink) => {
      const writer = await sink.restored([]);
      const ids = new Set<string>();
      for (let checkpoint = 0; checkpoint < 6; checkpoint++) {
        const transaction = await prepared(writer, [`v${checkpoint}`]);
        ids.add(transaction.transactionalId);
        await settle(writer, transaction);
      }
      assert.ok(ids.size <= 3, [...ids].join(", "));
      const named = await prepared(writer, ["named"]);
      await prepared(writer, ["unnamed"]);
      await sink.restored([named], { transactionalIdPrefix: `${sink.prefix}-new` });
      assert.deepEqual(await sink.committed(), ["named", "v0", "v1", "v2", "v3", "v4", "v5"]);
    }));

  it("EO-7 a transaction timeout above the broker's maximum is refused with both numbers, before anything is written", () =>
    Sink.in(async (sink) => {
      await assert.rejects(
        sink.writer({ transactionTimeout: "1 h" }),
        (error) =>
          error instanceof StreamError &&
          error.destiny === "terminal" &&
          /3600000 ms.*900000 ms.*transaction\.max\.timeout\.ms/s.test(error.message),
      );
    }));

  it("EO-8 a zombie's transaction is fenced: it can neither write on nor commit, and says why", () =>
    Sink.in(async (sink) => {
      const zombie = await sink.restored([]);
      const open = await zombie.begin();
      await zombie.write(open, "zombie", 1);
      await zombie.prepare(open);
      const writer = await sink.restored([]);
      await settle(writer, await prepared(writer, ["new"]));
      const more = await zombie.begin();
      await assert.rejects(
        async () => {
          await zombie.write(more, "zombie again", 1);
          await zombie.prepare(more);
        },
        (error) => error instanceof StreamError && /another job has the same prefix/.test(error.message),
      );
      assert.deepEqual(await sink.committed(), ["new"]);
    }));

  it("KTW4 a zombie cannot begin a transaction after the restore, under whichever of its ids", () =>
    Sink.in(async (sink) => {
      const zombie = await sink.restored([]);
      for (let checkpoint = 0; checkpoint < 4; checkpoint++) await prepared(zombie, [`unnamed-${checkpoint}`]);
      const begun = await zombie.begin();
      const writer = await sink.restored([]);
      await assert.rejects(
        async () => {
          await zombie.write(begun, "zombie", 1);
          await zombie.prepare(begun);
        },
        (error) => error instanceof StreamError && /taken over/.test(error.message),
      );
      assert.deepEqual(await sink.openIds(), []);
      await settle(writer, await prepared(writer, ["new"]));
      assert.deepEqual(await sink.committed(), ["new"]);
    }));

  for (const [where, partitions] of [
    ["in all of its partitions", [0, 1]],
    ["in one of its partitions", [0]],
  ] as const) {
    it(`KTF5 a transaction that its coordinator has given up ${where} is ended there, and what it wrote is written again, once`, () =>
      Sink.in(async (sink) => {
        const hanging = await sink.hanging(partitions);
        const writer = await sink.restored([hanging]);
        assert.deepEqual(await sink.committed(), ["0 a", "0 b", "1 a", "1 b"]);
        await sink.readToTheEnd();
        assert.equal((await writer.commit(hanging)).kind, "alreadyCommitted");
        assert.deepEqual(await sink.committed(), ["0 a", "0 b", "1 a", "1 b"]);
      }));
  }

  it("KTF5 a transaction that is in no checkpoint, and that its coordinator has given up, is aborted in its partitions after a restore", () =>
    Sink.in(async (sink) => {
      await sink.hanging([0]);
      await sink.restored([]);
      await sink.readToTheEnd();
      assert.deepEqual(await sink.committed(), []);
    }));

  it("KTS4 a transaction whose marker is missing in a partition is committed there before its id is used again", () =>
    Sink.in(async (sink) => {
      const writer = await sink.restored([], { partition: () => 1 });
      const first = await prepared(writer, ["a"]);
      await settle(writer, first);
      await sink.settled();
      await sink.losesMarker(first, 0);
      await settle(writer, await prepared(writer, ["b"]));
      const again = await writer.begin();
      assert.equal(again.transactionalId, first.transactionalId);
      await writer.abort(again);
      assert.deepEqual(await sink.committed(), ["a", "b", "without a marker"]);
      await sink.readToTheEnd();
    }));

  it("says that there is no such topic", () =>
    Sink.in(async (sink) => {
      await assert.rejects(
        sink.writer({ topic: "no-such-topic" }),
        (error) =>
          error instanceof StreamError &&
          error.destiny === "terminal" &&
          /there is no topic no-such-topic; create it/.test(error.message),
      );
    }));
});

it("EO-9 the guarantee is at-least-once where nothing is said", () => {
  assert.equal(kafkaSink({ brokers: "localhost:1", topic: "t" }).guarantee, "at-least-once");
});
