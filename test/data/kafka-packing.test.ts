/** Packed batches on a real broker, which unpacks what it is sent, and packs anew what a topic wants in another way. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kafkaSink, kafkaSource } from "../../runtime/connectors/kafka/index.ts";
import { sinkOperator } from "../../runtime/operators/index.ts";
import { OperatorHarness, SourceHarness } from "../../runtime/testkit/index.ts";
import { systemClock } from "../../base/index.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();
/** Several chunks and blocks of every format. */
const VALUES = Array.from({ length: 5000 }, (_, index) => `record ${index} € ${"x".repeat(index % 90)}`);

async function write(topic: string, compression: "none" | "gzip" | "snappy" | "lz4" | "zstd"): Promise<void> {
  const sink = kafkaSink<string>({ brokers: kafka.topics().bootstrap, topic, compression });
  const writer = await OperatorHarness.open(sinkOperator<string>(sink), { uid: "sink", clock: systemClock });
  for (const value of VALUES) writer.process(value, 1000);
  await writer.settled();
  await writer.snapshot(1);
  await writer.close();
}

async function read(topic: string): Promise<readonly string[]> {
  const source = kafkaSource({ brokers: kafka.topics().bootstrap, topics: topic, end: "latest" });
  const reader = await SourceHarness.start(source, { deadline: "90 s" });
  await reader.read();
  await reader.close();
  return reader.values;
}

describe("records in a topic", { skip: kafka.skip }, () => {
  for (const compression of ["gzip", "snappy", "lz4", "zstd"] as const) {
    it(`that we pack with ${compression} are taken by Kafka as they are, unpacked by it, and read`, async () => {
      const asSent = await kafka.topics().create(`sent-${compression}`);
      await write(asSent, compression);
      assert.deepEqual(await read(asSent), VALUES);
      const unpacked = await kafka
        .topics()
        .create(`unpacked-${compression}`, 1, { "compression.type": "uncompressed" });
      await write(unpacked, compression);
      assert.deepEqual(await read(unpacked), VALUES);
    });

    it(`that Kafka packs with ${compression} are read`, async () => {
      const topic = await kafka.topics().create(`packed-${compression}`, 1, { "compression.type": compression });
      await write(topic, "none");
      assert.deepEqual(await read(topic), VALUES);
    });
  }
});
