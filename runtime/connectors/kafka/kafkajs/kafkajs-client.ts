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
import type { GroupOffset, PartitionInfo, ProducerIdentity, TopicPartition } from "../client/kafka-client.ts";
import {
  BROKER_RESOURCE,
  checkLeader,
  checkVersion,
  EncodingClient,
  type FoundOffset,
  GROUP,
  type OffsetQuestion,
  TRANSACTION,
} from "../client/encoding-client.ts";
import type { KafkaConnection } from "../client/connection-options.ts";
import { byTopic, type WireRequest } from "../wire/requests.ts";
import { WireReader } from "../wire/wire-reader.ts";
import { type KafkajsBroker, type KafkajsCluster, type KafkajsParts, loadKafkajs } from "./kafkajs-parts.ts";

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
  GROUP_NOT_AVAILABLE: "COORDINATOR_NOT_AVAILABLE",
  NOT_COORDINATOR_FOR_GROUP: "NOT_COORDINATOR",
};

export class KafkajsClient extends EncodingClient {
  readonly #connection: KafkaConnection;
  readonly #log: Log;
  #parts!: KafkajsParts;
  #cluster!: KafkajsCluster;

  constructor(connection: KafkaConnection, log: Log) {
    super();
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

  initProducer(transactionalId: string | null, timeoutMs: number): Promise<ProducerIdentity> {
    return this.#asked(async () => {
      const broker =
        transactionalId === null ? await this.#anyBroker() : await this.#coordinator(transactionalId, TRANSACTION);
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

  groupOffsets(group: string, partitions: readonly TopicPartition[]): Promise<GroupOffset[]> {
    return this.#asked(async () => {
      const broker = await this.#coordinator(group, GROUP);
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
      const broker = await this.#coordinator(group, GROUP);
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
      const broker = await this.#coordinator(group, GROUP);
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

  protected nodes(): Promise<readonly number[]> {
    return this.#asked(async () => {
      await this.#cluster.refreshMetadata();
      return this.#cluster.getNodeIds().map(Number);
    });
  }

  protected offsetsAt(
    node: number,
    partitions: readonly PartitionInfo[],
    { timestamp, isolationLevel }: OffsetQuestion,
  ): Promise<readonly FoundOffset[]> {
    return this.#asked(async () => {
      const broker = await this.#broker(node);
      const topics = inTopics(partitions.map((each) => ({ ...each, timestamp })));
      const { responses } = await broker.listOffsets({ replicaId: -1, isolationLevel, topics });
      return responses.flatMap(({ topic, partitions: some }) =>
        some.map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })),
      );
    });
  }

  protected send<R>(node: number, request: WireRequest<R>): Promise<R> {
    return this.#asked(async () => this.#sendTo(await this.#broker(node), request));
  }

  protected sendToCoordinator<R>(transactionalId: string, request: WireRequest<R>): Promise<R> {
    return this.#asked(async () => this.#sendTo(await this.#coordinator(transactionalId, TRANSACTION), request));
  }

  async #inTransaction(
    producer: ProducerIdentity,
    send: (broker: KafkajsBroker, owner: ReturnType<typeof ownerOf>) => Promise<unknown>,
  ): Promise<void> {
    await this.#asked(async () => {
      const owner = ownerOf(producer);
      await send(await this.#coordinator(owner.transactionalId, TRANSACTION), owner);
    });
  }

  async #sendTo<R>(broker: KafkajsBroker, request: WireRequest<R>): Promise<R> {
    checkVersion(request, broker.versions[request.apiKey]);
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

  async #broker(node: number): Promise<KafkajsBroker> {
    checkLeader(node);
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

  protected errorName(code: number): string | null {
    if (code === 0) return null;
    const type = this.#parts.errorCodes.find((each) => each.code === code)?.type;
    return (type === undefined ? newerErrors[code] : (renamed[type] ?? type)) ?? `ERROR_${code}`;
  }

  protected protocolError(code: number): KafkaError {
    const known = this.#parts.errorCodes.find((each) => each.code === code);
    const type = this.errorName(code) as string;
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
