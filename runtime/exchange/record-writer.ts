/**
 * Owns: one outgoing edge of a task: chooses the channel of each record and collects records into batches.
 * Called by: taskmanager/chain for every record (hot path).
 *
 * RW1 Records of one channel leave in the order they were written, and before every control element written after them.
 * RW2 `isWritable` is false while any channel waits for credit: the task then stops before its next record.
 * RW3 RW1 holds across rows and columns, though an edge usually carries one of both.
 */
import { assert } from "../../base/index.ts";
import {
  type ColumnBatch,
  type ColumnLayout,
  type ControlElement,
  hashKeyColumns,
  type Key,
  keyGroupOfHash,
  keyHash,
  layoutOf,
  NO_TIMESTAMP,
  type StagedField,
  StagedText,
  subtaskOfKeyGroup,
  type ValueType,
} from "../record/index.ts";
import type { ChannelSender } from "./channel.ts";
import { ColumnCollector } from "./column-collector.ts";

/** Of the first batch: nothing is known yet of who takes it, and it may take long (CH4). */
const FIRST_ROWS = 4;

/** Of rows that leave as columns. `staged`: the field that is their key, where its text is. */
type GatheredRows = { readonly type: ValueType<unknown>; readonly staged: StagedField | null };

/** Collects the records for one channel; arrays are handed over with the batch, so new ones are begun after each. */
class BatchBuilder<T> {
  readonly #sender: ChannelSender<T>;
  readonly #isKeyed: boolean;
  readonly #onFull: () => void;
  // Made at full length and cut when it is handed over early: filling measured twice as fast as pushing.
  #rows: T[];
  #count = 0;
  #timestamps: Float64Array | null = null;
  #keyHashes: Int32Array | null = null;
  #limit: number;
  #columns: ColumnCollector | null = null;

  constructor(sender: ChannelSender<T>, isKeyed: boolean, onFull: () => void) {
    this.#sender = sender;
    this.#isKeyed = isKeyed;
    this.#onFull = onFull;
    this.#limit = Math.min(FIRST_ROWS, sender.batchRows);
    this.#rows = new Array<T>(this.#limit);
  }

  add(value: T, timestamp: number, hash: number): void {
    const row = this.#count;
    if (this.#isKeyed) {
      if (this.#keyHashes === null) this.#keyHashes = new Int32Array(this.#limit);
      this.#keyHashes[row] = hash;
    }
    if (timestamp !== NO_TIMESTAMP || this.#timestamps !== null) this.#setTimestamp(row, timestamp);
    this.#rows[row] = value;
    this.#count = row + 1;
    if (row + 1 >= this.#limit) this.flush();
  }

  /** Takes the records of this channel, where all leave as columns. */
  collectorOf(gathered: GatheredRows): ColumnCollector {
    this.#columns = new ColumnCollector(this.#sender, { ...gathered, firstRows: FIRST_ROWS }, this.#onFull);
    return this.#columns;
  }

  /** Records of a batch: those at the places `rows[0]` up to `rows[count - 1]`; their keys' hashes by place. */
  addColumns(batch: ColumnBatch, rows: Int32Array, count: number, keyHashes: Int32Array | null): void {
    if (this.#count > 0) this.flush();
    this.#columns ??= new ColumnCollector(this.#sender, { type: batch.layout.type }, this.#onFull);
    this.#columns.add(batch, { rows, from: 0, to: count }, keyHashes);
  }

  /** True when there was something to send. */
  flush(): boolean {
    const flushedColumns = this.#columns?.flush() === true;
    if (this.#count === 0) return flushedColumns;
    const rows = this.#rows;
    const timestamps = this.#timestamps;
    const keyHashes = this.#keyHashes;
    rows.length = this.#count;
    const batch = { rows, timestamps, keyHashes };
    this.#count = 0;
    this.#timestamps = null;
    this.#keyHashes = null;
    this.#sender.sendBatch(batch);
    this.#limit = this.#sender.batchRows;
    this.#rows = new Array<T>(this.#limit);
    if (!this.#sender.isWritable) this.#onFull();
    return true;
  }

  #setTimestamp(row: number, timestamp: number): void {
    if (this.#timestamps === null) this.#timestamps = new Float64Array(this.#limit).fill(NO_TIMESTAMP);
    this.#timestamps[row] = timestamp;
  }
}

/** The ports that a chain's end writes to. */
export abstract class RecordWriter<T> {
  protected readonly senders: readonly ChannelSender<T>[];
  protected readonly builders: readonly BatchBuilder<T>[];
  recordsWritten = 0;
  /** Called when a channel has run out of credit: the task stops before its next record. */
  onFull: () => void = () => undefined;

  constructor(senders: readonly ChannelSender<T>[], isKeyed: boolean) {
    this.senders = senders;
    this.builders = senders.map((sender) => new BatchBuilder(sender, isKeyed, () => this.onFull()));
  }

  abstract write(value: T, timestamp: number): void;

  /** All records of a batch, which is not kept (CBA1). */
  abstract writeBatch(batch: ColumnBatch): void;

  get isWritable(): boolean {
    for (let index = 0; index < this.senders.length; index++) {
      if (!(this.senders[index] as ChannelSender<T>).isWritable) return false;
    }
    return true;
  }

  get bytesWritten(): number {
    let bytes = 0;
    for (const sender of this.senders) bytes += sender.bytesSent;
    return bytes;
  }

  /** Sends what has been collected, full or not; true when there was something. */
  flush(): boolean {
    let flushed = false;
    for (const builder of this.builders) if (builder.flush()) flushed = true;
    return flushed;
  }

  control(element: ControlElement): void {
    this.flush();
    for (const sender of this.senders) sender.sendControl(element);
  }

  close(): void {
    for (const sender of this.senders) sender.close();
  }
}

type HashedColumns = {
  readonly keyColumns?: readonly string[] | null;
  readonly gathered?: ValueType<unknown> | null;
};

/** By key: the subtask that owns the key's group. */
export class HashWriter<T> extends RecordWriter<T> {
  readonly #selectKey: (value: T) => Key;
  /** Key group -> channel, so that a record costs no division. */
  readonly #channelOfGroup: Int32Array;
  readonly #maxParallelism: number;
  readonly #keyColumns: readonly string[] | null;
  /** Of the last batch: where its key's fields are. */
  #layout: ColumnLayout | null = null;
  #places: readonly number[] = [];
  /** Of a batch: the hashes by place; for each channel the places that go there, and how many. */
  #hashes = new Int32Array(0);
  /** By channel, where rows leave as columns. */
  readonly #collectors: readonly ColumnCollector[] | null;
  readonly #staged: StagedText | null;
  readonly #shares: Int32Array[];
  readonly #counts: Int32Array;

  /** `keyColumns`: the fields that are the key; default: only the selector knows. `gathered`: the type of rows that leave as columns; default: rows leave as rows. */
  constructor(
    senders: readonly ChannelSender<T>[],
    selectKey: (value: T) => Key,
    maxParallelism: number,
    { keyColumns = null, gathered = null }: HashedColumns = {},
  ) {
    super(senders, true);
    this.#selectKey = selectKey;
    const staged = gathered === null ? null : stagedKey(gathered, keyColumns);
    this.#staged = staged?.text ?? null;
    this.#collectors =
      gathered === null ? null : this.builders.map((builder) => builder.collectorOf({ type: gathered, staged }));
    this.#keyColumns = keyColumns;
    this.#shares = senders.map(() => new Int32Array(0));
    this.#counts = new Int32Array(senders.length);
    this.#maxParallelism = maxParallelism;
    this.#channelOfGroup = Int32Array.from({ length: maxParallelism }, (_value, group) =>
      subtaskOfKeyGroup(group, senders.length, maxParallelism),
    );
  }

  write(value: T, timestamp: number): void {
    this.recordsWritten += 1;
    const key = this.#selectKey(value);
    const hash = this.#staged === null ? keyHash(key) : this.#staged.hashOf(key);
    const channel = this.#channelOfGroup[keyGroupOfHash(hash, this.#maxParallelism)] as number;
    if (this.#collectors === null) (this.builders[channel] as BatchBuilder<T>).add(value, timestamp, hash);
    else (this.#collectors[channel] as ColumnCollector).addRow(value, timestamp, hash);
  }

  writeBatch(batch: ColumnBatch): void {
    const { rows, count, size } = batch;
    this.recordsWritten += count;
    if (this.#hashes.length < size) {
      this.#hashes = new Int32Array(size);
      for (let channel = 0; channel < this.#shares.length; channel++) this.#shares[channel] = new Int32Array(size);
    }
    const hashes = this.#hashes;
    if (this.#keyColumns === null) this.#hashRows(batch);
    else hashKeyColumns(batch, this.#placesOf(batch, this.#keyColumns), hashes);
    const counts = this.#counts.fill(0);
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const channel = this.#channelOfGroup[keyGroupOfHash(hashes[row] as number, this.#maxParallelism)] as number;
      const share = this.#shares[channel] as Int32Array;
      share[counts[channel] as number] = row;
      counts[channel] = (counts[channel] as number) + 1;
    }
    for (let channel = 0; channel < counts.length; channel++) {
      const share = counts[channel] as number;
      if (share > 0) this.builders[channel]?.addColumns(batch, this.#shares[channel] as Int32Array, share, hashes);
    }
  }

  #placesOf({ layout }: ColumnBatch, names: readonly string[]): readonly number[] {
    if (this.#layout !== layout) {
      this.#layout = layout;
      this.#places = names.map((name) => placeOf(layout, name));
    }
    return this.#places;
  }

  /** Where only the selector knows what the key is, it is shown row objects. */
  #hashRows(batch: ColumnBatch): void {
    const { rows } = batch;
    for (const [at, row] of batch.toRows().entries())
      this.#hashes[rows[at] as number] = keyHash(this.#selectKey(row as T));
  }
}

/** Of a key that is one text. */
function stagedKey(type: ValueType<unknown>, keyColumns: readonly string[] | null): StagedField | null {
  const [name, ...others] = keyColumns ?? [];
  const { fields } = layoutOf(type);
  const place = fields.findIndex((field) => field.name === name && field.type.kind === "string");
  return place >= 0 && others.length === 0 ? { place, text: new StagedText() } : null;
}

function placeOf({ fields }: ColumnLayout, name: string): number {
  const place = fields.findIndex((field) => field.name === name);
  assert(place >= 0, `records without the key's column "${name}" came to an edge by hash`);
  return place;
}

/** All to the one channel there is. */
export class ForwardWriter<T> extends RecordWriter<T> {
  constructor(senders: readonly ChannelSender<T>[]) {
    assert(senders.length === 1, "a forward edge has one channel per subtask");
    super(senders, false);
  }

  write(value: T, timestamp: number): void {
    this.recordsWritten += 1;
    (this.builders[0] as BatchBuilder<T>).add(value, timestamp, 0);
  }

  writeBatch(batch: ColumnBatch): void {
    this.recordsWritten += batch.count;
    this.builders[0]?.addColumns(batch, batch.rows, batch.count, null);
  }
}

/** Round-robin, record by record and batch of columns by batch, starting at a channel of the subtask's own. */
export class RebalanceWriter<T> extends RecordWriter<T> {
  #turn: number;

  constructor(senders: readonly ChannelSender<T>[], firstChannel: number) {
    super(senders, false);
    this.#turn = firstChannel % senders.length;
  }

  write(value: T, timestamp: number): void {
    this.recordsWritten += 1;
    (this.builders[this.#turn] as BatchBuilder<T>).add(value, timestamp, 0);
    this.#turn = this.#turn + 1 === this.senders.length ? 0 : this.#turn + 1;
  }

  writeBatch(batch: ColumnBatch): void {
    this.recordsWritten += batch.count;
    this.builders[this.#turn]?.addColumns(batch, batch.rows, batch.count, null);
    this.#turn = this.#turn + 1 === this.senders.length ? 0 : this.#turn + 1;
  }
}

/** Each record to every channel. */
export class BroadcastWriter<T> extends RecordWriter<T> {
  constructor(senders: readonly ChannelSender<T>[]) {
    super(senders, false);
  }

  write(value: T, timestamp: number): void {
    this.recordsWritten += 1;
    for (const builder of this.builders) builder.add(value, timestamp, 0);
  }

  writeBatch(batch: ColumnBatch): void {
    this.recordsWritten += batch.count;
    for (const builder of this.builders) builder.addColumns(batch, batch.rows, batch.count, null);
  }
}
