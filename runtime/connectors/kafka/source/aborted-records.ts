/**
 * Owns: leaving out what a reader of committed records must not see: records of aborted transactions, and markers.
 *
 * ABR1 The broker names, with what it answers, the aborted transactions in it by producer and first offset, in no order that can be relied on. From
 *      that offset to the producer's next marker its batches are left out.
 * ABR2 Of uncommitted records only markers are left out.
 */
import type { FetchedPartition } from "../client/kafka-client.ts";
import { batchesOf, type LogBatch } from "../wire/batch-reader.ts";

export type FetchedBatches = {
  /** Those with records for the reader. */
  readonly batches: readonly LogBatch[];
  /** Where to fetch next; null: nothing whole came. */
  readonly nextOffset: number | null;
};

/** The batches of an answer that a reader from `offset` on sees. */
export function visibleBatches(fetched: FetchedPartition, offset: number): FetchedBatches {
  const aborted = [...fetched.aborted].sort((left, right) => left.firstOffset - right.firstOffset);
  const inAborted = new Set<number>();
  const visible: LogBatch[] = [];
  let nextOffset: number | null = null;
  let next = 0;
  for (const batch of batchesOf(fetched.records)) {
    for (; next < aborted.length && (aborted[next]?.firstOffset ?? 0) <= batch.lastOffset; next++)
      inAborted.add(aborted[next]?.producerId ?? -1);
    // The broker begins with the batch that has the offset, which may begin before it.
    if (batch.lastOffset < offset) {
      if (batch.isControl) inAborted.delete(batch.producerId);
      continue;
    }
    nextOffset = batch.lastOffset + 1;
    if (batch.isControl) inAborted.delete(batch.producerId);
    else if (!batch.isTransactional || !inAborted.has(batch.producerId)) visible.push(batch);
  }
  return { batches: visible, nextOffset };
}
