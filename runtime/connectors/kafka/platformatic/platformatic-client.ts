/**
 * Owns: the port to Kafka on @platformatic/kafka: connections, TLS, SASL, framing and most requests are its own.
 * Not here: requests that we encode (wire/), retries.
 *
 * KPF1 Only what the library exports is used: its connection, and its requests one by one. Nothing of its producer and consumer.
 * KPF2 A request goes to one broker once.
 * KPF3 A coordinator is remembered until a request to it fails, whatever with: then it is looked up again.
 */
import type * as Platformatic from "@platformatic/kafka";
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
import { byTopic, fetchRequest, produceRequest, type WireRequest } from "../wire/requests.ts";
import { listTransactionsRequest } from "../wire/transaction-requests.ts";
import { WireReader } from "../wire/wire-reader.ts";
import { type BrokerAddress, type BrokerConnection, BrokerConnections, type Library } from "./broker-connections.ts";
import { kafkaErrorOf } from "./platformatic-errors.ts";

/** The generation of a group that has none. */
const NO_MEMBER = -1;

type Coordinated = typeof GROUP | typeof TRANSACTION;

export class PlatformaticClient extends EncodingClient {
  readonly #settings: KafkaConnection;
  readonly #log: Log;
  #library!: Library;
  #connections!: BrokerConnections;
  #brokers: ReadonlyMap<number, BrokerAddress> = new Map();
  readonly #coordinators = new Map<string, number>();

  constructor(settings: KafkaConnection, log: Log) {
    super();
    this.#settings = settings;
    this.#log = log;
  }

  async connect(): Promise<void> {
    this.#library = await import("@platformatic/kafka");
    this.#connections = new BrokerConnections(this.#library, this.#settings);
    await this.#asked(async () => {
      await this.#checkVersions(await this.#anyBroker());
      await this.#metadata([]);
    });
  }

  partitionsOf(topic: string): Promise<readonly PartitionInfo[] | null> {
    return this.#asked(async () => {
      const [found] = await this.#metadata([topic]);
      if (found === undefined || this.errorName(found.errorCode) === "UNKNOWN_TOPIC_OR_PARTITION") return null;
      if (found.errorCode !== 0) throw this.protocolError(found.errorCode);
      // What is said of a partition is that it has no leader at present; `leaderId` says the same.
      return found.partitions
        .map(({ partitionIndex, leaderId }) => ({ topic, partition: partitionIndex, leader: leaderId }))
        .sort((left, right) => left.partition - right.partition);
    });
  }

  async initProducer(transactionalId: string | null, timeoutMs: number): Promise<ProducerIdentity> {
    const ask = (broker: BrokerConnection) =>
      this.#library.initProducerIdV4.api.async(broker, transactionalId, timeoutMs, -1n, -1);
    const { producerId, producerEpoch } =
      transactionalId === null
        ? await this.#asked(async () => ask(await this.#anyBroker()))
        : await this.#coordinated(TRANSACTION, transactionalId, ask);
    return { transactionalId, producerId: Number(producerId), epoch: producerEpoch };
  }

  async addPartitions(producer: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void> {
    const { transactionalId, producerId, epoch } = ownerOf(producer);
    const topics = inTopics(partitions, ({ partition }) => partition);
    await this.#coordinated(TRANSACTION, transactionalId, (broker) =>
      this.#library.addPartitionsToTxnV3.api.async(broker, [
        { transactionalId, producerId, producerEpoch: epoch, verifyOnly: false, topics },
      ]),
    );
  }

  async endTransaction(producer: ProducerIdentity, outcome: "commit" | "abort"): Promise<void> {
    const { transactionalId, producerId, epoch } = ownerOf(producer);
    await this.#coordinated(TRANSACTION, transactionalId, (broker) =>
      this.#library.endTxnV3.api.async(broker, transactionalId, producerId, epoch, outcome === "commit"),
    );
  }

  async groupOffsets(group: string, partitions: readonly TopicPartition[]): Promise<GroupOffset[]> {
    const topics = byTopic(partitions).map(([name, some]) => ({
      name,
      partitionIndexes: some.map(({ partition }) => partition),
    }));
    const { groups } = await this.#coordinated(GROUP, group, (broker) =>
      this.#library.offsetFetchV8.api.async(broker, [{ groupId: group, memberEpoch: NO_MEMBER, topics }], false),
    );
    const offsets = groups.flatMap((each) =>
      each.topics.flatMap(({ name, partitions: some }) =>
        some.map(({ partitionIndex, committedOffset, metadata }) => ({
          topic: name,
          partition: partitionIndex,
          offset: Number(committedOffset),
          metadata: metadata ?? "",
        })),
      ),
    );
    return offsets.filter(({ offset }) => offset >= 0);
  }

  async commitGroupOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void> {
    await this.#coordinated(GROUP, group, (broker) =>
      this.#library.offsetCommitV8.api.async(broker, group, NO_MEMBER, "", null, inTopics(offsets, written)),
    );
  }

  async addGroupOffset(producer: ProducerIdentity, group: string, offset: GroupOffset): Promise<void> {
    const { transactionalId, producerId, epoch } = ownerOf(producer);
    await this.#coordinated(TRANSACTION, transactionalId, (broker) =>
      this.#library.addOffsetsToTxnV3.api.async(broker, transactionalId, producerId, epoch, group),
    );
    await this.#coordinated(GROUP, group, (broker) =>
      this.#library.txnOffsetCommitV3.api.async(
        broker,
        transactionalId,
        group,
        producerId,
        epoch,
        NO_MEMBER,
        "",
        null,
        inTopics([offset], written),
      ),
    );
  }

  async brokerSetting(name: string): Promise<string | null> {
    const node = this.#brokers.keys().next().value;
    if (node === undefined) return null;
    const resource = { resourceType: BROKER_RESOURCE, resourceName: String(node), configurationKeys: [name] };
    const { results } = await this.#asked(async () =>
      this.#library.describeConfigsV4.api.async(await this.#broker(node), [resource], false, false),
    );
    return results[0]?.configs.find((each) => each.name === name)?.value ?? null;
  }

  async close(): Promise<void> {
    // Absent: it was never connected.
    if (this.#connections !== undefined) await this.#connections.close();
  }

  protected async nodes(): Promise<readonly number[]> {
    await this.#asked(() => this.#metadata([]));
    return [...this.#brokers.keys()];
  }

  protected async offsetsAt(
    node: number,
    partitions: readonly PartitionInfo[],
    { timestamp, isolationLevel }: OffsetQuestion,
  ): Promise<readonly FoundOffset[]> {
    const topics = inTopics(partitions, ({ partition }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: -1,
      timestamp: BigInt(timestamp),
    }));
    const answer = await this.#asked(async () =>
      this.#library.listOffsetsV6.api.async(await this.#broker(node), -1, isolationLevel, topics),
    );
    return answer.topics.flatMap(({ name, partitions: some }) =>
      some.map(({ partitionIndex, offset }) => ({ topic: name, partition: partitionIndex, offset: Number(offset) })),
    );
  }

  protected send<R>(node: number, request: WireRequest<R>): Promise<R> {
    return this.#asked(async () => this.#sendTo(await this.#broker(node), request));
  }

  protected sendToCoordinator<R>(transactionalId: string, request: WireRequest<R>): Promise<R> {
    return this.#coordinated(TRANSACTION, transactionalId, (broker) => this.#sendTo(broker, request));
  }

  /** Also learns which brokers there are. */
  async #metadata(topics: string[]): Promise<Platformatic.metadataV9.MetadataResponseTopic[]> {
    const broker = await this.#anyBroker();
    const { brokers, topics: found } = await this.#tolerant(() =>
      this.#library.metadataV9.api.async(broker, topics, false, false, false),
    );
    this.#brokers = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    return found;
  }

  /** The library throws for an error in any topic or partition; the answer is in the error. */
  async #tolerant<R>(ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof this.#library.ResponseError) return error["response"] as R;
      throw error;
    }
  }

  /** The first that can be connected to: of those that are known, then of those that were given. */
  async #anyBroker(): Promise<BrokerConnection> {
    const given = this.#settings.brokers.map((each): BrokerAddress => {
      const end = each.lastIndexOf(":");
      return { host: each.slice(0, end), port: Number(each.slice(end + 1)) };
    });
    const failures: unknown[] = [];
    for (const address of [...this.#brokers.values(), ...given]) {
      try {
        return await this.#connections.to(address);
      } catch (error) {
        this.#log.debug({ ...address, reason: String(error) }, "the Kafka client cannot connect to a broker");
        failures.push(error);
      }
    }
    throw failures.at(-1);
  }

  async #broker(node: number): Promise<BrokerConnection> {
    checkLeader(node);
    if (!this.#brokers.has(node)) await this.#metadata([]);
    const address = this.#brokers.get(node);
    if (address === undefined)
      throw new KafkaError("BROKER_NOT_AVAILABLE", `broker ${node} is away at present`, { isRetriable: true });
    return await this.#connections.to(address);
  }

  /** KPF3 */
  async #coordinated<R>(kind: Coordinated, id: string, ask: (broker: BrokerConnection) => Promise<R>): Promise<R> {
    const name = `${kind}:${id}`;
    return await this.#asked(async () => {
      try {
        let node = this.#coordinators.get(name);
        if (node === undefined) {
          const { coordinators } = await this.#library.findCoordinatorV4.api.async(await this.#anyBroker(), kind, [id]);
          node = coordinators[0]?.nodeId ?? -1;
          this.#coordinators.set(name, node);
        }
        return await ask(await this.#broker(node));
      } catch (error) {
        this.#coordinators.delete(name);
        throw error;
      }
    });
  }

  #sendTo<R>(broker: BrokerConnection, request: WireRequest<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      broker.send<R>(
        request.apiKey,
        request.apiVersion,
        () => this.#library.Writer.create().append(request.encode()),
        (_correlationId, _apiKey, _apiVersion, { buffer }) => request.decode(new WireReader(buffer.buffer)),
        // What the newer form adds to headers is part of what we encode and decode.
        false,
        false,
        (error, answer) => (error === null ? resolve(answer as R) : reject(error)),
      );
    });
  }

  async #checkVersions(broker: BrokerConnection): Promise<void> {
    const library = this.#library;
    const { apiKeys } = await library.apiVersionsV3.api.async(broker, "streamjob", "1");
    const own = [fetchRequest, produceRequest].map((of) => of({ partitions: [], batches: [] } as never, () => null));
    for (const request of [...own, listTransactionsRequest(() => undefined as never)])
      checkVersion(
        request,
        apiKeys.find((each) => each.apiKey === request.apiKey),
      );
  }

  async #asked<R>(ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      throw error instanceof KafkaError ? error : kafkaErrorOf(this.#library, error);
    }
  }

  protected errorName(code: number): string | null {
    if (code === 0) return null;
    const { protocolErrorsCodesById } = this.#library;
    return (protocolErrorsCodesById as Readonly<Record<number, string>>)[code] ?? `ERROR_${code}`;
  }

  protected protocolError(code: number): KafkaError {
    return kafkaErrorOf(this.#library, new this.#library.ProtocolError(code)) as KafkaError;
  }
}

function ownerOf({ transactionalId, producerId, epoch }: ProducerIdentity) {
  return { transactionalId: transactionalId ?? "", producerId: BigInt(producerId), epoch };
}

const written = ({ partition, offset, metadata }: GroupOffset) => ({
  partitionIndex: partition,
  committedOffset: BigInt(offset),
  committedLeaderEpoch: -1,
  committedMetadata: metadata,
});

/** As the library takes them. */
const inTopics = <P extends TopicPartition, R>(
  partitions: readonly P[],
  to: (each: P) => R,
): { name: string; partitions: R[] }[] =>
  byTopic(partitions).map(([name, some]) => ({ name, partitions: some.map(to) }));
