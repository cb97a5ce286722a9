/**
 * Owns: writing to Kafka without transactions.
 *
 * KPW1 at-least-once: `flush` resolves when the in-sync replicas have every record; each writer is an idempotent producer, so that a request that
 *      is sent again is appended once.
 * KPW2 none: a checkpoint waits for nothing. A record that cannot be written still fails the job.
 */
import type { SinkContext, SinkWriter } from "../../../ports/index.ts";
import type { RecordSender } from "./record-sender.ts";
import { SinkClient } from "./sink-client.ts";
import { addRecord, type KafkaSinkSettings } from "./sink-settings.ts";

/** Of a producer without transactions; brokers do not look at it. */
const TIMEOUT_MS = 60_000;

export class PlainKafkaWriter<T> implements SinkWriter<T> {
  readonly #settings: KafkaSinkSettings<T>;
  readonly #context: SinkContext;
  readonly #kafka: SinkClient;
  #sender: RecordSender | null = null;

  constructor(settings: KafkaSinkSettings<T>, context: SinkContext) {
    this.#settings = settings;
    this.#context = context;
    this.#kafka = new SinkClient(settings as KafkaSinkSettings<never>, context);
  }

  async open(): Promise<void> {
    const sender = await this.#kafka.open();
    if (this.#settings.guarantee === "at-least-once") {
      const { client, retries } = this.#kafka;
      const init = (): Promise<void> =>
        retries.run(() => client.initProducer(null, TIMEOUT_MS)).then((owner) => sender.begin(owner));
      await this.#kafka.asked("become a producer", init);
    }
    this.#sender = sender;
  }

  write(value: T, timestamp: number): void | Promise<void> {
    const added = addRecord(this.#sender as RecordSender, this.#settings.record, value, {
      timestamp,
      clock: this.#context.clock,
    });
    if (added !== undefined) return this.#kafka.asked("write", () => added);
  }

  async flush(): Promise<void> {
    const flushed = this.#kafka.asked("write", () => (this.#sender as RecordSender).flush());
    if (this.#settings.guarantee === "at-least-once") return await flushed;
    flushed.catch(() => undefined); // The next write or flush is told.
  }

  async close(): Promise<void> {
    this.#sender?.close();
    await this.#kafka.close();
  }
}
