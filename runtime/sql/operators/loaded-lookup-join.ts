/**
 * Owns: the lookup in a table that is read whole when the task begins: its rows by what they are asked by, and nothing that waits.
 * Does not own: reading it (connectors).
 *
 * SQLZ1 Each subtask has the whole table, as it was when the subtask began: changes of it are seen after a restart.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, rowKinds } from "../../record/index.ts";
import { lookupRow } from "../plan/lookup-row.ts";
import type { LookupJoinNode } from "../plan/plan-tree.ts";
import { namesOf, rowText, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow, takeRows } from "./batches-only.ts";
import { askedColumns, type Lookup, lookupOf } from "./lookup-join.ts";
import { RowEmitter } from "./row-emitter.ts";

/** All rows of the table, with the names of its columns. */
export type LoadTable = (context: OperatorContext) => Promise<readonly SqlRow[]>;

export function loadedLookupJoinOperator(
  node: LookupJoinNode,
  session: SqlSession,
  load: LoadTable,
): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "lookupJoin", create: () => new LoadedLookupJoin(node, session, load) };
}

class LoadedLookupJoin implements StreamOperator<unknown, unknown> {
  readonly #node: LookupJoinNode;
  readonly #lookup: Lookup;
  readonly #load: LoadTable;
  readonly #columns: readonly string[];
  readonly #names: readonly [readonly string[], readonly string[]];
  readonly #rows = new Map<string, SqlRow[]>();
  #context!: OperatorContext;
  #emitter!: RowEmitter;

  constructor(node: LookupJoinNode, session: SqlSession, load: LoadTable) {
    this.#node = node;
    this.#lookup = lookupOf(node, session);
    this.#load = load;
    this.#columns = askedColumns(node);
    this.#names = [namesOf(node.input.row), namesOf(lookupRow(node))];
  }

  async open(context: OperatorContext, output: Output<unknown>): Promise<void> {
    this.#context = context;
    this.#emitter = new RowEmitter(this.#node, output);
    for (const row of await this.#load(context)) {
      const key = rowText(row, this.#columns);
      const known = this.#rows.get(key);
      if (known === undefined) this.#rows.set(key, [row]);
      else known.push(row);
    }
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const at = takeRows(batch, from, this.#context, (row) => this.#join(row));
    this.#emitter.flush();
    return at;
  }

  #join(row: SqlRow): void {
    const values = this.#lookup.askedBy(row);
    const answers = values === null ? NONE : (this.#rows.get(this.#textOf(values)) ?? NONE);
    const [inNames, foundNames] = this.#names;
    for (const answer of this.#lookup.matches(row, answers))
      this.#emitter.emitPair(rowKinds.insert, { row, names: inNames }, { row: answer, names: foundNames });
  }

  #textOf(values: readonly unknown[]): string {
    const row: Record<string, unknown> = {};
    for (const [index, name] of this.#columns.entries()) row[name] = values[index];
    return rowText(row, this.#columns);
  }
}

const NONE: readonly SqlRow[] = [];
