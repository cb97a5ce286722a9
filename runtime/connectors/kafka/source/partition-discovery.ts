/**
 * Owns: finding partitions while the job runs, and who reads which. It lives in the JobManager (split-enumerator.ts in room ports).
 * Not here: reading (kafka-reader.ts), the partitions of a bounded source, which are found once (splits.ts).
 *
 * KPD1 Partitions that are there when the job starts without state begin where `start` says; later ones at their earliest record, whatever `start` says:
 *      their records were written while the job ran, and none may be missing (EO-10).
 * KPD2 A partition that was found is known for good: it is given out once, and comes back only by `addSplitsBack`. After a change from state without known
 *      partitions, nothing is given out before all readers have told which ones they have.
 * KPD3 A look that fails is logged and repeated at the next time, except the first one of a start without state: without it there is nothing to read.
 */
import type { EnumeratorContext, SplitEnumerator } from "../../../ports/index.ts";
import type { KafkaClient } from "../client/kafka-client.ts";
import { KafkaError, kafkaFailure } from "../client/kafka-error.ts";
import { Retries } from "../client/retry.ts";
import type { KafkaSourceSettings } from "./source-settings.ts";
import { discoverPartitions, type KafkaSplit } from "./splits.ts";

export type DiscoveryState = {
  /** Of partitions that were given out, or wait: `<topic>-<partition>`. */
  readonly known: readonly string[];
  readonly waiting: readonly KafkaSplit[];
};

const nameOf = ({ topic, partition }: Pick<KafkaSplit, "topic" | "partition">): string => `${topic}-${partition}`;

export type DiscoveryParts = {
  readonly settings: KafkaSourceSettings<never>;
  readonly everyMs: number;
  /** A client that is not connected. */
  readonly client: KafkaClient;
};

export class PartitionDiscovery implements SplitEnumerator<KafkaSplit, DiscoveryState> {
  readonly #context: EnumeratorContext<KafkaSplit>;
  readonly #parts: DiscoveryParts;
  readonly #retries: Retries;
  readonly #known = new Set<string>();
  readonly #told = new Set<number>();
  #waiting: KafkaSplit[] = [];
  /** Found before all readers had told what they have (KPD2). */
  #found: readonly KafkaSplit[] = [];
  #isFirst: boolean;
  #isConnected = false;

  constructor(parts: DiscoveryParts, context: EnumeratorContext<KafkaSplit>) {
    this.#parts = parts;
    this.#context = context;
    this.#retries = new Retries(context.clock, parts.settings.retryTimeoutMs);
    const { restored } = context;
    this.#isFirst = restored.kind === "none";
    if (restored.kind !== "state") return;
    const { known, waiting } = restored.state as DiscoveryState;
    for (const name of known) this.#known.add(name);
    this.#waiting = [...waiting];
  }

  start(): void {
    this.#context.callAsync(
      () => this.#look(),
      (found) => this.#take(found),
      this.#parts.everyMs,
    );
  }

  addReader(subtask: number, splits: readonly KafkaSplit[]): void {
    this.#told.add(subtask);
    for (const split of splits) this.#known.add(nameOf(split));
    this.#take(this.#found);
    this.#assign();
  }

  addSplitsBack(splits: readonly KafkaSplit[]): void {
    this.#waiting.push(...splits);
    this.#assign();
  }

  snapshot(): DiscoveryState {
    return { known: [...this.#known], waiting: [...this.#waiting] };
  }

  async close(): Promise<void> {
    this.#retries.close();
    if (this.#isConnected) await this.#parts.client.close();
  }

  async #look(): Promise<readonly KafkaSplit[]> {
    const { settings, client } = this.#parts;
    const where = `source ${this.#context.name} at ${settings.connection.brokers.join(", ")}`;
    try {
      if (!this.#isConnected) {
        await client.connect();
        this.#isConnected = true;
      }
      const asked = { client, retries: this.#retries, where };
      return this.#isFirst ? await discoverPartitions(settings, asked) : await this.#lookForNew();
    } catch (error) {
      if (this.#isFirst || !(error instanceof KafkaError))
        throw kafkaFailure({ code: "SOURCE_FAILED", where }, "find partitions and offsets", error);
      this.#context.log.warn({ reason: error.message }, "new partitions cannot be looked for now; trying again later");
      return [];
    }
  }

  /** Where they begin is asked of those that are new only. */
  async #lookForNew(): Promise<KafkaSplit[]> {
    const { settings, client } = this.#parts;
    const found: KafkaSplit[] = [];
    for (const topic of settings.topics) {
      const infos = await client.partitionsOf(topic);
      if (infos === null)
        throw new KafkaError("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${topic}`, { isRetriable: true });
      const fresh = infos.filter((info) => !this.#known.has(nameOf(info)));
      const offsets = await client.listOffsets(fresh, "earliest", settings.isolation);
      found.push(
        ...fresh.map(({ partition }, index) => ({ topic, partition, offset: offsets[index] as number, end: null })),
      );
    }
    return found;
  }

  #take(found: readonly KafkaSplit[]): void {
    const { restored, parallelism, log } = this.#context;
    if (restored.kind === "readersOnly" && this.#told.size < parallelism) {
      this.#found = found;
      return;
    }
    this.#found = [];
    for (const split of found) {
      if (this.#known.has(nameOf(split))) continue;
      if (!this.#isFirst) log.info({ topic: split.topic, partition: split.partition }, "a new partition was found");
      this.#known.add(nameOf(split));
      this.#waiting.push(split);
    }
    if (found.length > 0) this.#isFirst = false;
    this.#assign();
  }

  #assign(): void {
    const running = new Set(this.#context.readers());
    const left: KafkaSplit[] = [];
    const shares = new Map<number, KafkaSplit[]>();
    for (const split of this.#waiting) {
      const owner = this.#ownerOf(split);
      if (running.has(owner)) shares.set(owner, [...(shares.get(owner) ?? []), split]);
      else left.push(split);
    }
    this.#waiting = left;
    for (const [owner, splits] of shares) this.#context.assign(owner, splits);
  }

  /** Partitions of a topic go to the subtasks in turn, each topic beginning with another one. */
  #ownerOf({ topic, partition }: KafkaSplit): number {
    let hash = 0;
    for (let index = 0; index < topic.length; index++) hash = (Math.imul(hash, 31) + topic.charCodeAt(index)) | 0;
    return ((hash >>> 1) + partition) % this.#context.parallelism;
  }
}
