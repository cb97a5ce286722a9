/** The adapters of the port to Kafka pass its contract on a real broker. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLog } from "../../base/index.ts";
import { type KafkaLibrary, readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import { KafkaError } from "../../runtime/connectors/kafka/client/kafka-error.ts";
import type { KafkaClient } from "../../runtime/connectors/kafka/client/kafka-client.ts";
import { createKafkaClient } from "../../runtime/connectors/kafka/create-client.ts";
import { kafkaClientContract } from "./kafka-client-contract.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();

async function connect(library: KafkaLibrary, brokers: string): Promise<KafkaClient> {
  const client = createKafkaClient(readConnection("test", { brokers, library }), silentLog);
  await client.connect();
  return client;
}

for (const library of ["kafkajs", "@platformatic/kafka"] as const) {
  describe(`the port to Kafka on ${library}`, { skip: kafka.skip }, () => {
    for (const { name, run } of kafkaClientContract(kafka.topics, () => connect(library, kafka.topics().bootstrap)))
      it(name, run);

    it("says that no broker is there", async () => {
      await assert.rejects(
        connect(library, "127.0.0.1:1"),
        (error) =>
          error instanceof KafkaError && error.type === "CONNECTION_FAILED" && /127\.0\.0\.1:1/.test(error.message),
      );
    });
  });
}
