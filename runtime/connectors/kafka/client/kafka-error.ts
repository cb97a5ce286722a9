/**
 * Owns: what a request to Kafka fails with.
 *
 * KER1 `type` is the protocol's name of an error, or one of ours: CONNECTION_FAILED, REQUEST_TIMED_OUT, AUTHENTICATION_FAILED.
 */
import { StreamError } from "../../../../base/index.ts";

export class KafkaError extends Error {
  readonly type: string;
  /** True when the same request may succeed later. */
  readonly isRetriable: boolean;

  constructor(type: string, message: string, options: { readonly isRetriable: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "KafkaError";
    this.type = type;
    this.isRetriable = options.isRetriable;
  }
}

/** Where a connector works, for messages. */
export type KafkaPlace = {
  /** KAFKA_FAILED: no job does it. */
  readonly code: "SOURCE_FAILED" | "SINK_FAILED" | "KAFKA_FAILED";
  /** The connector and its brokers: `sink orders at localhost:9092`. */
  readonly where: string;
};

/** The failure of the task that a failed request becomes: what failed, where, and what to do. Others stay what they are. */
export function kafkaFailure({ code, where }: KafkaPlace, doing: string, error: unknown): Error {
  if (!(error instanceof KafkaError)) return error instanceof Error ? error : new Error(String(error));
  const remedy = remedies[error.type];
  const message = `${where}: cannot ${doing}: ${error.message} (${error.type})${remedy === undefined ? "" : `. ${remedy}`}`;
  return new StreamError(code, message, {
    cause: error,
    destiny: terminal.has(error.type) ? "terminal" : "retry",
  });
}

const remedies: Readonly<Record<string, string>> = {
  CONNECTION_FAILED:
    "Check that a broker runs at one of these addresses, and that `ssl` and `sasl` are what its listener expects",
  REQUEST_TIMED_OUT: "The broker is busy or cannot be reached; the restart tries again",
  AUTHENTICATION_FAILED: "Check the mechanism, the user name and the password in `sasl`",
  TOPIC_AUTHORIZATION_FAILED: "Give the user the right to read or write the topic",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    "Give the user the right Write on transactional ids with the prefix of the sink",
  CLUSTER_AUTHORIZATION_FAILED: "Give the user the right IdempotentWrite on the cluster",
  GROUP_AUTHORIZATION_FAILED: "Give the user the right Read on the group",
  MESSAGE_TOO_LARGE: "Raise max.message.bytes of the topic, or lower batchBytes of the sink",
  RECORD_LIST_TOO_LARGE: "Raise max.message.bytes of the topic, or lower batchBytes of the sink",
  UNKNOWN_TOPIC_OR_PARTITION: "Create the topic, or correct its name",
};

/** A restart asks the same again and gets the same answer. */
const terminal: ReadonlySet<string> = new Set(["AUTHENTICATION_FAILED", "UNSUPPORTED_VERSION"]);
