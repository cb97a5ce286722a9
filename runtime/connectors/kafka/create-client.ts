/** Owns: which adapter of the port to Kafka a connection gets. Either loads its library when it connects, not before. */
import type { Log } from "../../../base/index.ts";
import type { KafkaConnection } from "./client/connection-options.ts";
import type { KafkaClient } from "./client/kafka-client.ts";
import { KafkajsClient } from "./kafkajs/kafkajs-client.ts";
import { PlatformaticClient } from "./platformatic/platformatic-client.ts";

/** Not connected yet. */
export function createKafkaClient(connection: KafkaConnection, log: Log): KafkaClient {
  return connection.library === "kafkajs"
    ? new KafkajsClient(connection, log)
    : new PlatformaticClient(connection, log);
}
