/** Room `connectors/kafka` (`streamjob/connectors/kafka`): topics of Kafka as sources and sinks. */
export {
  type AvroFormatOptions,
  avroFormat,
  avroReader,
  type AvroValueOptions,
  avroValue,
} from "./avro/avro-format.ts";
export type { AvroSchema } from "./avro/avro-library.ts";
export type { KafkaConnectionOptions, KafkaLibrary, KafkaSasl, KafkaTls } from "./client/connection-options.ts";
export { kafkaSink } from "./sink/kafka-sink.ts";
export type { KafkaSinkOptions } from "./sink/sink-settings.ts";
export type { KafkaTransaction } from "./sink/transaction-fate.ts";
export {
  bytesFormat,
  jsonFormat,
  type KafkaFormat,
  type KafkaRecord,
  recordFormat,
  textFormat,
} from "./source/formats.ts";
export { kafkaSource } from "./source/kafka-source.ts";
export type { KafkaOffsets, KafkaPosition, KafkaSourceOptions } from "./source/source-settings.ts";
export type { KafkaSplit } from "./source/splits.ts";
export type { KafkaCompression } from "./wire/packing.ts";
