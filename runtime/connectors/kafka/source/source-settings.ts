/**
 * Owns: the options of the Kafka source and their checks.
 */
import { type Duration, readDuration } from "../../../../base/index.ts";
import { checkChoice, checkNumber, optionInvalid } from "../../kit/index.ts";
import { type KafkaConnection, type KafkaConnectionOptions, readConnection } from "../client/connection-options.ts";
import type { Isolation } from "../client/kafka-client.ts";
import type { KafkaFormat } from "./formats.ts";

/** Offsets by topic and partition: `{ orders: { 0: 17, 1: 4 } }`. */
export type KafkaOffsets = Readonly<Record<string, Readonly<Record<number, number>>>>;

/** `timestamp`: epoch milliseconds or a Date. */
export type KafkaPosition =
  | "earliest"
  | "latest"
  | { readonly timestamp: number | Date }
  /** Partitions that are not named: `otherwise`, by default the earliest. */
  | { readonly offsets: KafkaOffsets; readonly otherwise?: "earliest" | "latest" };

export type KafkaSourceOptions<T> = KafkaConnectionOptions & {
  readonly topics: string | readonly string[];
  /** Default `textFormat()`. */
  readonly format?: KafkaFormat<T>;
  /**
   * Where to begin when the job starts without state; after that the state says where. `committed`: the offsets of `group`, and the earliest where it
   * has none. Default `earliest`.
   */
  readonly start?: KafkaPosition | "committed";
  /** Where to end: the source is bounded then. `latest`: where the topics end when the job starts. */
  readonly end?: Exclude<KafkaPosition, "earliest">;
  /** `read_committed` (default): records of open and aborted transactions are not seen. */
  readonly isolation?: Isolation;
  /** Offsets are committed to it when a checkpoint is complete, for tools that show how far the job has come. Default: none are. */
  readonly group?: string;
  /** When the offset to read next was deleted by retention. Default `fail`; the others lose or skip records, and say so in the log. */
  readonly whenOffsetMissing?: "fail" | "earliest" | "latest";
  /** What follows from a record that the format cannot read. Default `fail`. `skip` counts and logs it. */
  readonly poison?: "fail" | "skip" | { readonly deadLetterTopic: string };
  /**
   * How often partitions that were added are looked for; their records are read from the first one on. Default 5 minutes; `once`: only when the job
   * starts without state, as always with an `end`.
   */
  readonly partitionDiscovery?: Duration;
  /** How much of a partition is fetched at a time. Default 1 MiB. */
  readonly fetchBytes?: number;
  /** How long brokers may fail to answer before the task fails. Default 2 minutes. */
  readonly retryTimeout?: Duration;
  /** Default `kafka`. */
  readonly name?: string;
};

export type KafkaSourceSettings<T> = {
  readonly name: string;
  readonly topics: readonly string[];
  readonly connection: KafkaConnection;
  readonly format: KafkaFormat<T>;
  readonly start: KafkaPosition | "committed";
  readonly end: KafkaPosition | null;
  readonly isolation: Isolation;
  readonly group: string | null;
  readonly whenOffsetMissing: "fail" | "earliest" | "latest";
  readonly poison: "fail" | "skip" | { readonly deadLetterTopic: string };
  /** null: once. */
  readonly discoveryMs: number | null;
  readonly fetchBytes: number;
  readonly retryTimeoutMs: number;
};

const FETCH_BYTES = 1 << 20;

/** Errors: OPTION_INVALID. */
export function readSourceSettings<T>(options: KafkaSourceOptions<T>, format: KafkaFormat<T>): KafkaSourceSettings<T> {
  const {
    name = "kafka",
    start = "earliest",
    end,
    isolation = "read_committed",
    group,
    whenOffsetMissing = "fail",
    poison = "fail",
    fetchBytes = FETCH_BYTES,
  } = options;
  const topics = typeof options.topics === "string" ? [options.topics] : options.topics;
  if (
    !Array.isArray(topics) ||
    topics.length === 0 ||
    topics.some((topic) => typeof topic !== "string" || topic === "")
  )
    throw optionInvalid(name, "give the topics to read, none of them empty");
  if (typeof start === "string") checkChoice(name, ["start", start], ["earliest", "latest", "committed"]);
  else checkPosition(name, "start", start);
  if (typeof end === "string") checkChoice(name, ["end", end], ["latest"]);
  else if (end !== undefined) checkPosition(name, "end", end);
  if (start === "committed" && group === undefined)
    throw optionInvalid(name, 'start: "committed" needs the group whose offsets they are; give group');
  checkChoice(name, ["isolation", isolation], ["read_committed", "read_uncommitted"]);
  checkChoice(name, ["whenOffsetMissing", whenOffsetMissing], ["fail", "earliest", "latest"]);
  if (typeof poison === "string") checkChoice(name, ["poison", poison], ["fail", "skip"]);
  else if (!poison.deadLetterTopic) throw optionInvalid(name, "poison: give the deadLetterTopic");
  checkNumber(
    name,
    ["fetchBytes", fetchBytes],
    (bytes) => Number.isInteger(bytes) && bytes >= 1024 && bytes <= 64 << 20,
    "a whole number of bytes from 1024 to 64 MiB",
  );
  return {
    name,
    topics: [...new Set(topics)],
    connection: readConnection(name, options),
    format,
    start,
    end: end ?? null,
    isolation,
    group: group ?? null,
    whenOffsetMissing,
    poison,
    discoveryMs: end !== undefined ? null : discoveryMs(name, options.partitionDiscovery ?? "5 min"),
    fetchBytes,
    retryTimeoutMs: readDuration(options.retryTimeout ?? "2 min", `${name}: retryTimeout`),
  };
}

function discoveryMs(name: string, every: Duration): number | null {
  if (every === "once") return null;
  const everyMs = readDuration(every, `${name}: partitionDiscovery`);
  if (everyMs >= 1) return everyMs;
  throw optionInvalid(name, `partitionDiscovery is ${String(every)}; give at least 1 ms, or "once"`);
}

function checkPosition(name: string, option: string, position: Exclude<KafkaPosition, string>): void {
  if ("timestamp" in position) {
    checkNumber(
      name,
      [`${option}.timestamp`, Number(position.timestamp)],
      (at) => at >= 0,
      "epoch milliseconds or a Date",
    );
    return;
  }
  for (const offsets of Object.values(position.offsets)) {
    for (const [partition, offset] of Object.entries(offsets))
      checkNumber(
        name,
        [`${option}: the offset of partition ${partition}`, offset],
        (at) => Number.isSafeInteger(at) && at >= 0,
        "a whole number from 0",
      );
  }
}
