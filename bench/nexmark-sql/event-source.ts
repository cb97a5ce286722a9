/**
 * Owns: the sources of the tables of the SQL bench: batches of columns, each reader's in the order of their times.
 *
 * NXSS1 An event is the same in every subtask and run: the position is the only state of a source (GS1).
 * NXSS2 Watermarks are 4 seconds behind the last event of a batch, as in the DDL of Flink's peer.
 */
import type { OperatorFactory, ReaderContext, Source, SourceReader, ValueType } from "streamjob";
import { type StridedSplit, stridedSplits, StridedOrder } from "../../runtime/connectors/basic/strided-order.ts";
import type { Output, StreamOperator } from "../../runtime/ports/index.ts";
import { COLUMN_ROWS, ColumnBatch, type Float64Column, layoutOf } from "../../runtime/record/index.ts";
import { poison } from "./event-columns.ts";
import { type EventColumns, type EventTable, eventTables, type TableName } from "./events.ts";

const DELAY_MS = 4000;

/** Which events: the first `among` of them, of those of the table each `every`-th one (default: all). */
export type EventRange = { readonly among: number; readonly every?: number };

const countOf = (name: TableName, { among, every = 1 }: EventRange): number =>
  Math.ceil(eventTables[name].countAmong(among) / every);

export function eventSource(name: TableName, range: EventRange): Source<object, StridedSplit> {
  const table = eventTables[name];
  const count = countOf(name, range);
  return {
    kind: "source",
    name,
    boundedness: "bounded",
    type: table.type,
    givesBatches: true,
    discover: ({ parallelism }) => stridedSplits(parallelism).filter(({ next }) => next < count),
    createReader: (context) => eventReader(table, { count, every: range.every ?? 1 }, context),
  };
}

/** Batches of events whose numbers were chosen. */
class EventBatches {
  /** To be filled before `batch`. */
  readonly numbers = new Int32Array(COLUMN_ROWS);
  readonly #table: EventTable;
  readonly #layout: ReturnType<typeof layoutOf>;
  #events: EventColumns;

  constructor(table: EventTable) {
    this.#table = table;
    this.#layout = layoutOf(table.type as ValueType<unknown>);
    this.#events = table.createColumns(COLUMN_ROWS);
  }

  /** Of the first `count` numbers; released before the next one. */
  batch(count: number): ColumnBatch {
    const { columns } = this.#events;
    this.#events.fill(this.numbers, count);
    return new ColumnBatch(this.#layout, columns, { count }, (poisons) => {
      if (!poisons) return;
      poison(columns);
      this.#events = this.#table.createColumns(COLUMN_ROWS);
    });
  }
}

function eventReader(
  table: EventTable,
  { count, every }: { readonly count: number; readonly every: number },
  { splits }: ReaderContext<StridedSplit>,
): SourceReader<object, StridedSplit> {
  const order = new StridedOrder(splits);
  const events = new EventBatches(table);
  const { numbers } = events;
  return {
    poll: (output, maxRecords) => {
      for (let left = maxRecords; left > 0 && order.head < count; ) {
        const most = Math.min(left, COLUMN_ROWS);
        let at = 0;
        for (; at < most && order.head < count; at++) numbers[at] = order.take() * every;
        const batch = events.batch(at);
        output.collectBatch(batch);
        batch.release();
        left -= at;
      }
      return order.head < count ? "more" : "end";
    },
    snapshot: () => order.snapshot(count),
  };
}

/** The rows of these events, for oracles. */
export function eventRows(name: TableName, range: EventRange): readonly Readonly<Record<string, unknown>>[] {
  const { every = 1 } = range;
  const count = countOf(name, range);
  const events = new EventBatches(eventTables[name]);
  const rows: Record<string, unknown>[] = [];
  for (let index = 0; index < count; ) {
    let at = 0;
    for (; at < COLUMN_ROWS && index < count; at++, index++) events.numbers[at] = index * every;
    const batch = events.batch(at);
    rows.push(...batch.toRows());
    batch.release();
  }
  return rows;
}

class EventTimes implements StreamOperator<object, object> {
  readonly ownsWatermarks = true;
  readonly emits = "input";
  readonly #column: number;
  #output!: Output<object>;

  constructor(column: number) {
    this.#column = column;
  }

  open(_context: unknown, output: Output<object>): void {
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { columns, rows, count } = batch;
    this.#output.collectBatch(from === 0 ? batch : batch.select(rows.subarray(from, count), count - from));
    const { values } = columns[this.#column] as Float64Column;
    this.#output.emitWatermark((values[rows[count - 1] as number] as number) - DELAY_MS - 1);
    return count;
  }
}

export function eventTimes(name: TableName): OperatorFactory<object, object> {
  const column = (eventTables[name].type.fields ?? []).findIndex((field) => field.name === "dateTime");
  return { kind: "operator", name: "times", create: () => new EventTimes(column) };
}
