/**
 * Owns: the sink that writes records to a topic of Kafka.
 * Not here: writers for each guarantee (plain-writer.ts, transactional-writer.ts).
 */
import type { PlainSink, TwoPhaseCommitSink } from "../../../ports/index.ts";
import { t } from "../../../record/index.ts";
import { PlainKafkaWriter } from "./plain-writer.ts";
import { type KafkaSinkOptions, readSinkSettings } from "./sink-settings.ts";
import type { KafkaTransaction } from "./transaction-fate.ts";
import { TransactionalKafkaWriter } from "./transactional-writer.ts";

/** Writes to a topic; at least once unless `guarantee` says otherwise. Errors: OPTION_INVALID. */
export function kafkaSink<T>(
  options: KafkaSinkOptions<T> & { readonly guarantee: "exactly-once" },
): TwoPhaseCommitSink<T, KafkaTransaction>;
export function kafkaSink<T>(
  options: KafkaSinkOptions<T> & { readonly guarantee?: "none" | "at-least-once" },
): PlainSink<T>;
export function kafkaSink<T>(options: KafkaSinkOptions<T>): PlainSink<T> | TwoPhaseCommitSink<T, KafkaTransaction>;
export function kafkaSink<T>(options: KafkaSinkOptions<T>): PlainSink<T> | TwoPhaseCommitSink<T, KafkaTransaction> {
  const settings = readSinkSettings(options);
  const { name } = settings;
  if (settings.guarantee === "exactly-once") {
    return {
      kind: "sink",
      name,
      guarantee: "exactly-once",
      settlesOnDeletion: true,
      transactionType,
      createWriter: (context) => new TransactionalKafkaWriter(settings, context),
    };
  }
  return {
    kind: "sink",
    name,
    guarantee: "at-least-once",
    createWriter: (context) => new PlainKafkaWriter(settings, context),
  };
}

/** What a checkpoint keeps of a transaction. */
export const transactionType = t.record({
  transactionalId: t.string,
  producerId: t.int64,
  epoch: t.int32,
  partitions: t.list(
    t.record({ topic: t.string, partition: t.int32, first: t.int64, last: t.int64, records: t.int64 }),
  ),
});
