/**
 * Owns: what every adapter of the port to Kafka has to pass, on a real broker.
 *
 * KPC1 What one client prepared, another commits by the saved identity; and again, which changes nothing (EO-2, EO-8).
 * KPC2 `initProducer` fences whoever had the id, and aborts what that one left open.
 */
import assert from "node:assert/strict";
import { nextTurn } from "../../base/index.ts";
import type {
  AbortedTransaction,
  KafkaClient,
  PartitionInfo,
  ProducerIdentity,
} from "../../runtime/connectors/kafka/client/kafka-client.ts";
import { KafkaError } from "../../runtime/connectors/kafka/client/kafka-error.ts";
import { batchesOf, RecordCursor } from "../../runtime/connectors/kafka/wire/batch-reader.ts";
import { BatchBuilder } from "../../runtime/connectors/kafka/wire/batch-builder.ts";
import type { KafkaTopics } from "./kafka-topics.ts";

type Check = { readonly name: string; readonly run: () => Promise<void> };
type Make = () => Promise<KafkaClient>;

const TIMEOUT_MS = 60_000;

const isError =
  (...types: string[]) =>
  (error: unknown): boolean =>
    error instanceof KafkaError && types.includes(error.type);

function batch(values: readonly string[], owner: ProducerIdentity | null, sequence = 0): Buffer {
  const builder = new BatchBuilder();
  for (const [index, value] of values.entries()) builder.add(`key-${index}`, value, 1_000_000 + index, null);
  const { producerId, epoch, transactionalId } = owner ?? { producerId: -1, epoch: -1, transactionalId: null };
  return builder.finish(
    { producerId, epoch, sequence: owner === null ? -1 : sequence, isTransactional: transactionalId !== null },
    "none",
  );
}

async function produce(
  client: KafkaClient,
  at: PartitionInfo,
  values: readonly string[],
  owner: ProducerIdentity | null,
): Promise<number> {
  const [produced] = await client.produce({
    node: at.leader,
    transactionalId: owner?.transactionalId ?? null,
    acks: -1,
    batches: [{ topic: at.topic, partition: at.partition, records: batch(values, owner) }],
  });
  assert.equal(produced?.error, null);
  return produced?.offset ?? -1;
}

async function read(
  client: KafkaClient,
  at: PartitionInfo,
  offset: number,
  isolation: "read_committed" | "read_uncommitted",
) {
  const [fetched] = await client.fetch({
    node: at.leader,
    partitions: [{ ...at, offset }],
    isolation,
    maxWaitMs: 100,
    partitionBytesMax: 1 << 20,
  });
  assert.ok(fetched !== undefined);
  const values: string[] = [];
  for (const each of batchesOf(fetched.records)) {
    if (each.isControl) continue;
    for (const cursor = new RecordCursor(each); cursor.next(); ) values.push(String(cursor.value()));
  }
  return { ...fetched, values };
}

/** All records and aborted transactions up to the end of the log, once no transaction is open: markers come a moment after its end. */
async function readSettled(client: KafkaClient, at: PartitionInfo) {
  const values: string[] = [];
  const aborted: AbortedTransaction[] = [];
  for (let offset = 0, until = Date.now() + 60_000; ; ) {
    const found = await read(client, at, offset, "read_committed");
    values.push(...found.values);
    aborted.push(...found.aborted);
    offset = (batchesOf(found.records).at(-1)?.lastOffset ?? offset - 1) + 1;
    if (offset === found.highWatermark) return { values, aborted };
    assert.ok(Date.now() < until, `a transaction stays open: ${found.lastStableOffset} of ${found.highWatermark}`);
  }
}

/** Asks until a coordinator has loaded what it has to know, and a transaction that is being ended has ended. */
async function whenReady<R>(ask: () => Promise<R>): Promise<R> {
  for (const until = Date.now() + 60_000; ; ) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof KafkaError && error.isRetriable) || Date.now() > until) throw error;
      await nextTurn();
    }
  }
}

async function prepare(
  client: KafkaClient,
  id: string,
  at: PartitionInfo,
  values: readonly string[],
): Promise<ProducerIdentity> {
  const producer = await whenReady(() => client.initProducer(id, TIMEOUT_MS));
  await client.addPartitions(producer, [at]);
  await produce(client, at, values, producer);
  return producer;
}

/** `make`: a client that is connected. */
export function kafkaClientContract(topics: () => KafkaTopics, make: Make): Check[] {
  const inTopic =
    (partitions: number, body: (client: KafkaClient, at: readonly PartitionInfo[], topic: string) => Promise<void>) =>
    async () => {
      const topic = await topics().create("client", partitions);
      const client = await make();
      try {
        await body(client, (await client.partitionsOf(topic)) ?? [], topic);
      } finally {
        await client.close();
      }
    };
  const first = (at: readonly PartitionInfo[]): PartitionInfo => at[0] as PartitionInfo;
  return [
    {
      name: "tells the partitions of a topic, and that there is no such topic",
      run: inTopic(3, async (client, at, topic) => {
        assert.deepEqual(
          at.map(({ topic: name, partition, leader }) => [name, partition, leader >= 0]),
          [0, 1, 2].map((partition) => [topic, partition, true]),
        );
        assert.equal(await client.partitionsOf("no-such-topic-at-all"), null);
      }),
    },
    {
      name: "reads what was produced, from any offset, and says where the log ends",
      run: inTopic(1, async (client, at) => {
        assert.equal(await produce(client, first(at), ["a", "b"], null), 0);
        assert.equal(await produce(client, first(at), ["c"], null), 2);
        const all = await read(client, first(at), 0, "read_committed");
        assert.deepEqual(all.values, ["a", "b", "c"]);
        assert.equal(all.highWatermark, 3);
        assert.deepEqual((await read(client, first(at), 2, "read_committed")).values, ["c"]);
        assert.equal((await read(client, first(at), 9, "read_committed")).error, "OFFSET_OUT_OF_RANGE");
        assert.deepEqual(await client.listOffsets(at, "earliest", "read_committed"), [0]);
        assert.deepEqual(await client.listOffsets(at, "latest", "read_committed"), [3]);
        assert.deepEqual(await client.listOffsets(at, { timestamp: 1_000_001 }, "read_committed"), [1]);
        assert.deepEqual(await client.listOffsets(at, { timestamp: 2_000_000 }, "read_committed"), [-1]);
      }),
    },
    {
      name: "KPC1 commits by its saved identity what another client prepared, and says so again",
      run: inTopic(1, async (client, at, topic) => {
        const producer = await prepare(client, topic, first(at), ["x", "y"]);
        assert.deepEqual(
          (await client.transactions(topic)).map(({ transactionalId, state }) => [transactionalId, state]),
          [[topic, "Ongoing"]],
        );
        const described = await client.describeTransaction(topic);
        assert.ok(described !== null && described.startedMs > 0 && described.timeoutMs > 0);
        assert.deepEqual(described, {
          ...described,
          ...producer,
          state: "Ongoing",
          partitions: [{ topic, partition: 0 }],
        });
        assert.equal(await client.describeTransaction(`${topic}-nobody`), null);
        assert.deepEqual((await read(client, first(at), 0, "read_committed")).values, []);
        assert.deepEqual((await read(client, first(at), 0, "read_uncommitted")).values, ["x", "y"]);
        const other = await make();
        try {
          await other.partitionsOf(topic);
          await other.endTransaction(JSON.parse(JSON.stringify(producer)) as ProducerIdentity, "commit");
          await whenReady(() => other.endTransaction(producer, "commit"));
        } finally {
          await other.close();
        }
        assert.deepEqual((await readSettled(client, first(at))).values, ["x", "y"]);
        assert.deepEqual(
          (await client.transactions(topic)).map(({ state }) => state),
          ["CompleteCommit"],
        );
      }),
    },
    {
      name: "KPC2 fences an earlier producer of the id, aborts what it left open, and tells readers what to leave out",
      run: inTopic(1, async (client, at, topic) => {
        const zombie = await prepare(client, topic, first(at), ["lost"]);
        const producer = await prepare(client, topic, first(at), ["kept"]);
        await assert.rejects(
          client.endTransaction(zombie, "commit"),
          isError("INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"),
        );
        await client.endTransaction(producer, "commit");
        await whenReady(() => client.endTransaction(producer, "commit"));
        const { aborted, values } = await readSettled(client, first(at));
        assert.deepEqual(values, ["lost", "kept"]);
        // Also what is read from within it: up to its marker it concerns the reader.
        const named = new Set(aborted.map(({ producerId, firstOffset }) => `${producerId} from ${firstOffset}`));
        assert.deepEqual([...named], [`${zombie.producerId} from 0`]);
      }),
    },
    {
      name: "keeps offsets of a group, also those of a transaction, which are there when it is committed",
      run: inTopic(2, async (client, at, topic) => {
        assert.deepEqual(await whenReady(() => client.groupOffsets(topic, at)), []);
        const [one, two] = at.map(({ partition }) => ({
          topic,
          partition,
          offset: partition + 5,
          metadata: `m${partition}`,
        }));
        await client.commitGroupOffsets(topic, [one as NonNullable<typeof one>]);
        assert.deepEqual(await client.groupOffsets(topic, at), [one]);
        const producer = await whenReady(() => client.initProducer(`${topic}-offsets`, TIMEOUT_MS));
        await client.addGroupOffset(producer, topic, two as NonNullable<typeof two>);
        assert.deepEqual(await client.groupOffsets(topic, at), [one]);
        await client.endTransaction(producer, "commit");
        await whenReady(() => client.endTransaction(producer, "commit"));
        assert.deepEqual(await client.groupOffsets(topic, at), [one, two]);
      }),
    },
    {
      name: "tells a setting of the broker, and refuses a transaction that may take longer than it allows",
      run: inTopic(1, async (client, _at, topic) => {
        assert.equal(await client.brokerSetting("transaction.max.timeout.ms"), "900000");
        const refused = whenReady(() => client.initProducer(topic, 900_001));
        await assert.rejects(refused, isError("INVALID_TRANSACTION_TIMEOUT"));
      }),
    },
  ];
}
