/**
 * Owns: the bodies of Produce and Fetch, which we encode ourselves: their records go past any copy of the client library's.
 * Not here: requests about transactions that the library does not have (transaction-requests.ts); headers, connections, and all others.
 *
 *   Produce 7:  transactional_id acks timeout [topic [partition records]]
 *   Fetch 11:   replica max_wait min_bytes max_bytes isolation session epoch [topic [partition leader_epoch offset log_start max_bytes]] [] rack
 */
import type { FetchedPartition, FetchRequest, ProducedPartition, ProduceRequest } from "../client/kafka-client.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

export type WireRequest<R> = {
  readonly name: string;
  readonly apiKey: number;
  readonly apiVersion: number;
  encode(): Buffer;
  decode(answer: WireReader): R;
};

/** Turns an error's number into the protocol's name; null: no error. */
export type ErrorName = (code: number) => string | null;

const PRODUCE_TIMEOUT_MS = 30_000;
const FETCH_BYTES_MAX = 32 << 20;

export function byTopic<P extends { readonly topic: string }>(partitions: readonly P[]): [string, P[]][] {
  const topics = new Map<string, P[]>();
  for (const each of partitions) {
    const known = topics.get(each.topic);
    if (known === undefined) topics.set(each.topic, [each]);
    else known.push(each);
  }
  return [...topics];
}

export function produceRequest(request: ProduceRequest, errorName: ErrorName): WireRequest<ProducedPartition[]> {
  return {
    name: "Produce",
    apiKey: 0,
    apiVersion: 7,
    encode: () => {
      const topics = byTopic(request.batches);
      const writer = new WireWriter();
      writer.string(request.transactionalId).int16(request.acks).int32(PRODUCE_TIMEOUT_MS).int32(topics.length);
      for (const [topic, batches] of topics) {
        writer.string(topic).int32(batches.length);
        for (const { partition, records } of batches) writer.int32(partition).bytes(records);
      }
      return writer.finish();
    },
    decode: (answer) =>
      answer
        .array(() => {
          const topic = answer.string();
          return answer.array(() => {
            const partition = answer.int32();
            const error = errorName(answer.int16());
            const offset = answer.int64();
            answer.int64(); // The time of appending.
            answer.int64(); // Where the log begins.
            return { topic, partition, error, offset };
          });
        })
        .flat(),
  };
}

export function fetchRequest(request: FetchRequest, errorName: ErrorName): WireRequest<FetchedPartition[]> {
  return {
    name: "Fetch",
    apiKey: 1,
    apiVersion: 11,
    encode: () => {
      const topics = byTopic(request.partitions);
      const writer = new WireWriter();
      writer.int32(-1).int32(request.maxWaitMs).int32(1).int32(FETCH_BYTES_MAX);
      writer
        .int8(request.isolation === "read_committed" ? 1 : 0)
        .int32(0)
        .int32(-1)
        .int32(topics.length);
      for (const [topic, partitions] of topics) {
        writer.string(topic).int32(partitions.length);
        for (const { partition, offset } of partitions)
          writer.int32(partition).int32(-1).int64(offset).int64(-1).int32(request.partitionBytesMax);
      }
      return writer.int32(0).string("").finish();
    },
    decode: (answer) => {
      answer.int32(); // Throttling, which the broker does by itself.
      const error = errorName(answer.int16());
      answer.int32(); // The session, of which there is none.
      const partitions = answer.array(() => {
        const topic = answer.string();
        return answer.array(() => fetchedPartition(topic, answer, errorName));
      });
      if (error === null) return partitions.flat();
      return request.partitions.map((each) => ({
        ...nothingFetched,
        topic: each.topic,
        partition: each.partition,
        error,
      }));
    },
  };
}

const nothingFetched = {
  highWatermark: -1,
  lastStableOffset: -1,
  logStartOffset: -1,
  aborted: [],
  records: Buffer.alloc(0),
};

function fetchedPartition(topic: string, answer: WireReader, errorName: ErrorName): FetchedPartition {
  const partition = answer.int32();
  const error = errorName(answer.int16());
  const highWatermark = answer.int64();
  const lastStableOffset = answer.int64();
  const logStartOffset = answer.int64();
  const aborted = answer.array(() => ({ producerId: answer.int64(), firstOffset: answer.int64() }));
  answer.int32(); // A replica that is nearer.
  const records = answer.bytes();
  return { topic, partition, error, highWatermark, lastStableOffset, logStartOffset, aborted, records };
}
