/**
 * Owns: the splits of a Kafka source: one for each partition, with the offsets to read from and to.
 *
 * KSP1 Offsets are fixed when partitions are found, in the JobManager: a task that restarts before the first checkpoint begins where it did.
 */
import { StreamError } from "../../../../base/index.ts";
import type { KafkaClient, OffsetQuery, PartitionInfo } from "../client/kafka-client.ts";
import type { Retries } from "../client/retry.ts";
import type { KafkaPosition, KafkaSourceSettings } from "./source-settings.ts";

export type KafkaSplit = {
  readonly topic: string;
  readonly partition: number;
  /** Of the record to read next. */
  readonly offset: number;
  /** Of the first record not to be read; null: there is no end. */
  readonly end: number | null;
};

type Asked = { readonly client: KafkaClient; readonly retries: Retries; readonly where: string };

/** Errors: KafkaError; SOURCE_FAILED, terminal, when a topic is missing. */
export async function discoverPartitions(
  settings: KafkaSourceSettings<never>,
  { client, retries, where }: Asked,
): Promise<KafkaSplit[]> {
  const partitions: PartitionInfo[] = [];
  for (const topic of settings.topics) {
    const found = await retries.run(() => client.partitionsOf(topic));
    if (found === null)
      throw new StreamError("SOURCE_FAILED", `${where}: there is no topic ${topic}; create it, or correct the name`, {
        destiny: "terminal",
      });
    partitions.push(...found);
  }
  const asked = { client, retries, where };
  const starts =
    settings.start === "committed"
      ? await committed(settings, partitions, asked)
      : await offsetsAt(settings, partitions, settings.start, asked);
  const ends = settings.end === null ? null : await offsetsAt(settings, partitions, settings.end, asked);
  return partitions.map(({ topic, partition }, index) => ({
    topic,
    partition,
    offset: starts[index] as number,
    end: ends === null ? null : (ends[index] as number),
  }));
}

async function committed(
  settings: KafkaSourceSettings<never>,
  partitions: readonly PartitionInfo[],
  asked: Asked,
): Promise<number[]> {
  const offsets = await asked.retries.run(() => asked.client.groupOffsets(settings.group as string, partitions));
  const earliest = await offsetsAt(settings, partitions, "earliest", asked);
  return partitions.map(
    ({ topic, partition }, index) =>
      offsets.find((each) => each.topic === topic && each.partition === partition)?.offset ??
      (earliest[index] as number),
  );
}

async function offsetsAt(
  settings: KafkaSourceSettings<never>,
  partitions: readonly PartitionInfo[],
  position: KafkaPosition,
  asked: Asked,
): Promise<number[]> {
  if (typeof position !== "string" && "offsets" in position) {
    const others = await offsetsAt(settings, partitions, position.otherwise ?? "earliest", asked);
    return partitions.map(
      ({ topic, partition }, index) => position.offsets[topic]?.[partition] ?? (others[index] as number),
    );
  }
  const list = (query: OffsetQuery): Promise<readonly number[]> => asked.retries.run(() => listed(query));
  const listed = async (query: OffsetQuery): Promise<readonly number[]> => {
    // Leaders may have moved since.
    const now = await currentLeaders(partitions, asked.client);
    return await asked.client.listOffsets(now, query, settings.isolation);
  };
  if (typeof position === "string") return [...(await list(position))];
  const found = await list({ timestamp: Number(position.timestamp) });
  if (found.every((offset) => offset >= 0)) return [...found];
  const latest = await list("latest");
  return found.map((offset, index) => (offset >= 0 ? offset : (latest[index] as number)));
}

async function currentLeaders(partitions: readonly PartitionInfo[], client: KafkaClient): Promise<PartitionInfo[]> {
  const infos = new Map<string, readonly PartitionInfo[] | null>();
  for (const { topic } of partitions) if (!infos.has(topic)) infos.set(topic, await client.partitionsOf(topic));
  return partitions.map((each) => infos.get(each.topic)?.find(({ partition }) => partition === each.partition) ?? each);
}
