/**
 * Owns: GROUP BY with a TUMBLE window over a bounded input, where groups have columns: each row is in one window, whose end is one more column of the key.
 * Called by: bounded-windows.ts, which has all other windows.
 *
 * SQBT1 The hash of a group mixes that of its key with that of its window, and belongs to the key group of the key.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type Column, ColumnBatch, type ColumnLayout, type Float64Column, layoutOf, mix } from "../../record/index.ts";
import type { AggregateNode, WindowAggregateNode, WindowColumn } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow } from "./batches-only.ts";
import { boundedAggregate } from "./bounded-aggregate.ts";
import { fitsGroupTable } from "./bounded-groups.ts";
import { hashWithin } from "./hash-within.ts";
import { placedRow, WindowPlaces } from "./window-places.ts";

/** Null: another window, or its groups are objects. */
export function boundedTumble(
  node: WindowAggregateNode,
  session: SqlSession,
): OperatorFactory<unknown, unknown> | null {
  const groups = groupsOf(node);
  if (node.window.kind !== "tumble" || !fitsGroupTable(groups)) return null;
  const aggregate = boundedAggregate(groups);
  return {
    ...aggregate,
    name: "windowAggregate",
    create: () => new BoundedTumble(node, aggregate.create(), session),
  };
}

/** By the key and the window's end. */
function groupsOf(node: WindowAggregateNode): AggregateNode {
  const { input, groupBy, calls, uid, row } = node;
  const placed = placedRow(input.row);
  const ofWindow = placed.slice(input.row.length);
  return {
    kind: "aggregate",
    uid,
    row: [...row.slice(0, groupBy.length), ...ofWindow, ...row.slice(groupBy.length, groupBy.length + calls.length)],
    changes: "append",
    keys: [],
    input: { ...input, row: placed },
    groupBy: [...groupBy, input.row.length],
    calls,
  };
}

class BoundedTumble implements StreamOperator<unknown, unknown> {
  readonly #node: WindowAggregateNode;
  readonly #groups: StreamOperator<unknown, unknown>;
  readonly #places: WindowPlaces;
  readonly #keys: RowKeys;
  readonly #layout: ColumnLayout;
  #maxParallelism = 0;
  #hashes = new Int32Array(0);

  constructor(node: WindowAggregateNode, groups: StreamOperator<unknown, unknown>, session: SqlSession) {
    const { input, window, groupBy, row } = node;
    this.#node = node;
    this.#groups = groups;
    this.#places = new WindowPlaces(window, input.row, session);
    this.#keys = new RowKeys(input.row, groupBy);
    this.#layout = layoutOf(rowTypeOf(row));
  }

  open(context: OperatorContext, output: Output<unknown>): void | Promise<void> {
    this.#maxParallelism = context.maxParallelism;
    return this.#groups.open?.(context, {
      collect: (value, timestamp) => output.collect(value, timestamp),
      collectBatch: (batch) => output.collectBatch(this.#shown(batch)),
      sideOutput: (name) => output.sideOutput(name),
      emitWatermark: (timestamp) => output.emitWatermark(timestamp),
      emitStatus: (idle) => output.emitStatus(idle),
    });
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const placed = this.#places.placed(batch, from);
    const { layout, columns, rows, count, size } = placed;
    const keyHashes = this.#hashesOf(placed, this.#keys.hashes(batch), size);
    const marks = { timestamps: null, rowKinds: null, keyHashes };
    this.#groups.processBatch?.(new ColumnBatch(layout, columns, { count, selection: rows, marks }), 0);
    return batch.count;
  }

  prepareSnapshot(checkpointId: number): void | Promise<void> {
    return this.#groups.prepareSnapshot?.(checkpointId);
  }

  endInput(): void | Promise<void> {
    return this.#groups.endInput?.();
  }

  close(): void | Promise<void> {
    return this.#groups.close?.();
  }

  /** SQBT1. By place. */
  #hashesOf({ columns, rows, count }: ColumnBatch, hashes: Int32Array, size: number): Int32Array {
    if (this.#hashes.length < size) this.#hashes = new Int32Array(size);
    const { values } = columns[this.#node.input.row.length] as Float64Column;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const end = values[row] as number;
      const ofWindow = mix((end | 0) ^ mix(Math.floor(end / 2 ** 32)));
      this.#hashes[row] = hashWithin(hashes[row] as number, ofWindow, this.#maxParallelism);
    }
    return this.#hashes;
  }

  /** Key, end of the window, calls: as the node's row has them. */
  #shown(batch: ColumnBatch): ColumnBatch {
    const { columns, rows, count, size } = batch;
    const { groupBy, adds } = this.#node;
    const { values: ends } = columns[groupBy.length] as Float64Column;
    const shown: Record<WindowColumn, Float64Array> = {
      start: new Float64Array(size),
      end: ends,
      time: new Float64Array(size),
    };
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const end = ends[row] as number;
      shown.start[row] = this.#places.slices?.startOf(end) ?? end;
      shown.time[row] = this.#places.time.lastInstantOf(end);
    }
    const added = adds.map((name): Column => ({ kind: "float64", values: shown[name], nulls: null }));
    const marks = { timestamps: shown.time, rowKinds: null, keyHashes: null };
    return new ColumnBatch(
      this.#layout,
      [...columns.slice(0, groupBy.length), ...columns.slice(groupBy.length + 1), ...added],
      { count, selection: batch.selection, marks },
    );
  }
}
