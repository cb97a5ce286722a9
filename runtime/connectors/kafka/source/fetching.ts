/**
 * Owns: fetching: one request at a time to each leader, for those of its partitions that have room.
 *
 * KFE1 A partition whose buffer holds `fetchBytes` or more is not fetched until records are taken: backpressure reaches the broker.
 * KFE2 After an error that passes, leaders are looked up again and the fetch is repeated with growing waits; after `retryTimeoutMs` without an answer,
 *      and after any other error, the task fails with topic, partition and offset.
 * KFE3 An offset that the log no longer has is what `whenOffsetMissing` says it is; records are never skipped without a word.
 */
import { type Clock, type Log, StreamError, type Timer } from "../../../../base/index.ts";
import type { FetchedPartition, KafkaClient } from "../client/kafka-client.ts";
import { KafkaError, kafkaFailure, type KafkaPlace } from "../client/kafka-error.ts";
import type { PartitionReading } from "./partition-reading.ts";
import type { KafkaSourceSettings } from "./source-settings.ts";

const WAIT_MS = 500;
/** Where a partition that has no room now may get some before the others have records. */
const SHORT_WAIT_MS = 50;
const RETRY_WAIT_MS_MIN = 20;
const RETRY_WAIT_MS_MAX = 2000;
const TOTAL_BUFFER_BYTES_MAX = 128 << 20;
const BUFFER_BYTES_MIN = 1024;

const movedLeader: ReadonlySet<string> = new Set([
  "NOT_LEADER_OR_FOLLOWER",
  "LEADER_NOT_AVAILABLE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "OFFSET_NOT_AVAILABLE",
  "KAFKA_STORAGE_ERROR",
  "REPLICA_NOT_AVAILABLE",
]);

export type FetchingParts = {
  readonly client: KafkaClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly place: KafkaPlace;
  /** Told when there is something to take. */
  wake(): void;
  fail(error: unknown): void;
};

export class Fetching {
  readonly #partitions: readonly PartitionReading[];
  readonly #settings: Pick<
    KafkaSourceSettings<never>,
    "isolation" | "whenOffsetMissing" | "fetchBytes" | "retryTimeoutMs"
  >;
  readonly #parts: FetchingParts;
  readonly #loops = new Map<number, Promise<void>>();
  #isClosed = false;
  #lastAnswerMs: number;
  #retryWaitMs = RETRY_WAIT_MS_MIN;
  #retry: { readonly timer: Timer; readonly resolve: () => void } | null = null;

  constructor(
    partitions: readonly PartitionReading[],
    settings: Pick<KafkaSourceSettings<never>, "isolation" | "whenOffsetMissing" | "fetchBytes" | "retryTimeoutMs">,
    parts: FetchingParts,
  ) {
    this.#partitions = partitions;
    this.#settings = settings;
    this.#parts = parts;
    this.#lastAnswerMs = parts.clock.monotonicMs();
  }

  /** Finds the leaders and begins. Errors: KafkaError. */
  async start(): Promise<void> {
    await this.#findLeaders();
    this.resume();
  }

  /** A partition was added to the list. */
  add(): void {
    // Where its leader cannot be found now, a fetch is tried without one, which goes the way of every failed fetch.
    void this.#findLeaders()
      .catch(() => undefined)
      .then(() => this.resume());
  }

  /** Records were taken: partitions that have room again are fetched. */
  resume(): void {
    if (this.#isClosed) return;
    for (const each of this.#partitions) {
      if (this.#loops.has(each.leader) || !this.#isWanted(each)) continue;
      const { leader } = each;
      const loop = this.#fetchFrom(leader)
        .catch((error: unknown) => {
          if (this.#isClosed) return;
          this.#isClosed = true;
          this.#parts.fail(error);
        })
        .finally(() => {
          this.#loops.delete(leader);
          // Leaders may be others now, and room may have come meanwhile.
          this.resume();
        });
      this.#loops.set(leader, loop);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.timer.cancel();
    this.#retry?.resolve();
  }

  /** Resolves when no request is under way. */
  async closed(): Promise<void> {
    await Promise.all(this.#loops.values());
  }

  #isWanted(each: PartitionReading): boolean {
    return !each.isFetched && !each.isFinished && each.bufferedBytes < this.#bufferBytes;
  }

  get #bufferBytes(): number {
    const share = Math.floor(TOTAL_BUFFER_BYTES_MAX / Math.max(1, this.#partitions.length) / 2);
    return Math.max(BUFFER_BYTES_MIN, Math.min(this.#settings.fetchBytes, share));
  }

  async #fetchFrom(leader: number): Promise<void> {
    for (;;) {
      const own = this.#partitions.filter((each) => each.leader === leader);
      const wanted = own.filter((each) => this.#isWanted(each));
      if (wanted.length === 0 || this.#isClosed) return;
      const isEveryWanted = own.every((each) => each.isFetched || this.#isWanted(each));
      const asked = wanted.map(({ topic, partition, fetchOffset }) => ({ topic, partition, offset: fetchOffset }));
      try {
        const answers = await this.#parts.client.fetch({
          node: leader,
          partitions: asked,
          isolation: this.#settings.isolation,
          maxWaitMs: isEveryWanted ? WAIT_MS : SHORT_WAIT_MS,
          partitionBytesMax: this.#bufferBytes,
        });
        if (this.#isClosed) return;
        // While leaders move, two requests may be under way for one partition: of the later answer nothing is taken.
        await this.#takeAll(
          wanted.filter(({ fetchOffset }, index) => fetchOffset === asked[index]?.offset),
          answers,
        );
      } catch (error) {
        if (this.#isClosed) return;
        if (!(error instanceof KafkaError && error.isRetriable)) throw kafkaFailure(this.#parts.place, "fetch", error);
        return await this.#retryLater(error);
      }
    }
  }

  async #takeAll(wanted: readonly PartitionReading[], answers: readonly FetchedPartition[]): Promise<void> {
    let moved: KafkaError | null = null;
    for (const answer of answers) {
      const reading = wanted.find(({ topic, partition }) => topic === answer.topic && partition === answer.partition);
      if (reading === undefined) continue;
      if (answer.error === null) {
        this.#answered();
        this.#take(reading, answer);
      } else if (answer.error === "OFFSET_OUT_OF_RANGE") await this.#moveInto(reading, answer);
      else moved = this.#partitionError(reading, answer.error);
    }
    if (moved !== null) throw moved;
  }

  #take(reading: PartitionReading, answer: FetchedPartition): void {
    try {
      reading.take(answer, this.#settings.isolation === "read_committed");
    } catch (error) {
      throw kafkaFailure(
        this.#parts.place,
        `read partition ${reading.partition} of ${reading.topic} at offset ${reading.fetchOffset}`,
        error,
      );
    }
    this.#parts.wake();
  }

  #answered(): void {
    this.#lastAnswerMs = this.#parts.clock.monotonicMs();
    this.#retryWaitMs = RETRY_WAIT_MS_MIN;
  }

  async #moveInto(reading: PartitionReading, { topic, partition }: FetchedPartition): Promise<void> {
    const offset = reading.fetchOffset;
    const info = { topic, partition, leader: reading.leader };
    const [earliest = 0] = await this.#parts.client.listOffsets([info], "earliest", "read_uncommitted");
    const [latest = 0] = await this.#parts.client.listOffsets([info], "latest", "read_uncommitted");
    const { whenOffsetMissing } = this.#settings;
    const what = `partition ${partition} of ${topic} has no offset ${offset}: its log has ${earliest} to ${latest}`;
    if (whenOffsetMissing === "fail") {
      const cause =
        offset < earliest
          ? `${earliest - offset} offsets were deleted by retention before they were read`
          : "the topic was made anew, or has lost records";
      throw new StreamError(
        "SOURCE_FAILED",
        `${this.#parts.place.where}: ${what}; ${cause}. Start the job without this state, or set whenOffsetMissing to "earliest" or "latest" to go on without them`,
        { destiny: "terminal" },
      );
    }
    this.#parts.log.error(
      { topic, partition, offset, earliest, latest, whenOffsetMissing },
      "an offset to read is missing; continuing elsewhere",
    );
    reading.moveTo(whenOffsetMissing === "earliest" ? earliest : latest);
    this.#parts.wake();
  }

  #partitionError({ topic, partition, fetchOffset }: PartitionReading, error: string): KafkaError {
    const message = `partition ${partition} of ${topic} cannot be read at offset ${fetchOffset}`;
    return new KafkaError(error, message, { isRetriable: movedLeader.has(error) || error === "CORRUPT_MESSAGE" });
  }

  /** Errors: the error, when it has lasted too long. */
  async #retryLater(error: KafkaError): Promise<void> {
    const { clock, log, place } = this.#parts;
    if (clock.monotonicMs() - this.#lastAnswerMs > this.#settings.retryTimeoutMs)
      throw kafkaFailure(place, "fetch", error);
    log.warn({ reason: error.message, delayMs: this.#retryWaitMs }, "Kafka does not answer a fetch; retrying");
    await new Promise<void>((resolve) => {
      this.#retry?.timer.cancel();
      this.#retry?.resolve();
      this.#retry = { resolve, timer: clock.after(this.#retryWaitMs, resolve) };
    });
    this.#retryWaitMs = Math.min(RETRY_WAIT_MS_MAX, this.#retryWaitMs * 2);
    if (this.#isClosed) return;
    try {
      await this.#findLeaders();
    } catch (lookup) {
      if (!(lookup instanceof KafkaError && lookup.isRetriable)) throw kafkaFailure(place, "look up leaders", lookup);
      log.debug({ reason: lookup.message }, "leaders cannot be looked up yet");
    }
  }

  async #findLeaders(): Promise<void> {
    for (const topic of new Set(this.#partitions.map((each) => each.topic))) {
      const infos = await this.#parts.client.partitionsOf(topic);
      if (infos === null)
        throw new KafkaError("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${topic}`, { isRetriable: true });
      for (const reading of this.#partitions)
        if (reading.topic === topic)
          reading.leader = infos.find(({ partition }) => partition === reading.partition)?.leader ?? -1;
    }
  }
}
