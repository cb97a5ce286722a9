/**
 * Owns: what of the port to Kafka is the same whichever library holds the connections: requests that we encode, and which broker is asked what.
 * Not here: connections, and the requests that a library encodes (kafkajs/, platformatic/).
 */
import { fetchRequest, produceRequest, type WireRequest } from "../wire/requests.ts";
import {
  describeProducersRequest,
  describeTransactionRequest,
  listTransactionsRequest,
  writeMarkerRequest,
} from "../wire/transaction-requests.ts";
import { KafkaError } from "./kafka-error.ts";
import type {
  DescribedTransaction,
  FetchedPartition,
  FetchRequest,
  GroupOffset,
  Isolation,
  KafkaClient,
  KnownTransaction,
  OffsetQuery,
  OpenInPartition,
  PartitionInfo,
  ProducedPartition,
  ProduceRequest,
  ProducerIdentity,
  TopicPartition,
} from "./kafka-client.ts";

/** Which kind of coordinator, as FindCoordinator has it. */
export const GROUP = 0;
export const TRANSACTION = 1;
/** Of a broker, as DescribeConfigs has it. */
export const BROKER_RESOURCE = 4 as const;
/** Timestamps of ListOffsets that are none. */
const EARLIEST = -2;
const LATEST = -1;

export type Versions = { readonly minVersion: number; readonly maxVersion: number };
export type FoundOffset = TopicPartition & { readonly offset: number };
/** As ListOffsets takes it. */
export type OffsetQuestion = { readonly timestamp: number; readonly isolationLevel: 0 | 1 };

export abstract class EncodingClient implements KafkaClient {
  abstract connect(): Promise<void>;
  abstract partitionsOf(topic: string): Promise<readonly PartitionInfo[] | null>;
  abstract initProducer(transactionalId: string | null, timeoutMs: number): Promise<ProducerIdentity>;
  abstract addPartitions(producer: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void>;
  abstract endTransaction(producer: ProducerIdentity, outcome: "commit" | "abort"): Promise<void>;
  abstract groupOffsets(group: string, partitions: readonly TopicPartition[]): Promise<GroupOffset[]>;
  abstract commitGroupOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void>;
  abstract addGroupOffset(producer: ProducerIdentity, group: string, offset: GroupOffset): Promise<void>;
  abstract brokerSetting(name: string): Promise<string | null>;
  abstract close(): Promise<void>;

  /** All brokers that there are now. */
  protected abstract nodes(): Promise<readonly number[]>;
  protected abstract send<R>(node: number, request: WireRequest<R>): Promise<R>;
  /** To the coordinator of a transactional id. */
  protected abstract sendToCoordinator<R>(transactionalId: string, request: WireRequest<R>): Promise<R>;
  protected abstract offsetsAt(
    node: number,
    partitions: readonly PartitionInfo[],
    question: OffsetQuestion,
  ): Promise<readonly FoundOffset[]>;
  /** null: no error. */
  protected abstract errorName(code: number): string | null;
  protected abstract protocolError(code: number): KafkaError;

  async listOffsets(partitions: readonly PartitionInfo[], query: OffsetQuery, isolation: Isolation): Promise<number[]> {
    const timestamp = query === "earliest" ? EARLIEST : query === "latest" ? LATEST : query.timestamp;
    const isolationLevel = isolation === "read_committed" ? 1 : 0;
    const found = new Map<string, number>();
    for (const [node, some] of byLeader(partitions)) {
      const offsets = await this.offsetsAt(node, some, { timestamp, isolationLevel });
      for (const each of offsets) found.set(nameOf(each), each.offset);
    }
    return partitions.map((each) => found.get(nameOf(each)) ?? -1);
  }

  fetch(request: FetchRequest): Promise<FetchedPartition[]> {
    return this.send(
      request.node,
      fetchRequest(request, (code) => this.errorName(code)),
    );
  }

  produce(request: ProduceRequest): Promise<ProducedPartition[]> {
    return this.send(
      request.node,
      produceRequest(request, (code) => this.errorName(code)),
    );
  }

  async transactions(prefix: string): Promise<KnownTransaction[]> {
    const request = listTransactionsRequest((code) => {
      throw this.protocolError(code);
    });
    const known: KnownTransaction[] = [];
    for (const node of await this.nodes()) known.push(...(await this.send(node, request)));
    return known.filter(({ transactionalId }) => transactionalId.startsWith(prefix));
  }

  async describeTransaction(transactionalId: string): Promise<DescribedTransaction | null> {
    const request = describeTransactionRequest(transactionalId, (code) => {
      throw this.protocolError(code);
    });
    const [described] = await this.sendToCoordinator(transactionalId, request);
    return described ?? null;
  }

  async openInPartitions(partitions: readonly PartitionInfo[]): Promise<OpenInPartition[]> {
    const open: OpenInPartition[] = [];
    for (const [node, some] of byLeader(partitions))
      open.push(...(await this.send(node, describeProducersRequest(some))));
    return open;
  }

  async endInPartition(open: OpenInPartition, leader: number, outcome: "commit" | "abort"): Promise<void> {
    const request = writeMarkerRequest(open, outcome, (code) => this.errorName(code));
    const { error } = await this.send(leader, request);
    if (error === null) return;
    const message = `partition ${open.partition} of ${open.topic} does not let a transaction be ended past its coordinator`;
    throw new KafkaError(error, message, { isRetriable: false });
  }
}

/** Errors: KafkaError UNSUPPORTED_VERSION. `supported`: undefined: the broker does not know such requests. */
export function checkVersion({ name, apiVersion }: WireRequest<unknown>, supported: Versions | undefined): void {
  if (supported !== undefined && supported.minVersion <= apiVersion && apiVersion <= supported.maxVersion) return;
  const range = supported === undefined ? "none" : `${supported.minVersion} to ${supported.maxVersion}`;
  throw new KafkaError(
    "UNSUPPORTED_VERSION",
    `the broker supports versions ${range} of ${name}, version ${apiVersion} is needed; use Kafka 3.0 or later`,
    { isRetriable: false },
  );
}

/** Errors: KafkaError LEADER_NOT_AVAILABLE, when a partition's leader is none. */
export function checkLeader(node: number): void {
  if (node < 0)
    throw new KafkaError("LEADER_NOT_AVAILABLE", "the partition has no leader at present", { isRetriable: true });
}

function byLeader(partitions: readonly PartitionInfo[]): ReadonlyMap<number, readonly PartitionInfo[]> {
  return Map.groupBy(partitions, ({ leader }) => leader);
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;
