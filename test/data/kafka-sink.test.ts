/** The Kafka sink passes the contracts of sinks on a real broker. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { kafkaSink, type KafkaTransaction } from "../../runtime/connectors/kafka/index.ts";
import type { SinkContext, SinkWriter, TransactionWriter } from "../../runtime/ports/index.ts";
import {
  sinkContract,
  type SinkWorld,
  type TransactionWorld,
  twoPhaseCommitContract,
} from "../../runtime/testkit/index.ts";
import { KafkajsClient } from "../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import { nextTurn, silentLog } from "../../base/index.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();

async function values(topic: string): Promise<string[]> {
  return (await kafka.topics().read(topic)).map(({ value }) => value ?? "null");
}

/** The contract's crashed writers are never closed; the test closes their connections in the end. */
function closing<W extends { close?(): void | Promise<void> }, S extends { createWriter(context: SinkContext): W }>(
  writers: W[],
  sink: S,
): S {
  const createWriter = (context: SinkContext): W => {
    const writer = sink.createWriter(context);
    writers.push(writer);
    return writer;
  };
  return { ...sink, createWriter };
}

const closeAll = async (writers: readonly { close?(): void | Promise<void> }[]): Promise<void> => {
  for (const writer of writers) await writer.close?.();
};

async function plainWorld(): Promise<SinkWorld> {
  const brokers = kafka.topics().bootstrap;
  const topic = await kafka.topics().create("plain", 3);
  const writers: SinkWriter<string>[] = [];
  return {
    makeSink: () => closing(writers, kafkaSink<string>({ brokers, topic })),
    readWritten: () => values(topic),
    dispose: () => closeAll(writers),
  };
}

async function transactionWorld(): Promise<TransactionWorld<KafkaTransaction>> {
  const brokers = kafka.topics().bootstrap;
  const topic = await kafka.topics().create("exactly", 2);
  const writers: TransactionWriter<string, KafkaTransaction>[] = [];
  const transactionalIdPrefix = `world-${randomUUID().slice(0, 8)}`;
  const client = new KafkajsClient(readConnection("test", { brokers }), silentLog);
  await client.connect();
  const states = async (): Promise<string[]> =>
    (await client.transactions(`${transactionalIdPrefix}-`)).map(({ state }) => state);
  return {
    makeSink: () =>
      closing(
        writers,
        kafkaSink<string>({ brokers, topic, guarantee: "exactly-once", transactionalIdPrefix, key: (value) => value }),
      ),
    dispose: () => closeAll([...writers, client]),
    readCommitted: async () => {
      // A commit is answered before its markers are written.
      for (
        const until = Date.now() + 60_000;
        (await states()).some((state) => state.startsWith("Prepare"));
        await nextTurn()
      )
        assert.ok(Date.now() < until, "a transaction does not end");
      return await values(topic);
    },
    countUnsettled: async () => (await states()).filter((state) => state === "Ongoing").length,
  };
}

describe("the Kafka sink, at-least-once", { skip: kafka.skip }, () => {
  for (const { name, run } of sinkContract(plainWorld)) it(name, run);
});

describe("the Kafka sink, exactly-once", { skip: kafka.skip }, () => {
  for (const { name, run } of twoPhaseCommitContract(transactionWorld, { runs: 3 })) it(name, run);
});
