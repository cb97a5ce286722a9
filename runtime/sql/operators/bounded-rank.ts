/**
 * Owns: ROW_NUMBER of a bounded input, with a limit or without: the rows at certain places of each partition's order, at the end.
 * Not here: ranks that change (rank.ts).
 *
 * SQBN1 Rows that the order does not tell apart have the places in which they came (SQJN1).
 */
import type { OperatorFactory } from "../../ports/index.ts";
import { type AnyStore, type ColumnField, type ColumnLayout, layoutOf, storeOf } from "../../record/index.ts";
import type { RankNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { BoundedSelection, declarationsOfSelection, type HeldRows } from "./bounded-selection.ts";
import { begins, type KeyedOrder, type SortedBatch } from "./keyed-sort.ts";
import { tableOfFirst } from "./table-rank.ts";

const orderOf = ({ input, partitionBy, orderBy }: RankNode): KeyedOrder => ({
  row: input.row,
  keys: partitionBy,
  orderBy,
});

/** Its input comes by hash of the columns of `partitionBy`. Errors: JOB_GRAPH_INVALID. */
export function boundedRank(node: RankNode): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "rank",
    declares: declarationsOfSelection(orderOf(node), tableOfFirst(node)),
    spills: true,
    create: () => new BoundedRank(node, tableOfFirst(node)),
  };
}

class BoundedRank extends BoundedSelection {
  readonly #node: RankNode;
  readonly #layout: ColumnLayout;
  /** Of the last row that was there. */
  #rank = 0;
  #selection = new Int32Array(0);
  #ranks: AnyStore | null = null;

  constructor(node: RankNode, held: HeldRows | null) {
    super(orderOf(node), held);
    this.#node = node;
    this.#layout = layoutOf(rowTypeOf(node.row));
  }

  protected emitOf({ batch, begins: starts }: SortedBatch): void {
    const { from, to, showsRank } = this.#node;
    const last = to ?? Number.POSITIVE_INFINITY;
    const { count } = batch;
    if (this.#selection.length < count) this.#makeRoom(count);
    const ranks = this.#ranks;
    ranks?.clear();
    let selected = 0;
    for (let row = 0; row < count; row++) {
      this.#rank = starts[row] === begins.key ? 1 : this.#rank + 1;
      ranks?.put(BigInt(this.#rank), row);
      if (this.#rank >= from && this.#rank <= last) this.#selection[selected++] = row;
    }
    if (selected === 0) return;
    const shown = batch.select(this.#selection.slice(0, selected), selected);
    const columns = showsRank && ranks !== null ? [...batch.columns, ranks.column()] : batch.columns;
    this.output.collectBatch(shown.withColumns(this.#layout, columns));
  }

  #makeRoom(rows: number): void {
    this.#selection = new Int32Array(rows);
    if (this.#node.showsRank) this.#ranks = storeOf(this.#layout.fields.at(-1) as ColumnField, rows);
  }
}
