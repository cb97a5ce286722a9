/**
 * Owns: the options of the Kafka sink, their checks, and turning a value into a record.
 */
import { type Clock, type Duration, readDuration } from "../../../../base/index.ts";
import { NO_TIMESTAMP } from "../../../record/index.ts";
import { checkChoice, checkNumber, lineOf, optionInvalid } from "../../kit/index.ts";
import { type KafkaConnection, type KafkaConnectionOptions, readConnection } from "../client/connection-options.ts";
import type { Bytes, Header } from "../wire/batch-builder.ts";
import { compressions, type KafkaCompression } from "../wire/packing.ts";
import { partitionOfKey } from "./partitioner.ts";
import type { RecordSender } from "./record-sender.ts";

export type KafkaSinkOptions<T> = KafkaConnectionOptions & {
  /** Must be there. */
  readonly topic: string;
  /** Default: a string or bytes as they are, anything else as JSON. null is a tombstone. */
  readonly value?: (value: T) => Uint8Array | string | null;
  /** Default: no key. Records with the same key go to the same partition, the one that Kafka's own producers choose. */
  readonly key?: (value: T) => Uint8Array | string | null;
  readonly headers?: (value: T) => Readonly<Record<string, Uint8Array | string>>;
  /** Epoch milliseconds. Default: the record's event time, or the time of writing where it has none. */
  readonly timestamp?: (value: T, timestamp: number) => number;
  /** The partition, from 0 to below `partitions`. Default: by key; without one evenly, batch by batch. */
  readonly partition?: (value: T, partitions: number) => number;
  /**
   * `none`: may lose and repeat. `at-least-once` (default): what a checkpoint covers is written. `exactly-once`: readers of committed records
   * see each record once, when its checkpoint is complete.
   */
  readonly guarantee?: "none" | "at-least-once" | "exactly-once";
  /** exactly-once: unique among the jobs of the Kafka cluster. Default: the job's name and the sink's uid. */
  readonly transactionalIdPrefix?: string;
  /**
   * exactly-once: after which the broker aborts a transaction. Longer than a checkpoint and a restart take, at most the broker's
   * `transaction.max.timeout.ms`. Default 15 minutes, which is the broker's default.
   */
  readonly transactionTimeout?: Duration;
  /** Default `none`. */
  readonly compression?: KafkaCompression;
  /** A batch that is about so long is sent; below the topic's `max.message.bytes`. Default 512 KiB. */
  readonly batchBytes?: number;
  /** How long a record waits for others when nothing is under way. Default 5 ms. */
  readonly linger?: Duration;
  /** How long a write or a commit is tried before the task fails. Default 2 minutes. */
  readonly deliveryTimeout?: Duration;
  /** Default `kafka`. */
  readonly name?: string;
};

export type KafkaSinkSettings<T> = {
  readonly name: string;
  readonly topic: string;
  readonly connection: KafkaConnection;
  readonly guarantee: "none" | "at-least-once" | "exactly-once";
  readonly transactionalIdPrefix: string | undefined;
  readonly transactionTimeoutMs: number;
  readonly compression: KafkaCompression;
  readonly batchBytes: number;
  readonly lingerMs: number;
  readonly deliveryTimeoutMs: number;
  readonly record: RecordForm<T>;
};

/** What a value becomes. */
export type RecordForm<T> = Pick<KafkaSinkOptions<T>, "key" | "headers" | "timestamp" | "partition"> & {
  readonly value: (value: T) => Bytes;
};

const BATCH_BYTES = 512 << 10;

/** Errors: OPTION_INVALID. */
export function readSinkSettings<T>(options: KafkaSinkOptions<T>): KafkaSinkSettings<T> {
  const {
    name = "kafka",
    topic,
    guarantee = "at-least-once",
    compression = "none",
    batchBytes = BATCH_BYTES,
  } = options;
  if (typeof topic !== "string" || topic === "") throw optionInvalid(name, "give the topic to write to");
  checkChoice(name, ["guarantee", guarantee], ["none", "at-least-once", "exactly-once"]);
  checkChoice(name, ["compression", compression], compressions);
  checkNumber(
    name,
    ["batchBytes", batchBytes],
    (bytes) => Number.isInteger(bytes) && bytes >= 1 && bytes <= 64 << 20,
    "a whole number of bytes from 1 to 64 MiB",
  );
  if (options.transactionalIdPrefix === "")
    throw optionInvalid(name, "the transactionalIdPrefix is empty; give one that no other job has");
  return {
    name,
    topic,
    connection: readConnection(name, options),
    guarantee,
    transactionalIdPrefix: options.transactionalIdPrefix,
    transactionTimeoutMs: readDuration(options.transactionTimeout ?? "15 min", `${name}: transactionTimeout`),
    compression,
    batchBytes,
    lingerMs: readDuration(options.linger ?? "5 ms", `${name}: linger`),
    deliveryTimeoutMs: readDuration(options.deliveryTimeout ?? "2 min", `${name}: deliveryTimeout`),
    record: { ...options, value: options.value ?? defaultValue },
  };
}

function defaultValue(value: unknown): Bytes {
  return value instanceof Uint8Array ? value : lineOf(value);
}

/** Adds the record of a value. Errors: what the user's functions throw; a partition that is none. */
export function addRecord<T>(
  sender: RecordSender,
  form: RecordForm<T>,
  value: T,
  at: { readonly timestamp: number; readonly clock: Clock },
): void | Promise<void> {
  const key = form.key === undefined ? null : form.key(value);
  const eventMs = form.timestamp === undefined ? at.timestamp : form.timestamp(value, at.timestamp);
  const timestamp = eventMs === NO_TIMESTAMP ? at.clock.nowMs() : eventMs;
  const headers: Header[] | null = form.headers === undefined ? null : Object.entries(form.headers(value));
  return sender.add(partitionFor(sender, form, value, key), key, form.value(value), Math.trunc(timestamp), headers);
}

function partitionFor<T>(sender: RecordSender, form: RecordForm<T>, value: T, key: Bytes): number {
  const { partitionCount } = sender;
  if (form.partition !== undefined) {
    const chosen = form.partition(value, partitionCount);
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < partitionCount) return chosen;
    throw new RangeError(`partition returned ${String(chosen)}; return a whole number from 0 to ${partitionCount - 1}`);
  }
  return key === null ? sender.stickyPartition : partitionOfKey(key, partitionCount);
}
