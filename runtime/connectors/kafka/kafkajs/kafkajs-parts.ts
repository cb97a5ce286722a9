/**
 * Owns: everything of kafkajs that is not its public interface: the only file that reaches into it.
 * Not here: what is done with it (kafkajs-client.ts).
 *
 * KJX1 kafkajs is loaded when the first client is made, so that a job without Kafka does not load it.
 * KJX2 Each part is looked at before it is used. What is missing, as in another version, is an error that names it: nothing is tried
 *     with half of it.
 */
import { createRequire } from "node:module";
import type * as Kafkajs from "kafkajs";
import { StreamError } from "../../../../base/index.ts";

const VERSION = "2.2.4";

/** What `broker.connectionPool.send` takes. */
export type RawRequest<R> = {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer; size(): number }>;
  };
  readonly response: { decode(bytes: Buffer): Promise<R>; parse(decoded: R): Promise<R> };
  readonly logResponseError: boolean;
};

type Partitions<P> = readonly { readonly topic: string; readonly partitions: readonly P[] }[];
type Producer = { readonly transactionalId: string; readonly producerId: string; readonly producerEpoch: number };

export type KafkajsBroker = {
  readonly connectionPool: { send<R>(request: RawRequest<R>): Promise<R> };
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>>;
  listOffsets(query: {
    readonly replicaId: -1;
    readonly isolationLevel: 0 | 1;
    readonly topics: Partitions<{ readonly partition: number; readonly timestamp: number }>;
  }): Promise<{ readonly responses: Partitions<{ readonly partition: number; readonly offset: string }> }>;
  initProducerId(of: {
    readonly transactionalId: string | null;
    readonly transactionTimeout: number;
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(of: Producer & { readonly topics: Partitions<number> }): Promise<unknown>;
  addOffsetsToTxn(of: Producer & { readonly groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    of: Producer & { readonly groupId: string; readonly topics: Partitions<WrittenOffset> },
  ): Promise<unknown>;
  endTxn(of: Producer & { readonly transactionResult: boolean }): Promise<unknown>;
  offsetFetch(of: { readonly groupId: string; readonly topics: Partitions<{ readonly partition: number }> }): Promise<{
    readonly responses: Partitions<{
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string | null;
    }>;
  }>;
  offsetCommit(of: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: Partitions<WrittenOffset>;
  }): Promise<unknown>;
  describeConfigs(of: {
    readonly resources: readonly {
      readonly type: number;
      readonly name: string;
      readonly configNames: readonly string[];
    }[];
  }): Promise<{
    readonly resources: readonly {
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
    }[];
  }>;
};

type WrittenOffset = { readonly partition: number; readonly offset: string; readonly metadata: string };

export type KafkajsCluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  getNodeIds(): readonly string[];
  findBroker(of: { readonly nodeId: string }): Promise<KafkajsBroker>;
  findGroupCoordinator(of: { readonly groupId: string; readonly coordinatorType: 0 | 1 }): Promise<KafkajsBroker>;
};

type ProtocolErrors = {
  readonly errorCodes: readonly {
    readonly code: number;
    readonly type: string;
    readonly retriable: boolean;
    readonly message: string;
  }[];
};

export type KafkajsParts = {
  /** A cluster of its own, with its own connections. */
  createCluster(config: Kafkajs.KafkaConfig): KafkajsCluster;
  readonly errorCodes: ProtocolErrors["errorCodes"];
};

const CLUSTER_CALLS = [
  "connect",
  "disconnect",
  "addMultipleTargetTopics",
  "refreshMetadata",
  "findTopicPartitionMetadata",
  "getNodeIds",
  "findBroker",
  "findGroupCoordinator",
];
const BROKER_CALLS = [
  "listOffsets",
  "initProducerId",
  "addPartitionsToTxn",
  "addOffsetsToTxn",
  "txnOffsetCommit",
  "endTxn",
  "offsetFetch",
  "offsetCommit",
  "describeConfigs",
];

/** Errors: OPTION_INVALID when a part is not there (KJX2). */
export async function loadKafkajs(): Promise<KafkajsParts> {
  const { default: kafkajs } = (await import("kafkajs")) as unknown as { readonly default: typeof Kafkajs };
  const load = createRequire(import.meta.url);
  const missing: string[] = [];
  const part = <P>(path: string): P | null => {
    try {
      return load(`kafkajs/${path}`) as P;
    } catch (error) {
      missing.push(`${path} (${error instanceof Error ? error.message : String(error)})`);
      return null;
    }
  };
  const version = part<{ readonly version: string }>("package.json")?.version;
  const Broker = part<new () => object>("src/broker/index.js");
  const Cluster = part<new () => object>("src/cluster/index.js");
  const ConnectionPool = part<new () => object>("src/network/connectionPool.js");
  const errors = part<ProtocolErrors>("src/protocol/error.js");
  missing.push(...missingCalls("Broker", Broker, BROKER_CALLS), ...missingCalls("Cluster", Cluster, CLUSTER_CALLS));
  missing.push(...missingCalls("ConnectionPool", ConnectionPool, ["send"]));
  const createCluster = Object.getOwnPropertySymbols(new kafkajs.Kafka({ brokers: ["localhost:1"], logLevel: 0 })).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  if (createCluster === undefined) missing.push("the private createCluster of Kafka");
  if (!Array.isArray(errors?.errorCodes)) missing.push("errorCodes of src/protocol/error.js");
  const Queue = part<new () => object>("src/network/requestQueue/index.js");
  missing.push(...missingCalls("RequestQueue", Queue, ["scheduleCheckPendingRequests"]));
  if (missing.length > 0 || Queue === null || createCluster === undefined || errors === null)
    throw unsuitable(version, missing);
  mend(Queue);
  return {
    errorCodes: errors.errorCodes,
    createCluster: (config) => {
      const made = new kafkajs.Kafka(config) as unknown as Readonly<
        Record<
          symbol,
          (of: { readonly allowAutoTopicCreation: boolean; readonly metadataMaxAge: number }) => KafkajsCluster
        >
      >;
      return (made[createCluster] as (of: object) => KafkajsCluster)({
        allowAutoTopicCreation: false,
        metadataMaxAge: METADATA_MAX_AGE_MS,
      });
    },
  };
}

type RequestQueue = { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void };

/**
 * After every answer its queue arms a timer to look for requests that wait, also when none does: with a negative delay, which Node 24 warns of
 * (tulios/kafkajs#1751), and again each millisecond. Where nothing waits nothing is armed now; what is put there later arms it.
 */
const mended = new WeakSet<object>();

function mend(Queue: new () => object): void {
  if (mended.has(Queue)) return;
  mended.add(Queue);
  const prototype = Queue.prototype as RequestQueue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}

const METADATA_MAX_AGE_MS = 300_000;

function missingCalls(name: string, made: (new () => object) | null, calls: readonly string[]): string[] {
  if (made === null) return [];
  const prototype = made.prototype as Readonly<Record<string, unknown>>;
  return calls.filter((call) => typeof prototype[call] !== "function").map((call) => `${name}.${call}`);
}

function unsuitable(version: string | undefined, missing: readonly string[]): StreamError {
  return new StreamError(
    "OPTION_INVALID",
    `the Kafka connector works on kafkajs ${VERSION}; what is installed is ${version ?? "another package"}, and lacks: ${missing.join(", ")}. Install kafkajs@${VERSION}`,
    { destiny: "terminal" },
  );
}
