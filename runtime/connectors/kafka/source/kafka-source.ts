/**
 * Owns: the source of the records of topics of Kafka.
 * Not here: which offsets to read (splits.ts), reading (kafka-reader.ts).
 */
import type { ReaderContext, Source, SourceContext } from "../../../ports/index.ts";
import { kafkaFailure } from "../client/kafka-error.ts";
import { Retries } from "../client/retry.ts";
import { createKafkaClient } from "../create-client.ts";
import { type KafkaFormat, textFormat } from "./formats.ts";
import { KafkaReader } from "./kafka-reader.ts";
import { PartitionDiscovery } from "./partition-discovery.ts";
import { type KafkaSourceOptions, type KafkaSourceSettings, readSourceSettings } from "./source-settings.ts";
import { discoverPartitions, type KafkaSplit } from "./splits.ts";

/**
 * The records of topics, each partition in its order, with their timestamps as event times. Unbounded unless it has an `end`; then partitions that
 * are added while it runs are read too. Errors: OPTION_INVALID; SOURCE_FAILED.
 */
export function kafkaSource(
  options: KafkaSourceOptions<string> & { readonly format?: undefined },
): Source<string, KafkaSplit>;
export function kafkaSource<T>(
  options: KafkaSourceOptions<T> & { readonly format: KafkaFormat<T> },
): Source<T, KafkaSplit>;
export function kafkaSource<T>(options: KafkaSourceOptions<T>): Source<T, KafkaSplit> {
  // The overloads give a format wherever T is no string.
  const settings = readSourceSettings(
    options,
    options.format ?? (textFormat() as KafkaFormat<unknown> as KafkaFormat<T>),
  );
  const source = {
    kind: "source",
    name: settings.name,
    boundedness: settings.end === null ? "unbounded" : "bounded",
    type: settings.format.type,
    createReader: (context: ReaderContext<KafkaSplit>) => new KafkaReader(settings, context),
  } as const;
  const untyped = settings as KafkaSourceSettings<never>;
  const { discoveryMs } = settings;
  if (discoveryMs === null) return { ...source, discover: (context) => discover(untyped, context) };
  return {
    ...source,
    createEnumerator: (context) => {
      const client = createKafkaClient(settings.connection, context.log);
      return new PartitionDiscovery({ settings: untyped, everyMs: discoveryMs, client }, context);
    },
  };
}

async function discover(settings: KafkaSourceSettings<never>, context: SourceContext): Promise<readonly KafkaSplit[]> {
  const where = `source ${context.name} at ${settings.connection.brokers.join(", ")}`;
  const client = createKafkaClient(settings.connection, context.log);
  try {
    await client.connect();
    return await discoverPartitions(settings, {
      client,
      retries: new Retries(context.clock, settings.retryTimeoutMs),
      where,
    });
  } catch (error) {
    throw kafkaFailure({ code: "SOURCE_FAILED", where }, "find partitions and offsets", error);
  } finally {
    await client.close();
  }
}
