/**
 * Owns: writing poison records to the dead-letter topic.
 *
 * DLE1 The position passes a poison record only when it is in the dead-letter topic: a restore may write it again, but none is lost.
 * DLE2 Key, value, headers and timestamp stay as they were; headers `streamjob.topic`, `.partition`, `.offset` and `.reason` are added.
 */
import type { Clock } from "../../../../base/index.ts";
import type { KafkaClient } from "../client/kafka-client.ts";
import { KafkaError } from "../client/kafka-error.ts";
import { Retries } from "../client/retry.ts";
import { RecordSender } from "../sink/record-sender.ts";
import type { RecordCursor } from "../wire/batch-reader.ts";

const BATCH_BYTES = 64 << 10;
const TIMEOUT_MS = 120_000;
const REASON_CHARACTERS_MAX = 500;

export class DeadLetters {
  readonly topic: string;
  readonly #sender: RecordSender;
  readonly #retries: Retries;

  private constructor(topic: string, sender: RecordSender, retries: Retries) {
    this.topic = topic;
    this.#sender = sender;
    this.#retries = retries;
  }

  /** Errors: KafkaError, also when there is no such topic. */
  static async open(client: KafkaClient, topic: string, clock: Clock): Promise<DeadLetters> {
    const partitions = await client.partitionsOf(topic);
    if (partitions === null)
      throw new KafkaError("UNKNOWN_TOPIC_OR_PARTITION", `there is no dead-letter topic ${topic}`, {
        isRetriable: false,
      });
    const retries = new Retries(clock, TIMEOUT_MS);
    const settings = { topic, acks: -1, compression: "none", batchBytes: BATCH_BYTES, lingerMs: 0 } as const;
    return new DeadLetters(topic, new RecordSender(client, partitions, settings, { clock, retries }), retries);
  }

  /** Resolves when it is there. */
  async write(
    cursor: RecordCursor,
    at: { readonly topic: string; readonly partition: number },
    reason: string,
  ): Promise<void> {
    await this.#sender.add(this.#sender.stickyPartition, cursor.key(), cursor.value(), cursor.timestamp, [
      ...cursor.headers(),
      ["streamjob.topic", at.topic],
      ["streamjob.partition", String(at.partition)],
      ["streamjob.offset", String(cursor.offset)],
      ["streamjob.reason", reason.slice(0, REASON_CHARACTERS_MAX)],
    ]);
    await this.#sender.flush();
  }

  close(): void {
    this.#sender.close();
    this.#retries.close();
  }
}
