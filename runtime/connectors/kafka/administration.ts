/**
 * Door for whoever looks after the transactions of Kafka sinks, which is `streamjob txns`: no part of what jobs import.
 */
export { type LeftTransaction, TransactionDesk } from "./administration/transaction-desk.ts";
export { transactionType as kafkaTransactionType } from "./sink/kafka-sink.ts";
export type { KafkaConnectionOptions } from "./client/connection-options.ts";
