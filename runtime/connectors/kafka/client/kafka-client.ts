/**
 * Owns: the port to Kafka: the requests that the source and the sink make, in the words of the protocol.
 * Not here: how they are sent (kafkajs/, platformatic/), batches of records (wire/), retries (retry.ts): an operation here is one attempt.
 *
 * KCL1 An operation that fails rejects with a KafkaError. `fetch` and `produce` answer for each partition instead, as the broker does.
 * KCL2 Nothing here initializes or aborts a transaction by itself: `endTransaction` with a saved identity is the plain request, so what
 *      another process prepared can be committed (EO-8).
 * KCL3 Errors have the names of Kafka's protocol of today, whatever the library calls them.
 */

export type TopicPartition = { readonly topic: string; readonly partition: number };

/** `leader`: the node that serves it; -1: none at present. */
export type PartitionInfo = TopicPartition & { readonly leader: number };

/** Whom a broker takes for one producer. Without `transactionalId` it is idempotent and nothing more. */
export type ProducerIdentity = {
  readonly transactionalId: string | null;
  readonly producerId: number;
  readonly epoch: number;
};

export type Isolation = "read_committed" | "read_uncommitted";

/** `epoch milliseconds`: the first record that is not older. `latest`: the last stable offset under read_committed. */
export type OffsetQuery = "earliest" | "latest" | { readonly timestamp: number };

export type FetchRequest = {
  readonly node: number;
  readonly partitions: readonly (TopicPartition & { readonly offset: number })[];
  readonly isolation: Isolation;
  readonly maxWaitMs: number;
  /** A first batch that is larger comes all the same. */
  readonly partitionBytesMax: number;
};

export type AbortedTransaction = { readonly producerId: number; readonly firstOffset: number };

/** `error`: null, or the protocol's name, such as OFFSET_OUT_OF_RANGE. */
export type FetchedPartition = TopicPartition & {
  readonly error: string | null;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** Under read_committed: whose records in what was fetched are to be left out, from which offset on. */
  readonly aborted: readonly AbortedTransaction[];
  /** Batches of records as they are in the log; the last one may be cut off. */
  readonly records: Buffer;
};

export type ProduceRequest = {
  readonly node: number;
  readonly transactionalId: string | null;
  /** -1: all in-sync replicas have it; 1: the leader has. */
  readonly acks: -1 | 1;
  /** One batch of records for each partition. */
  readonly batches: readonly (TopicPartition & { readonly records: Buffer })[];
};

/** `offset`: that of the batch's first record; -1 where there is an error. */
export type ProducedPartition = TopicPartition & { readonly error: string | null; readonly offset: number };

/** `state`: the protocol's name; see transaction-state.ts. */
export type KnownTransaction = {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly state: string;
};

/** More of one, as its coordinator tells it. `startedMs`: epoch milliseconds; -1: none is open. `partitions`: those that are in it. */
export type DescribedTransaction = KnownTransaction & {
  readonly epoch: number;
  readonly timeoutMs: number;
  readonly startedMs: number;
  readonly partitions: readonly TopicPartition[];
};

/** A transaction that the leader of a partition takes for open there; `coordinatorEpoch`: of the last who ended one of this producer, or -1. */
export type OpenInPartition = TopicPartition & {
  readonly producerId: number;
  readonly epoch: number;
  readonly coordinatorEpoch: number;
};

export type GroupOffset = TopicPartition & { readonly offset: number; readonly metadata: string };

/** A client of one cluster; one for each reader and writer. */
export interface KafkaClient {
  /** Errors: no broker answers, the credentials are wrong, the protocol is too old. */
  connect(): Promise<void>;
  /** The partitions as the cluster knows them now; null: there is no such topic. */
  partitionsOf(topic: string): Promise<readonly PartitionInfo[] | null>;
  /** In the order asked for. -1: no record is that new. */
  listOffsets(
    partitions: readonly PartitionInfo[],
    query: OffsetQuery,
    isolation: Isolation,
  ): Promise<readonly number[]>;
  fetch(request: FetchRequest): Promise<readonly FetchedPartition[]>;
  produce(request: ProduceRequest): Promise<readonly ProducedPartition[]>;
  /**
   * A new epoch of the producer. With a transactional id it fences whoever had the id, and aborts what that one left open.
   * `timeoutMs`: after which the broker aborts a transaction that is not ended.
   */
  initProducer(transactionalId: string | null, timeoutMs: number): Promise<ProducerIdentity>;
  addPartitions(producer: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void>;
  /** May be repeated: a second commit of what is committed is no error. */
  endTransaction(producer: ProducerIdentity, outcome: "commit" | "abort"): Promise<void>;
  /** The last transaction of each id of the whole cluster that begins with `prefix`. */
  transactions(prefix: string): Promise<readonly KnownTransaction[]>;
  /** The last transaction of this id; null: its coordinator does not know it, or not any more. Needs the right Describe on the id. */
  describeTransaction(transactionalId: string): Promise<DescribedTransaction | null>;
  /** As the leaders of these partitions say, whatever coordinators know. */
  openInPartitions(partitions: readonly PartitionInfo[]): Promise<readonly OpenInPartition[]>;
  /** Ends one in its partition, past its coordinator: only one that its coordinator has given up (KTF5). Needs the right Alter on the cluster. */
  endInPartition(open: OpenInPartition, leader: number, outcome: "commit" | "abort"): Promise<void>;
  /** The offsets of a group; partitions without one are left out. */
  groupOffsets(group: string, partitions: readonly TopicPartition[]): Promise<readonly GroupOffset[]>;
  commitGroupOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void>;
  /** The same as part of a transaction: there when it is committed. */
  addGroupOffset(producer: ProducerIdentity, group: string, offset: GroupOffset): Promise<void>;
  /** A setting of a broker, such as `transaction.max.timeout.ms`; null when it may not be read. */
  brokerSetting(name: string): Promise<string | null>;
  close(): Promise<void>;
}
