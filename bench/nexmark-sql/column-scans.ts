/**
 * Owns: the scans of the bench's plans: columns of streams in columns, chosen without a look at a row, as those of a connector are.
 * Not here: a stream of the job's own as a table, which in general comes in rows (runtime/table/given-stream.ts).
 */
import type { DataStream, OperatorFactory } from "streamjob";
import type { Output, StreamOperator } from "../../runtime/ports/index.ts";
import { type Column, type ColumnBatch, layoutOf, type ValueType } from "../../runtime/record/index.ts";
import { type PlanNode, rowTypeOf } from "../../runtime/sql/index.ts";
import { PlanStreams } from "../../runtime/table/plan-streams.ts";
import type { PlanWorld } from "../../runtime/table/plan-world.ts";

export class ColumnScans extends PlanStreams {
  readonly #given: PlanWorld["given"];
  readonly #scans = new Map<string, DataStream<unknown>>();

  constructor(world: PlanWorld) {
    super(world);
    this.#given = world.given;
  }

  override streamOf(node: PlanNode): DataStream<unknown> {
    if (node.kind !== "scan") return super.streamOf(node);
    const made = this.#scans.get(node.uid) ?? this.#scan(node);
    this.#scans.set(node.uid, made);
    return made;
  }

  #scan({ name, uid, row, columns }: Extract<PlanNode, { kind: "scan" }>): DataStream<unknown> {
    const stream = this.#given.get(name) as DataStream<unknown>;
    if (columns.length === stream.type.fields?.length) return stream;
    const type = rowTypeOf(row);
    return stream.transform(chosenColumns(type, columns), { uid, type, name });
  }
}

const chosenColumns = (type: ValueType<unknown>, columns: readonly number[]): OperatorFactory<unknown, unknown> => ({
  kind: "operator",
  name: "columns",
  create: () => new ChosenColumns(type, columns),
});

class ChosenColumns implements StreamOperator<unknown, unknown> {
  readonly emits = "input";
  readonly #layout;
  readonly #columns: readonly number[];
  #output!: Output<unknown>;

  constructor(type: ValueType<unknown>, columns: readonly number[]) {
    this.#layout = layoutOf(type);
    this.#columns = columns;
  }

  open(_context: unknown, output: Output<unknown>): void {
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { columns, rows, count } = batch;
    const part = from === 0 ? batch : batch.select(rows.subarray(from, count), count - from);
    const chosen = this.#columns.map((place) => columns[place] as Column);
    this.#output.collectBatch(part.withColumns(this.#layout, chosen));
    return count;
  }
}
