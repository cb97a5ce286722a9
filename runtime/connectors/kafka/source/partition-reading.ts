/**
 * Owns: one partition while it is read: what was fetched and not given out, and the position.
 *
 * KPR1 `position` is behind the last record that was given out, and behind whatever is not for the reader between it and the next: so a bounded
 *      partition ends although its last offsets are markers.
 */
import type { FetchedPartition } from "../client/kafka-client.ts";
import { type LogBatch, RecordCursor } from "../wire/batch-reader.ts";
import { visibleBatches } from "./aborted-records.ts";
import type { KafkaSplit } from "./splits.ts";

export class PartitionReading {
  /** Its name as a split: `<topic>-<partition>`. */
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly end: number | null;
  leader = -1;
  /** Of the next record to give out. */
  position: number;
  /** Of the next record to fetch. */
  fetchOffset: number;
  /** Fetched and not given out. */
  bufferedBytes = 0;
  /** Where the log ends for this reader; -1: not known yet. */
  logEnd = -1;
  /** Waits for a dead letter to be written. */
  isHeld = false;
  /** Its watermark is too far ahead of others'. */
  isPaused = false;
  /** The job knows that nothing more comes. */
  isToldFinished = false;
  readonly #batches: LogBatch[] = [];
  #cursor: RecordCursor | null = null;

  constructor({ topic, partition, offset, end }: KafkaSplit) {
    this.id = `${topic}-${partition}`;
    this.topic = topic;
    this.partition = partition;
    this.end = end;
    this.position = this.fetchOffset = offset;
  }

  get isFinished(): boolean {
    return this.end !== null && this.position >= this.end;
  }

  /** True when the rest of a bounded partition was fetched. */
  get isFetched(): boolean {
    return this.end !== null && this.fetchOffset >= this.end;
  }

  get lag(): number {
    return this.logEnd < 0 ? 0 : Math.max(0, this.logEnd - this.position);
  }

  take(fetched: FetchedPartition, isCommittedOnly: boolean): void {
    this.logEnd = isCommittedOnly ? fetched.lastStableOffset : fetched.highWatermark;
    const { batches, nextOffset } = visibleBatches(fetched, this.fetchOffset);
    for (const batch of batches) this.bufferedBytes += batch.bytes.length;
    this.#batches.push(...batches);
    if (nextOffset !== null) this.fetchOffset = nextOffset;
    this.#skipToNext();
  }

  /** Goes on from another offset; what was fetched is forgotten. */
  moveTo(offset: number): void {
    this.position = this.fetchOffset = offset;
    this.#batches.length = 0;
    this.bufferedBytes = 0;
    this.#cursor = null;
  }

  /** The next record, or null: there is none at present. It is given out when `passed` is called. */
  next(): RecordCursor | null {
    for (;;) {
      const batch = this.#batches[0];
      if (batch === undefined || this.isFinished) return null;
      this.#cursor ??= new RecordCursor(batch);
      while (this.#cursor.next()) {
        // A batch may begin before the position.
        if (this.#cursor.offset < this.position) continue;
        if (this.end !== null && this.#cursor.offset >= this.end) {
          this.position = this.end;
          return null;
        }
        return this.#cursor;
      }
      this.#batches.shift();
      this.bufferedBytes -= batch.bytes.length;
      this.#cursor = null;
      this.position = batch.lastOffset + 1;
      this.#skipToNext();
    }
  }

  /** The record that `next` gave is given out. */
  passed(offset: number): void {
    this.position = offset + 1;
  }

  /** Nothing for the reader lies before the next batch, or before what is fetched next. */
  #skipToNext(): void {
    if (this.#cursor !== null) return;
    const next = this.#batches[0]?.baseOffset ?? this.fetchOffset;
    if (next > this.position) this.position = next;
  }
}
