/** The adapters of the port to Kafka pass its contract on a real broker. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLog } from "../../base/index.ts";
import { readConnection } from "../../runtime/connectors/kafka/client/connection-options.ts";
import { KafkaError } from "../../runtime/connectors/kafka/client/kafka-error.ts";
import { KafkajsClient } from "../../runtime/connectors/kafka/kafkajs/kafkajs-client.ts";
import { kafkaClientContract } from "./kafka-client-contract.ts";
import { testKafka } from "./kafka-topics.ts";

const kafka = await testKafka();

async function connect(brokers: string): Promise<KafkajsClient> {
  const client = new KafkajsClient(readConnection("test", { brokers }), silentLog);
  await client.connect();
  return client;
}

describe("the port to Kafka on kafkajs", { skip: kafka.skip }, () => {
  for (const { name, run } of kafkaClientContract(kafka.topics, () => connect(kafka.topics().bootstrap))) it(name, run);

  it("says that no broker is there", async () => {
    await assert.rejects(
      connect("127.0.0.1:1"),
      (error) =>
        error instanceof KafkaError && error.type === "CONNECTION_FAILED" && /127\.0\.0\.1:1/.test(error.message),
    );
  });
});
