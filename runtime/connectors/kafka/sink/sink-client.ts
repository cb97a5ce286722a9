/**
 * Owns: what both writers of the Kafka sink open: the client, the topic's partitions, the sender; and their errors.
 */
import { StreamError } from "../../../../base/index.ts";
import type { SinkContext } from "../../../ports/index.ts";
import type { KafkaClient } from "../client/kafka-client.ts";
import { kafkaFailure, type KafkaPlace } from "../client/kafka-error.ts";
import { Retries } from "../client/retry.ts";
import { createKafkaClient } from "../create-client.ts";
import { RecordSender } from "./record-sender.ts";
import type { KafkaSinkSettings } from "./sink-settings.ts";

export class SinkClient {
  readonly client: KafkaClient;
  readonly retries: Retries;
  readonly place: KafkaPlace;
  readonly #context: SinkContext;
  readonly #settings: Pick<KafkaSinkSettings<never>, "topic" | "guarantee" | "compression" | "batchBytes" | "lingerMs">;

  constructor(settings: KafkaSinkSettings<never>, context: SinkContext) {
    this.#settings = settings;
    this.#context = context;
    this.client = createKafkaClient(settings.connection, context.log);
    this.retries = new Retries(context.clock, settings.deliveryTimeoutMs);
    this.place = { code: "SINK_FAILED", where: `sink ${context.name} at ${settings.connection.brokers.join(", ")}` };
  }

  /** Errors: SINK_FAILED: no broker, wrong credentials, no such topic. */
  async open(): Promise<RecordSender> {
    const { topic, guarantee, compression, batchBytes, lingerMs } = this.#settings;
    await this.asked("connect", () => this.client.connect());
    const partitions = await this.asked(`look up the topic ${topic}`, () =>
      this.retries.run(() => this.client.partitionsOf(topic)),
    );
    if (partitions === null) {
      throw new StreamError(
        "SINK_FAILED",
        `${this.place.where}: there is no topic ${topic}; create it, or correct the name`,
        { destiny: "terminal" },
      );
    }
    const sending = {
      topic,
      acks: guarantee === "none" ? (1 as const) : (-1 as const),
      compression,
      batchBytes,
      lingerMs,
    };
    return new RecordSender(this.client, partitions, sending, { clock: this.#context.clock, retries: this.retries });
  }

  async asked<R>(doing: string, ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      throw kafkaFailure(this.place, doing, error);
    }
  }

  async close(): Promise<void> {
    this.retries.close();
    await this.client.close();
  }
}
