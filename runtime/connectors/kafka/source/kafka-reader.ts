/**
 * Owns: reading the partitions of one subtask: giving out records in the order of each partition, their positions as state, poison records, metrics.
 * Not here: fetching (fetching.ts), what a record becomes (formats.ts).
 *
 * KRE1 Partitions are assigned by the job, not by a consumer group; offsets are in the state, and only there (EO-10).
 * KRE2 A record's timestamp is its event time: the one that the producer, or the broker, gave it.
 * KRE3 Each partition is a split of its own for watermarks (WM-8), from when it is assigned until its end. One that is paused is not given out, so its
 *     buffer fills up, and it is fetched no further (KFE1).
 */
import { StreamError } from "../../../../base/index.ts";
import type { Counter, PollResult, ReaderContext, SourceOutput, SourceReader } from "../../../ports/index.ts";
import type { KafkaClient } from "../client/kafka-client.ts";
import { kafkaFailure, type KafkaPlace } from "../client/kafka-error.ts";
import { Retries } from "../client/retry.ts";
import { createKafkaClient } from "../create-client.ts";
import type { RecordCursor } from "../wire/batch-reader.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Fetching } from "./fetching.ts";
import { OffsetCommits } from "./offset-commits.ts";
import { PartitionReading } from "./partition-reading.ts";
import type { KafkaSourceSettings } from "./source-settings.ts";
import type { KafkaSplit } from "./splits.ts";

const SHOWN_BYTES = 100;

export class KafkaReader<T> implements SourceReader<T, KafkaSplit> {
  readonly #settings: KafkaSourceSettings<T>;
  readonly #context: ReaderContext<KafkaSplit>;
  readonly #place: KafkaPlace;
  readonly #client: KafkaClient;
  readonly #retries: Retries;
  readonly #partitions: PartitionReading[];
  readonly #fetching: Fetching;
  readonly #commits: OffsetCommits | null;
  readonly #poisoned: Counter;
  #deadLetters: DeadLetters | null = null;
  /** Whose turn it is. */
  #turn = 0;

  constructor(settings: KafkaSourceSettings<T>, context: ReaderContext<KafkaSplit>) {
    this.#settings = settings;
    this.#context = context;
    const { metrics, log, clock } = context;
    this.#place = {
      code: "SOURCE_FAILED",
      where: `source ${context.name} at ${settings.connection.brokers.join(", ")}`,
    };
    this.#client = createKafkaClient(settings.connection, log);
    this.#retries = new Retries(clock, settings.retryTimeoutMs);
    this.#partitions = context.splits.map((split) => this.#opened(split));
    this.#commits = settings.group === null ? null : new OffsetCommits(this.#client, settings.group, context);
    this.#poisoned = metrics.counter("poisonRecords");
    metrics.gauge("pendingRecords", () => this.#partitions.reduce((sum, { lag }) => sum + lag, 0));
    metrics.gauge("recordsLagMax", () => this.#partitions.reduce((most, { lag }) => Math.max(most, lag), 0));
    metrics.gauge("bufferedBytes", () => this.#partitions.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0));
    this.#fetching = new Fetching(this.#partitions, settings as KafkaSourceSettings<never>, {
      client: this.#client,
      clock,
      log,
      place: this.#place,
      wake: () => context.wake(),
      fail: (error) => context.fail(error),
    });
  }

  async open(): Promise<void> {
    const { poison, discoveryMs } = this.#settings;
    // Partitions may come later.
    if (this.#partitions.length === 0 && discoveryMs === null) return;
    try {
      await this.#client.connect();
      if (typeof poison !== "string")
        this.#deadLetters = await this.#retries.run(() =>
          DeadLetters.open(this.#client, poison.deadLetterTopic, this.#context.clock),
        );
      await this.#retries.run(() => this.#fetching.start());
    } catch (error) {
      throw kafkaFailure(this.#place, "open", error);
    }
  }

  poll(output: SourceOutput<T>, maxRecords: number): PollResult {
    const count = this.#partitions.length;
    let left = maxRecords;
    // From one partition what it has, then from the next: records of a batch lie side by side.
    for (let looked = 0; looked < count && left > 0; looked++) {
      left = this.#giveOut(this.#partitions[this.#turn] as PartitionReading, output, left);
      if (left > 0) this.#turn = (this.#turn + 1) % count;
    }
    this.#fetching.resume();
    if (left === 0) {
      // The next poll begins with the next partition, so that a full one does not keep the others waiting.
      this.#turn = (this.#turn + 1) % count;
      return "more";
    }
    if (this.#partitions.every(({ isFinished }) => isFinished)) return this.#hasEnd() ? "end" : "idle";
    return "idle";
  }

  addSplits(splits: readonly KafkaSplit[]): void {
    for (const split of splits) this.#partitions.push(this.#opened(split));
    this.#fetching.add();
  }

  /** KRE3 */
  pauseSplits(ids: ReadonlySet<string>): void {
    for (const each of this.#partitions) each.isPaused = ids.has(each.id);
  }

  snapshot(checkpointId: number): readonly KafkaSplit[] {
    const open = this.#partitions.filter(({ isFinished }) => !isFinished);
    this.#commits?.remember(
      checkpointId,
      this.#partitions.map(({ topic, partition, position }) => ({ topic, partition, offset: position, metadata: "" })),
    );
    return open.map(({ topic, partition, position, end }) => ({ topic, partition, offset: position, end }));
  }

  onCheckpointComplete(checkpointId: number): void {
    this.#commits?.complete(checkpointId);
  }

  async close(): Promise<void> {
    this.#fetching.close();
    this.#retries.close();
    this.#deadLetters?.close();
    await this.#client.close();
    await this.#fetching.closed();
  }

  /** Returns how many records may still be given out. */
  #giveOut(reading: PartitionReading, output: SourceOutput<T>, records: number): number {
    const { format } = this.#settings;
    if (reading.isPaused) return records;
    let left = records;
    let isTold = false;
    while (left > 0 && !reading.isHeld) {
      const cursor = this.#nextOf(reading);
      if (cursor === null) break;
      let value: T;
      try {
        value = format.read(cursor, reading);
      } catch (error) {
        if (!this.#takePoison(reading, cursor, error)) break;
        reading.passed(cursor.offset);
        continue;
      }
      if (!isTold) this.#context.readSplit(reading.id);
      isTold = true;
      output.collect(value, cursor.timestamp);
      reading.passed(cursor.offset);
      left--;
    }
    if (reading.isFinished) this.#finish(reading);
    return left;
  }

  #opened(split: KafkaSplit): PartitionReading {
    const reading = new PartitionReading(split);
    this.#context.openSplit(reading.id);
    return reading;
  }

  #finish(reading: PartitionReading): void {
    if (reading.isToldFinished) return;
    reading.isToldFinished = true;
    this.#context.finishSplit(reading.id);
  }

  #nextOf(reading: PartitionReading): RecordCursor | null {
    try {
      return reading.next();
    } catch (error) {
      throw kafkaFailure(
        this.#place,
        `read partition ${reading.partition} of ${reading.topic} at offset ${reading.position}`,
        error,
      );
    }
  }

  /** True: it is passed; false: the partition waits until it is in the dead-letter topic. Throws where the policy is to fail. */
  #takePoison(reading: PartitionReading, cursor: RecordCursor, error: unknown): boolean {
    const reason = error instanceof Error ? error.message : String(error);
    const { topic, partition } = reading;
    const { offset } = cursor;
    if (this.#settings.poison === "fail") {
      throw new StreamError(
        "SOURCE_FAILED",
        `${this.#place.where}: the record at offset ${offset} of partition ${partition} of ${topic} cannot be read: ${reason}: ${shown(cursor)}. Mend the producer and start behind it, or set poison to "skip" or to a dead-letter topic`,
        { destiny: "terminal", cause: error },
      );
    }
    this.#poisoned.inc();
    this.#context.log.warn(
      { topic, partition, offset, reason },
      "a record cannot be read; the source's poison policy is applied",
    );
    const letters = this.#deadLetters;
    if (letters === null) return true;
    reading.isHeld = true;
    letters.write(cursor, reading, reason).then(
      () => {
        reading.isHeld = false;
        reading.passed(offset);
        this.#context.wake();
      },
      (failure: unknown) =>
        this.#context.fail(kafkaFailure(this.#place, `write to the dead-letter topic ${letters.topic}`, failure)),
    );
    return false;
  }

  #hasEnd(): boolean {
    return this.#settings.end !== null;
  }
}

function shown(cursor: RecordCursor): string {
  const value = cursor.value();
  if (value === null) return "null";
  const text = value.toString("utf8", 0, SHOWN_BYTES);
  return JSON.stringify(value.length > SHOWN_BYTES ? `${text}…` : text);
}
