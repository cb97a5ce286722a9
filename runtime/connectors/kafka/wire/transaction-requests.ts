/**
 * Owns: the bodies of the requests about open transactions, which the client library does not have.
 *
 * Headers of the newer form end with a list of tags, which are first in what we write and read.
 *
 *   ListTransactions 0:  [state] [producer]
 *   DescribeProducers 0: [topic [partition]]
 *   DescribeTransactions 0: [transactional_id]
 *   WriteTxnMarkers 1:   [producer epoch isCommit [topic [partition]] coordinator_epoch]
 */
import type {
  DescribedTransaction,
  KnownTransaction,
  OpenInPartition,
  TopicPartition,
} from "../client/kafka-client.ts";
import { byTopic, type ErrorName, type WireRequest } from "./requests.ts";
import type { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/** A list is preceded by its length and one; null is 0. */
const lengthOf = (list: readonly unknown[]): number => list.length + 1;

/** Of one broker: those that it coordinates. */
export function listTransactionsRequest(fail: (code: number) => never): WireRequest<KnownTransaction[]> {
  return {
    name: "ListTransactions",
    apiKey: 66,
    apiVersion: 0,
    encode: () => {
      const writer = new WireWriter();
      // Of all states, and of all producers.
      return writer.unsignedVarint(0).unsignedVarint(1).unsignedVarint(1).unsignedVarint(0).finish();
    },
    decode: (answer) => {
      answer.skipTags();
      answer.int32(); // Throttling.
      const code = answer.int16();
      if (code !== 0) fail(code);
      answer.compactArray(() => answer.compactString()); // States that it does not know.
      return answer.compactArray(() => {
        const transactionalId = answer.compactString();
        const producerId = answer.int64();
        const state = answer.compactString();
        answer.skipTags();
        return { transactionalId, producerId, state };
      });
    },
  };
}

const TRANSACTIONAL_ID_NOT_FOUND = 105;

/** Of the coordinator of the id. */
export function describeTransactionRequest(
  transactionalId: string,
  fail: (code: number) => never,
): WireRequest<DescribedTransaction[]> {
  return {
    name: "DescribeTransactions",
    apiKey: 65,
    apiVersion: 0,
    encode: () => {
      const writer = new WireWriter().unsignedVarint(0).unsignedVarint(lengthOf([transactionalId]));
      return writer.compactString(transactionalId).unsignedVarint(0).finish();
    },
    decode: (answer) => {
      answer.skipTags();
      answer.int32(); // Throttling.
      return answer.compactArray(() => describedTransaction(answer, fail)).filter((each) => each !== null);
    },
  };
}

function describedTransaction(answer: WireReader, fail: (code: number) => never): DescribedTransaction | null {
  const code = answer.int16();
  const transactionalId = answer.compactString();
  const state = answer.compactString();
  const timeoutMs = answer.int32();
  const startedMs = answer.int64();
  const producerId = answer.int64();
  const epoch = answer.int16();
  const topics = answer.compactArray(() => {
    const topic = answer.compactString();
    const partitions = answer.compactArray(() => ({ topic, partition: answer.int32() }));
    answer.skipTags();
    return partitions;
  });
  answer.skipTags();
  if (code === TRANSACTIONAL_ID_NOT_FOUND) return null;
  if (code !== 0) fail(code);
  return { transactionalId, state, timeoutMs, startedMs, producerId, epoch, partitions: topics.flat() };
}

/** Of the leader of these partitions: producers whose transaction is open there. Those of a partition with an error are left out. */
export function describeProducersRequest(partitions: readonly TopicPartition[]): WireRequest<OpenInPartition[]> {
  return {
    name: "DescribeProducers",
    apiKey: 61,
    apiVersion: 0,
    encode: () => {
      const topics = byTopic(partitions);
      const writer = new WireWriter().unsignedVarint(0).unsignedVarint(lengthOf(topics));
      for (const [topic, some] of topics) writePartitions(writer, topic, some);
      return writer.unsignedVarint(0).finish();
    },
    decode: (answer) => {
      answer.skipTags();
      answer.int32(); // Throttling.
      const topics = answer.compactArray(() => {
        const topic = answer.compactString();
        const open = answer.compactArray(() => openProducers(topic, answer)).flat();
        answer.skipTags();
        return open;
      });
      return topics.flat();
    },
  };
}

function openProducers(topic: string, answer: WireReader): OpenInPartition[] {
  const partition = answer.int32();
  answer.int16(); // The error; there are no producers then.
  answer.compactString();
  const producers = answer.compactArray(() => {
    const producerId = answer.int64();
    const epoch = answer.int32();
    answer.int32(); // Its last sequence number,
    answer.int64(); // and when it wrote that.
    const coordinatorEpoch = answer.int32();
    const firstOffset = answer.int64();
    answer.skipTags();
    return { topic, partition, producerId, epoch, coordinatorEpoch, isOpen: firstOffset >= 0 };
  });
  answer.skipTags();
  return producers.filter(({ isOpen }) => isOpen).map(({ isOpen: _, ...producer }) => producer);
}

/** To the leader of its partition: ends a transaction there. */
export function writeMarkerRequest(
  open: OpenInPartition,
  outcome: "commit" | "abort",
  errorName: ErrorName,
): WireRequest<{ readonly error: string | null }> {
  return {
    name: "WriteTxnMarkers",
    apiKey: 27,
    apiVersion: 1,
    encode: () => {
      const { topic, producerId, epoch, coordinatorEpoch } = open;
      const writer = new WireWriter().unsignedVarint(0).unsignedVarint(lengthOf([open]));
      writer
        .int64(producerId)
        .int16(epoch)
        .int8(outcome === "commit" ? 1 : 0);
      writePartitions(writer.unsignedVarint(lengthOf([topic])), topic, [open]);
      // -1: none has written a marker there yet.
      return writer.int32(Math.max(0, coordinatorEpoch)).unsignedVarint(0).unsignedVarint(0).finish();
    },
    decode: (answer) => {
      answer.skipTags();
      const errors = answer.compactArray(() => {
        answer.int64(); // The producer.
        const topics = answer.compactArray(() => {
          answer.compactString();
          const codes = answer.compactArray(() => {
            answer.int32(); // The partition.
            const code = answer.int16();
            answer.skipTags();
            return code;
          });
          answer.skipTags();
          return codes;
        });
        answer.skipTags();
        return topics.flat();
      });
      return { error: errorName(errors.flat().find((code) => code !== 0) ?? 0) };
    },
  };
}

function writePartitions(writer: WireWriter, topic: string, partitions: readonly TopicPartition[]): void {
  writer.compactString(topic).unsignedVarint(lengthOf(partitions));
  for (const { partition } of partitions) writer.int32(partition);
  writer.unsignedVarint(0);
}
