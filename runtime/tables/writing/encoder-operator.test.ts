import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OperatorContext, Output } from "../../ports/index.ts";
import { type ColumnBatch, ColumnBuilder, rowKinds, t } from "../../record/index.ts";
import { tableConnector } from "../registry.ts";
import { encodedRows, notNull, sql, tableOf } from "../tables.test-support.ts";
import { RecordMisfit } from "../formats/format.ts";
import { encoderOperator, type EncodeRow } from "./encoder-operator.ts";

const type = t.record({ a: t.int32 });

/** Rows 0 to 5, of which 0, 2, 4 are selected, with kinds. */
function batchOf(): ColumnBatch {
  const builder = new ColumnBuilder(type);
  for (let a = 0; a < 6; a++) {
    builder.appendRow({ a }, 1000 + a);
    builder.rowKinds()[a] = a % 4;
  }
  return builder.take().select(Int32Array.of(0, 2, 4), 3);
}

function opened(encode: EncodeRow, isPaused: () => boolean = () => false) {
  const seen: unknown[] = [];
  const operator = encoderOperator(tableOf({ a: notNull(sql.int), b: sql.int }, {}), () => encode).create();
  const emission = {
    get isPaused() {
      return isPaused();
    },
  };
  const output = { collect: (value: unknown, timestamp: number) => void seen.push([value, timestamp]) };
  void operator.open?.({ emission } as OperatorContext, output as unknown as Output<unknown>);
  return { operator, seen };
}

describe("the encoder in front of a table's sink", () => {
  it("makes a record of each selected row and its kind, with its timestamp, or none", () => {
    const { operator, seen } = opened((row, kind) => (row["a"] === 2 ? undefined : `${kind}:${String(row["a"])}`));
    assert.equal(operator.processBatch?.(batchOf(), 0), 3);
    assert.deepEqual(seen, [
      ["0:0", 1000],
      ["0:4", 1004],
    ]);
  });

  it("TBCE1: stops when the task is to pause, and goes on where it was", () => {
    let count = 0;
    const { operator, seen } = opened(
      (row) => row["a"],
      () => ++count === 2,
    );
    const batch = batchOf();
    assert.equal(operator.processBatch?.(batch, 0), 2);
    assert.equal(operator.processBatch?.(batch, 2), 3);
    assert.deepEqual(seen, [
      [0, 1000],
      [2, 1002],
      [4, 1004],
    ]);
  });

  it("TBWR2: a row that cannot be written fails the job for good, with the table", () => {
    const { operator } = opened(() => {
      throw new RecordMisfit("the column a has a line end");
    });
    assert.throws(() => operator.processBatch?.(batchOf(), 0), {
      code: "SINK_FAILED",
      destiny: "terminal",
      message: "table orders: a row cannot be written: the column a has a line end",
    });
  });

  it("TBWR1: NULL for a column that is NOT NULL fails the job, of a deleted row only in its key", () => {
    const types = { id: sql.int, name: notNull(sql.string) };
    const nullable = tableOf({ id: sql.int, name: sql.string }, {}).columns;
    const rows = (kind: number) => [[{ id: 1, name: null }, kind]] as const;
    const print = tableConnector(tableOf(types, { connector: "print" })).sink?.("append");
    assert.throws(
      () => encodedRows(print, nullable, rows(rowKinds.insert)),
      /the column name is NOT NULL, and the row has NULL for it/,
    );
    const redis = { connector: "redis", url: "redis://cache", format: "json" };
    const keyed = tableConnector(tableOf(types, redis, ["id"])).sink?.("retract");
    assert.throws(() => encodedRows(keyed, nullable, rows(rowKinds.insert)), /the column name is NOT NULL/);
    assert.deepEqual(encodedRows(keyed, nullable, rows(rowKinds.delete)), [{ key: "1", value: null }]);
  });
});

describe("print and blackhole", () => {
  it("print shows rows with their kinds, as its sink's lines", async () => {
    const connector = tableConnector(tableOf({ a: sql.int }, { connector: "print", "print-identifier": "out" }));
    const sink = connector.sink?.("retract");
    const rows = [
      [{ a: 1 }, rowKinds.insert],
      [{ a: 1 }, rowKinds.updateBefore],
      [{ a: 2 }, rowKinds.updateAfter],
      [{ a: 2 }, rowKinds.delete],
    ] as const;
    const seen = encodedRows(sink, tableOf({ a: sql.int }, {}).columns, rows);
    assert.deepEqual(seen, ["+I[1]", "-U[1]", "+U[2]", "-D[2]"]);
  });

  it("blackhole takes batches of any kind", async () => {
    const connector = tableConnector(tableOf({ a: sql.int }, { connector: "blackhole" }));
    const sink = connector.sink?.("upsert");
    assert.equal(sink?.encoder, null);
    assert.ok(sink?.sink.guarantee === "at-least-once" && sink.sink.takesBatches === true);
  });
});
