/**
 * Owns: a source of rows made of a source of records: each record is decoded while it is polled, into batches of columns.
 *
 * TBCD1 What a poll of the records' source collected is out when the poll returns, so that a snapshot between two polls is of both (SO3).
 * TBCD2 Rows of a split are out before the next split's begin: watermarks are of the split whose rows they follow.
 * TBCD3 A row that does not fit its declared type fails the job; the source of the records says where it was read.
 */
import { assert } from "../../../base/index.ts";
import type { ReaderContext, Source, SourceOutput, SourceReader } from "../../ports/index.ts";
import { ColumnBuilder, NO_TIMESTAMP, rowKinds, type ValueType } from "../../record/index.ts";
import type { TakeRow } from "../formats/format.ts";

/** `timestamp`: the record's. */
export type DecodeRecord<X> = (record: X, take: TakeRow, timestamp: number) => void;

export type DecodedSource<X> = {
  readonly records: Source<X>;
  /** Of the rows. */
  readonly type: ValueType<unknown>;
  /** Made for each reader. */
  readonly decoder: () => DecodeRecord<X>;
  /** Rows that come of one record, at most. Default 1. */
  readonly rowsPerRecord?: number;
};

/** Records of one poll: decoding takes longer than reading (SO2). */
const POLL_RECORDS_MAX = 1024;

export function decodedSource<X>({ records, type, decoder, rowsPerRecord = 1 }: DecodedSource<X>): Source<unknown> {
  return {
    ...records,
    type,
    givesBatches: true,
    createReader: (context) => {
      const rows = new Rows(decoder(), new ColumnBuilder(type));
      return readerOf(records.createReader(rows.watching(context)), rows, rowsPerRecord);
    },
  };
}

/** What the engine looks for in a reader has to be there, or not, as in that of the records. */
function readerOf<X>(
  inner: SourceReader<X, unknown>,
  rows: Rows<X>,
  rowsPerRecord: number,
): SourceReader<unknown, unknown> {
  const { open, addSplits, pauseSplits, noMoreSplits, onCheckpointComplete, close } = inner;
  return {
    ...(open === undefined ? {} : { open: () => open.call(inner) }),
    ...(addSplits === undefined ? {} : { addSplits: (splits) => addSplits.call(inner, splits) }),
    ...(pauseSplits === undefined ? {} : { pauseSplits: (ids) => pauseSplits.call(inner, ids) }),
    ...(noMoreSplits === undefined ? {} : { noMoreSplits: () => noMoreSplits.call(inner) }),
    ...(onCheckpointComplete === undefined
      ? {}
      : { onCheckpointComplete: (id) => onCheckpointComplete.call(inner, id) }),
    ...(close === undefined ? {} : { close: () => close.call(inner) }),
    snapshot: (checkpointId) => inner.snapshot(checkpointId),
    poll: (output, maxRecords) => {
      rows.output = output;
      const records = Math.max(1, Math.floor(maxRecords / rowsPerRecord));
      const result = inner.poll(rows, Math.min(records, POLL_RECORDS_MAX));
      rows.flush();
      return result;
    },
  };
}

/** Takes records, and gives batches. */
class Rows<X> implements SourceOutput<X> {
  output: SourceOutput<unknown> | null = null;
  readonly #decode: DecodeRecord<X>;
  readonly #builder: ColumnBuilder;
  #timestamp = NO_TIMESTAMP;

  constructor(decode: DecodeRecord<X>, builder: ColumnBuilder) {
    this.#decode = decode;
    this.#builder = builder;
  }

  collect(record: X, timestamp: number): void {
    this.#timestamp = timestamp;
    this.#decode(record, this.#take, timestamp);
  }

  collectBatch(): void {
    assert(false, "a source of records to decode gives records, not batches");
  }

  flush(): void {
    if (this.#builder.count === 0) return;
    const batch = this.#builder.take();
    this.output?.collectBatch(batch);
    batch.release();
  }

  /** TBCD2 */
  watching(context: ReaderContext<unknown>): ReaderContext<unknown> {
    const after = (tell: (id: string) => void) => (id: string) => {
      this.flush();
      tell(id);
    };
    return {
      ...context,
      openSplit: after((id) => context.openSplit(id)),
      readSplit: after((id) => context.readSplit(id)),
      finishSplit: after((id) => context.finishSplit(id)),
    };
  }

  readonly #take: TakeRow = (row, kind) => {
    const builder = this.#builder;
    const at = builder.count;
    builder.appendRow(row, this.#timestamp);
    if (kind !== rowKinds.insert) builder.rowKinds()[at] = kind;
    if (builder.isFull) this.flush();
  };
}
