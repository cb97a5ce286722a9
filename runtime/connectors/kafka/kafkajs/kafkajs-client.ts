/**
 * Owns: the port to Kafka on kafkajs: connections, TLS, SASL, framing and most requests are its own.
 * Not here: what is private in it (kafkajs-parts.ts), requests that we encode (wire/), retries.
 *
 * KJC1 A request goes to one broker once. kafkajs retries only while it connects and looks for coordinators.
 * KJC2 What fails is a KafkaError, whatever class of kafkajs it came from.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import type { ISocketFactory, SASLOptions } from "kafkajs";
import type { Log } from "../../../../base/index.ts";
import { KafkaError } from "../client/kafka-error.ts";
import type {
  DescribedTransaction,
  FetchedPartition,
  FetchRequest,
  GroupOffset,
  Isolation,
  KafkaClient,
  OffsetQuery,
  KnownTransaction,
  OpenInPartition,
  PartitionInfo,
  ProducedPartition,
  ProduceRequest,
  ProducerIdentity,
  TopicPartition,
} from "../client/kafka-client.ts";
import type { KafkaConnection } from "../client/connection-options.ts";
import { byTopic, fetchRequest, produceRequest, type WireRequest } from "../wire/requests.ts";
import {
  describeProducersRequest,
  describeTransactionRequest,
  listTransactionsRequest,
  writeMarkerRequest,
} from "../wire/transaction-requests.ts";
import { WireReader } from "../wire/wire-reader.ts";
import { type KafkajsBroker, type KafkajsCluster, type KafkajsParts, loadKafkajs } from "./kafkajs-parts.ts";

const GROUP_COORDINATOR = 0;
const TRANSACTION_COORDINATOR = 1;
const BROKER_RESOURCE = 4;
const EARLIEST = -2;
const LATEST = -1;
const CONNECT_RETRIES = 3;
const RETRY_WAIT_MS = 100;

/** Names that are newer than kafkajs. */
const newerErrors: Readonly<Record<number, string>> = {
  89: "THROTTLING_QUOTA_EXCEEDED",
  90: "PRODUCER_FENCED",
  105: "TRANSACTIONAL_ID_NOT_FOUND",
  120: "TRANSACTION_ABORTABLE",
};

/** What the protocol calls it now (KCL3). */
const renamed: Readonly<Record<string, string>> = {
  UNKNOWN: "UNKNOWN_SERVER_ERROR",
  NOT_LEADER_FOR_PARTITION: "NOT_LEADER_OR_FOLLOWER",
  GROUP_LOAD_IN_PROGRESS: "COORDINATOR_LOAD_IN_PROGRESS",
  GROUP_COORDINATOR_NOT_AVAILABLE: "COORDINATOR_NOT_AVAILABLE",
  NOT_COORDINATOR_FOR_GROUP: "NOT_COORDINATOR",
};

export class KafkajsClient implements KafkaClient {
  readonly #connection: KafkaConnection;
  readonly #log: Log;
  #parts!: KafkajsParts;
  #cluster!: KafkajsCluster;

  constructor(connection: KafkaConnection, log: Log) {
    this.#connection = connection;
    this.#log = log;
  }

  async connect(): Promise<void> {
    this.#parts = await loadKafkajs();
    const { brokers, clientId, ssl, sasl, connectTimeoutMs, requestTimeoutMs } = this.#connection;
    this.#cluster = this.#parts.createCluster({
      brokers: [...brokers],
      clientId,
      connectionTimeout: connectTimeoutMs,
      authenticationTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      socketFactory: openSocket,
      retry: { initialRetryTime: RETRY_WAIT_MS, retries: Math.max(CONNECT_RETRIES, brokers.length) },
      logCreator: () => (entry) => {
        this.#log.debug({ kafkajs: entry.log.message, namespace: entry.namespace }, "the Kafka client reports");
      },
      ...(ssl === undefined ? {} : { ssl: ssl === true ? true : { ...ssl } }),
      ...(sasl === undefined ? {} : { sasl: { ...sasl } as SASLOptions }),
    });
    await this.#asked(async () => {
      await this.#cluster.connect();
      await this.#cluster.refreshMetadata();
    });
  }

  partitionsOf(topic: string): Promise<readonly PartitionInfo[] | null> {
    return this.#asked(async () => {
      try {
        await this.#cluster.addMultipleTargetTopics([topic]);
        await this.#cluster.refreshMetadata();
      } catch (error) {
        if (typeOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") return null;
        throw error;
      }
      const partitions = this.#cluster.findTopicPartitionMetadata(topic);
      return partitions
        .map(({ partitionId, leader }) => ({ topic, partition: partitionId, leader }))
        .sort((left, right) => left.partition - right.partition);
    });
  }

  async listOffsets(partitions: readonly PartitionInfo[], query: OffsetQuery, isolation: Isolation): Promise<number[]> {
    const timestamp = query === "earliest" ? EARLIEST : query === "latest" ? LATEST : query.timestamp;
    const found = new Map<string, number>();
    for (const node of new Set(partitions.map(({ leader }) => leader))) {
      const asked = partitions.filter(({ leader }) => leader === node).map((each) => ({ ...each, timestamp }));
      const { responses } = await this.#asked(async () => {
        const broker = await this.#broker(node);
        return await broker.listOffsets({
          replicaId: -1,
          isolationLevel: isolation === "read_committed" ? 1 : 0,
          topics: inTopics(asked),
        });
      });
      for (const { topic, partitions: answers } of responses)
        for (const { partition, offset } of answers) found.set(nameOf({ topic, partition }), Number(offset));
    }
    return partitions.map((each) => found.get(nameOf(each)) ?? -1);
  }

  fetch(request: FetchRequest): Promise<FetchedPartition[]> {
    return this.#send(
      request.node,
      fetchRequest(request, (code) => this.#errorName(code)),
    );
  }

  produce(request: ProduceRequest): Promise<ProducedPartition[]> {
    return this.#send(
      request.node,
      produceRequest(request, (code) => this.#errorName(code)),
    );
  }

  initProducer(transactionalId: string | null, timeoutMs: number): Promise<ProducerIdentity> {
    return this.#asked(async () => {
      const broker =
        transactionalId === null
          ? await this.#anyBroker()
          : await this.#coordinator(transactionalId, TRANSACTION_COORDINATOR);
      const { producerId, producerEpoch } = await broker.initProducerId({
        transactionalId,
        transactionTimeout: timeoutMs,
      });
      return { transactionalId, producerId: Number(producerId), epoch: producerEpoch };
    });
  }

  addPartitions(producer: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void> {
    return this.#inTransaction(producer, (broker, owner) =>
      broker.addPartitionsToTxn({
        ...owner,
        topics: inTopics(partitions).map(({ topic, partitions: some }) => ({
          topic,
          partitions: some.map(({ partition }) => partition),
        })),
      }),
    );
  }

  endTransaction(producer: ProducerIdentity, outcome: "commit" | "abort"): Promise<void> {
    return this.#inTransaction(producer, (broker, owner) =>
      broker.endTxn({ ...owner, transactionResult: outcome === "commit" }),
    );
  }

  async transactions(prefix: string): Promise<KnownTransaction[]> {
    const request = listTransactionsRequest((code) => {
      throw this.#protocolError(code);
    });
    const known: KnownTransaction[] = [];
    await this.#asked(() => this.#cluster.refreshMetadata());
    for (const node of this.#cluster.getNodeIds()) known.push(...(await this.#send(Number(node), request)));
    return known.filter(({ transactionalId }) => transactionalId.startsWith(prefix));
  }

  async describeTransaction(transactionalId: string): Promise<DescribedTransaction | null> {
    const request = describeTransactionRequest(transactionalId, (code) => {
      throw this.#protocolError(code);
    });
    const [described] = await this.#asked(async () =>
      this.#sendTo(await this.#coordinator(transactionalId, TRANSACTION_COORDINATOR), request),
    );
    return described ?? null;
  }

  async openInPartitions(partitions: readonly PartitionInfo[]): Promise<OpenInPartition[]> {
    const open: OpenInPartition[] = [];
    for (const node of new Set(partitions.map(({ leader }) => leader))) {
      const asked = partitions.filter(({ leader }) => leader === node);
      open.push(...(await this.#send(node, describeProducersRequest(asked))));
    }
    return open;
  }

  async endInPartition(open: OpenInPartition, leader: number, outcome: "commit" | "abort"): Promise<void> {
    const request = writeMarkerRequest(open, outcome, (code) => this.#errorName(code));
    const { error } = await this.#send(leader, request);
    if (error === null) return;
    const message = `partition ${open.partition} of ${open.topic} does not let a transaction be ended past its coordinator`;
    throw new KafkaError(error, message, { isRetriable: false });
  }

  groupOffsets(group: string, partitions: readonly TopicPartition[]): Promise<GroupOffset[]> {
    return this.#asked(async () => {
      const broker = await this.#coordinator(group, GROUP_COORDINATOR);
      const { responses } = await broker.offsetFetch({ groupId: group, topics: inTopics(partitions) });
      return responses
        .flatMap(({ topic, partitions: some }) =>
          some.map(({ partition, offset, metadata }) => ({
            topic,
            partition,
            offset: Number(offset),
            metadata: metadata ?? "",
          })),
        )
        .filter(({ offset }) => offset >= 0);
    });
  }

  commitGroupOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void> {
    return this.#asked(async () => {
      const broker = await this.#coordinator(group, GROUP_COORDINATOR);
      await broker.offsetCommit({
        groupId: group,
        groupGenerationId: -1,
        memberId: "",
        topics: inTopics(offsets.map(written)),
      });
    });
  }

  async addGroupOffset(producer: ProducerIdentity, group: string, offset: GroupOffset): Promise<void> {
    await this.#inTransaction(producer, (broker, owner) => broker.addOffsetsToTxn({ ...owner, groupId: group }));
    await this.#asked(async () => {
      const broker = await this.#coordinator(group, GROUP_COORDINATOR);
      await broker.txnOffsetCommit({ ...ownerOf(producer), groupId: group, topics: inTopics([written(offset)]) });
    });
  }

  brokerSetting(name: string): Promise<string | null> {
    return this.#asked(async () => {
      const node = this.#cluster.getNodeIds()[0];
      if (node === undefined) return null;
      const broker = await this.#broker(Number(node));
      const { resources } = await broker.describeConfigs({
        resources: [{ type: BROKER_RESOURCE, name: node, configNames: [name] }],
      });
      return resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue ?? null;
    });
  }

  async close(): Promise<void> {
    // Absent: it was never connected.
    if (this.#cluster !== undefined) await this.#cluster.disconnect();
  }

  async #inTransaction(
    producer: ProducerIdentity,
    send: (broker: KafkajsBroker, owner: ReturnType<typeof ownerOf>) => Promise<unknown>,
  ): Promise<void> {
    await this.#asked(async () => {
      const owner = ownerOf(producer);
      await send(await this.#coordinator(owner.transactionalId, TRANSACTION_COORDINATOR), owner);
    });
  }

  async #send<R>(node: number, request: WireRequest<R>): Promise<R> {
    return await this.#asked(async () => this.#sendTo(await this.#broker(node), request));
  }

  async #sendTo<R>(broker: KafkajsBroker, request: WireRequest<R>): Promise<R> {
    this.#checkVersion(broker, request);
    return await broker.connectionPool.send({
      request: {
        apiKey: request.apiKey,
        apiVersion: request.apiVersion,
        apiName: request.name,
        encode: async () => {
          const body = request.encode();
          return { buf: body, buffer: body, size: () => body.length };
        },
      },
      response: { decode: async (bytes) => request.decode(new WireReader(bytes)), parse: async (decoded) => decoded },
      logResponseError: false,
    });
  }

  #checkVersion(broker: KafkajsBroker, { name, apiKey, apiVersion }: WireRequest<unknown>): void {
    const supported = broker.versions[apiKey];
    if (supported !== undefined && supported.minVersion <= apiVersion && apiVersion <= supported.maxVersion) return;
    const range = supported === undefined ? "none" : `${supported.minVersion} to ${supported.maxVersion}`;
    throw new KafkaError(
      "UNSUPPORTED_VERSION",
      `the broker supports versions ${range} of ${name}, version ${apiVersion} is needed; use Kafka 3.0 or later`,
      { isRetriable: false },
    );
  }

  async #broker(node: number): Promise<KafkajsBroker> {
    if (node < 0)
      throw new KafkaError("LEADER_NOT_AVAILABLE", "the partition has no leader at present", { isRetriable: true });
    return await this.#cluster.findBroker({ nodeId: String(node) });
  }

  async #anyBroker(): Promise<KafkajsBroker> {
    return await this.#broker(Number(this.#cluster.getNodeIds()[0] ?? -1));
  }

  #coordinator(id: string, coordinatorType: 0 | 1): Promise<KafkajsBroker> {
    return this.#cluster.findGroupCoordinator({ groupId: id, coordinatorType });
  }

  async #asked<R>(ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      throw error instanceof KafkaError ? error : kafkaErrorOf(error);
    }
  }

  #errorName(code: number): string | null {
    if (code === 0) return null;
    const type = this.#parts.errorCodes.find((each) => each.code === code)?.type;
    return (type === undefined ? newerErrors[code] : (renamed[type] ?? type)) ?? `ERROR_${code}`;
  }

  #protocolError(code: number): KafkaError {
    const known = this.#parts.errorCodes.find((each) => each.code === code);
    const type = this.#errorName(code) as string;
    return new KafkaError(type, known?.message ?? `the broker answers error ${code}`, {
      isRetriable: known?.retriable ?? false,
    });
  }
}

const KEEP_ALIVE_MS = 60_000;

/** As kafkajs does it; but while a broker is away it adds a listener to the dead socket with every attempt, which Node would warn of. */
const openSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket: Socket = ssl
    ? connectSecurely({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : connect({ host, port }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setMaxListeners(0);
  return socket;
};

type KafkajsFailure = {
  readonly name?: string;
  readonly type?: string;
  readonly code?: unknown;
  readonly retriable?: boolean;
  readonly message?: string;
  readonly cause?: unknown;
};

/** The error below `KafkaJSNumberOfRetriesExceeded`. */
function innermost(error: unknown): KafkajsFailure {
  const failure = error as KafkajsFailure;
  return failure.name === "KafkaJSNumberOfRetriesExceeded" && failure.cause !== undefined
    ? innermost(failure.cause)
    : failure;
}

const typeOf = (error: unknown): string | undefined => innermost(error).type;

/** Errors of ours, bugs among them, stay what they are. */
function kafkaErrorOf(error: unknown): unknown {
  const { name = "", type, code, retriable = false, message = String(error) } = innermost(error);
  if (type !== undefined) {
    const newer = type === "KAFKAJS_UNKNOWN_ERROR_CODE" ? newerErrors[Number(/\d+$/.exec(message)?.[0])] : undefined;
    return new KafkaError(newer ?? renamed[type] ?? type, message, { isRetriable: retriable, cause: error });
  }
  if (!name.startsWith("KafkaJS")) return error;
  if (name.includes("SASL"))
    return new KafkaError("AUTHENTICATION_FAILED", message, { isRetriable: false, cause: error });
  if (name === "KafkaJSRequestTimeoutError")
    return new KafkaError("REQUEST_TIMED_OUT", message, { isRetriable: true, cause: error });
  const isConnection = /Connection|BrokerNotFound|MetadataNotLoaded|LockTimeout|GroupCoordinatorNotFound/.test(name);
  const told = typeof code === "string" && !message.includes(code) ? `${message} (${code})` : message;
  return new KafkaError(isConnection ? "CONNECTION_FAILED" : name, told, {
    isRetriable: isConnection || retriable,
    cause: error,
  });
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

const written = ({ topic, partition, offset, metadata }: GroupOffset) => ({
  topic,
  partition,
  offset: String(offset),
  metadata,
});

function ownerOf({ transactionalId, producerId, epoch }: ProducerIdentity) {
  return { transactionalId: transactionalId ?? "", producerId: String(producerId), producerEpoch: epoch };
}

/** As kafkajs takes them. */
const inTopics = <P extends TopicPartition>(partitions: readonly P[]): { topic: string; partitions: P[] }[] =>
  byTopic(partitions).map(([topic, some]) => ({ topic, partitions: some }));
