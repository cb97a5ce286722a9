/**
 * Owns: the rows of a query as lines for people.
 * Does not own: values as text (a calc casts them to STRING), how a line looks (table-text.ts), who prints the lines.
 *
 * PRTB1 Results that may change are shown as changes, each when it comes.
 * PRTB2 Results of a batch query are shown when there are no more: schema, rows, and how many they are.
 */
import type { OperatorContext, OperatorFactory, OperatorListState, Output, StreamOperator } from "../ports/index.ts";
import { type ColumnBatch, NO_TIMESTAMP, rowKindTexts, t, type ValueType } from "../record/index.ts";
import type { PlanMode, PlanRow } from "../sql/index.ts";
import { schemaLines, tableLines, type Texts, widthsFor, widthsOf } from "./table-text.ts";

const TextRow = t.list(t.nullable(t.string)) as ValueType<unknown> as ValueType<Texts>;

/** `row`: the query's; the rows that come have the same columns as STRINGs. In one subtask. */
export function printedTable(row: PlanRow, mode: PlanMode): OperatorFactory<unknown, string> {
  return {
    kind: "operator",
    name: "table",
    create: () => (mode === "batch" ? new WholeTable(row) : new ChangesTable(row)),
  };
}

/** Rows as texts; what is made of them leaves as lines. */
export abstract class PrintedTable implements StreamOperator<unknown, string> {
  protected readonly row: PlanRow;
  #output!: Output<string>;

  constructor(row: PlanRow) {
    this.row = row;
  }

  open(_context: OperatorContext, output: Output<string>): void {
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    for (const [at, row] of batch.toRows(from).entries()) {
      const kind = batch.rowKindAt(rows[from + at] as number);
      this.take(textsOf(this.row, row), rowKindTexts[kind] as string);
    }
    return count;
  }

  protected abstract take(texts: Texts, kind: string): void;

  protected print(...lines: readonly string[]): void {
    for (const line of lines) this.#output.collect(line, NO_TIMESTAMP);
  }
}

/** In the order of the columns: an object has names that are numbers first. */
const textsOf = (columns: PlanRow, row: object): Texts =>
  columns.map(({ name }) => (row as Readonly<Record<string, string | null>>)[name] ?? null);

/** PRTB1 */
class ChangesTable extends PrintedTable {
  readonly #lines = tableLines(["op", ...this.row.map(({ name }) => name)], ["op".length, ...widthsOf(this.row)]);
  #isBegun = false;

  protected take(texts: Texts, kind: string): void {
    this.#begin();
    this.print(this.#lines.line([kind, ...texts]));
  }

  endInput(): void {
    this.#begin();
    this.print(this.#lines.rule);
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const { rule, header } = this.#lines;
    this.print(rule, header, rule);
  }
}

/** PRTB2 */
class WholeTable extends PrintedTable {
  readonly #rows: Texts[] = [];
  #state!: OperatorListState<Texts>;

  override open(context: OperatorContext, output: Output<string>): void {
    super.open(context, output);
    this.#state = context.operatorState.list({ name: "rows", type: TextRow });
    this.#rows.push(...this.#state.get());
  }

  protected take(texts: Texts): void {
    this.#rows.push(texts);
  }

  prepareSnapshot(): void {
    this.#state.update(this.#rows);
  }

  endInput(): void {
    const names = this.row.map(({ name }) => name);
    const { rule, header, line } = tableLines(names, widthsFor(names, this.#rows));
    const { length } = this.#rows;
    this.print(...schemaLines(this.row));
    if (length > 0) this.print(rule, header, rule, ...this.#rows.map(line), rule);
    this.print(length === 0 ? "Empty set" : `${length} ${length === 1 ? "row" : "rows"} in set`);
    this.#rows.length = 0;
  }
}
