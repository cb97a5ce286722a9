/**
 * Owns: the end of a stream: choosing the operator for a sink's guarantee, and the one for plain writers (at-least-once).
 * Not here: the two-phase commit (two-phase-commit-operator.ts).
 *
 * SK2 Records that come as columns go to `writeColumns` at once, where the writer has it and nothing waits; else they are written one by one. Their order is kept. A writer without it is given rows by its
 *     task, as ever: a batch of writes that take long would hold all tasks of the thread.
 * SK1 Everything written is flushed before a barrier passes and before the task is done: what a checkpoint covers is outside.
 */
import { assert } from "../../../base/index.ts";
import { BatchColumns, type ColumnBatch, NO_TIMESTAMP, refuseChanges, rowsOfColumns } from "../../record/index.ts";
import type {
  OperatorContext,
  OperatorFactory,
  PlainSink,
  Sink,
  SinkWriter,
  StreamOperator,
  TwoPhaseCommitSink,
} from "../../ports/index.ts";
import { OrderedWrites } from "./ordered-writes.ts";
import { sinkContext } from "./sink-context.ts";
import { UserCall } from "../user-call.ts";
import { TwoPhaseCommitOperator } from "./two-phase-commit-operator.ts";

/** The operator that writes into a sink with the sink's guarantee. */
export function sinkOperator<T>(sink: Sink<T>): OperatorFactory<T, never> {
  return {
    kind: "operator",
    name: sink.name,
    create: () => {
      if (sink.guarantee === "exactly-once") return new TwoPhaseCommitOperator(sink as TwoPhaseCommitSink<T>);
      return sink.takesBatches === true ? new BatchSinkOperator(sink) : new PlainSinkOperator(sink);
    },
  };
}

/** Into writers that take batches of columns. */
class BatchSinkOperator<T> implements StreamOperator<T, never> {
  readonly #sink: PlainSink<T>;
  #writer: SinkWriter<T> | undefined;

  constructor(sink: PlainSink<T>) {
    this.#sink = sink;
  }

  open(context: OperatorContext): void | Promise<void> {
    const writer = this.#sink.createWriter(sinkContext(context));
    assert(
      writer.writeBatch !== undefined,
      `the sink "${this.#sink.name}" takes batches, and its writer has no writeBatch`,
    );
    this.#writer = writer;
    return writer.open?.();
  }

  process(): void {
    assert(false, "a sink of batches gets no rows");
  }

  processBatch(batch: ColumnBatch): number {
    this.#writer?.writeBatch?.(batch);
    return batch.count;
  }

  prepareSnapshot(): void | Promise<void> {
    return this.#writer?.flush?.();
  }

  endInput(): void | Promise<void> {
    return this.#writer?.flush?.();
  }

  close(): void | Promise<void> {
    return this.#writer?.close?.();
  }
}

/** SK2 */
class PlainSinkOperator<T> implements StreamOperator<T, never> {
  readonly takesRows = true;
  readonly #sink: PlainSink<T>;
  #writer: SinkWriter<T> | undefined;
  #writes!: OrderedWrites<T>;

  constructor(sink: PlainSink<T>) {
    this.#sink = sink;
  }

  open(context: OperatorContext): void | Promise<void> {
    const writer = this.#sink.createWriter(sinkContext(context));
    new UserCall(context).refusePromise("what createWriter returned", writer);
    this.#writer = writer;
    this.#writes = new OrderedWrites(context, (value, timestamp) => writer.write(value, timestamp));
    return writer.open?.();
  }

  /** SK2 */
  get wantsRows(): boolean {
    return this.#writer?.writeColumns === undefined;
  }

  process(value: T, timestamp: number): void {
    this.#writes.add(value, timestamp);
  }

  processBatch(batch: ColumnBatch): number {
    const writer = this.#writer;
    refuseChanges(batch);
    if (writer?.writeColumns !== undefined && !this.#writes.isWaiting) {
      this.#writes.wait(writer.writeColumns(new BatchColumns<T>(batch)));
      return batch.count;
    }
    const { rows, timestamps } = rowsOfColumns(batch);
    for (let row = 0; row < rows.length; row++)
      this.#writes.add(rows[row] as T, timestamps === null ? NO_TIMESTAMP : (timestamps[row] as number));
    return batch.count;
  }

  prepareSnapshot(): Promise<void> {
    return this.#flush();
  }

  endInput(): Promise<void> {
    return this.#flush();
  }

  close(): void | Promise<void> {
    return this.#writer?.close?.();
  }

  async #flush(): Promise<void> {
    await this.#writes.written();
    await this.#writer?.flush?.();
  }
}
