import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ColumnBatch, ColumnBuilder, debugColumns, NO_TIMESTAMP } from "../../record/index.ts";
import { compileCalc } from "../codegen/calc.ts";
import { outputRow, parse, session } from "../codegen/evaluation.test-support.ts";
import type { CalcNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { calcOperator } from "./calc.ts";
import { type Change, ColumnOperatorDriver } from "./column-operator.test-support.ts";

const columns = "id INT NOT NULL, name STRING, total BIGINT, price DECIMAL(10, 2)";

function driverOf(select: string, more: Partial<CalcNode> = {}): ColumnOperatorDriver {
  const { row, values, condition } = parse(select, columns);
  const node = { kind: "calc", row: outputRow(values), condition, values, ...more } as unknown as CalcNode;
  return new ColumnOperatorDriver(calcOperator(node, row, session()), row);
}

const change = (kind: Change["kind"], id: number, name: string | null, timestamp?: number): Change => ({
  kind,
  row: { id, name, total: BigInt(id) * 10n, price: 150n },
  ...(timestamp === undefined ? {} : { timestamp }),
});

describe("a calc", () => {
  it("leaves out updates after which its row is what it was, where the plan says so, and no others (SQXV2)", () => {
    const changes = [
      change("insert", 4, "a"),
      change("updateBefore", 4, "a"),
      change("updateAfter", 8, "a"),
      change("updateBefore", 8, "a"),
      change("updateAfter", 11, "a"),
      change("updateBefore", 11, "b"),
      change("updateAfter", 12, null),
      change("delete", 12, null),
      change("insert", 12, null),
      change("updateBefore", 12, null),
    ];
    const select = "name, id > 10";
    const shown = (driver: ColumnOperatorDriver) => {
      driver.send(changes);
      driver.send([change("updateBefore", 1, "a"), change("updateAfter", 2, "a")]);
      return driver.changes.map(({ kind, row }) => `${kind} ${Object.values(row).join()}`);
    };
    const all = shown(driverOf(select));
    assert.equal(all.length, 12);
    assert.deepEqual(shown(driverOf(select, { leavesOutEqual: true })), [all[0], ...all.slice(3, 10)]);
  });

  it("keeps rows that the condition is TRUE of, with their kinds and timestamps", () => {
    const driver = driverOf("SELECT name, id + 1, total FROM t WHERE name LIKE 'a%' AND id > 1".slice(7));
    driver.send([
      change("insert", 1, "ab"),
      change("updateBefore", 2, "ac", 5),
      change("updateAfter", 3, null, 6),
      change("delete", 4, "ad", 7),
      change("insert", 5, "b"),
    ]);
    assert.deepEqual(driver.changes, [
      { kind: "updateBefore", row: { c0: "ac", c1: 3, c2: 20n }, timestamp: 5 },
      { kind: "delete", row: { c0: "ad", c1: 5, c2: 40n }, timestamp: 7 },
    ]);
  });

  it("takes only the records that are left of a batch, and one batch after the other", () => {
    const driver = driverOf("id, 'x', name || '!'");
    driver.send([change("insert", 1, "a"), change("insert", 2, null), change("insert", 3, "c")], 1);
    driver.send([change("insert", 4, "dd")]);
    assert.deepEqual(
      driver.changes.map(({ row }) => row),
      [
        { c0: 2, c1: "x", c2: null },
        { c0: 3, c1: "x", c2: "c!" },
        { c0: 4, c1: "x", c2: "dd!" },
      ],
    );
  });

  it("looks only at the records that are left for its condition", () => {
    const driver = driverOf("id FROM t WHERE id < 3");
    driver.send([change("insert", 1, "a"), change("insert", 2, "b"), change("insert", 3, "c")], 1);
    assert.deepEqual(
      driver.changes.map(({ row }) => row),
      [{ c0: 2 }],
    );
  });

  it("knows the watermark that came last", () => {
    const { row, values, condition } = parse("CURRENT_WATERMARK(ts)", "ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts");
    const node = { kind: "calc", row: outputRow(values), condition, values } as unknown as CalcNode;
    const driver = new ColumnOperatorDriver(calcOperator(node, row, session()), row);
    driver.send([{ kind: "insert", row: { ts: 9 } }]);
    driver.operator.onWatermark?.(5000);
    driver.send([{ kind: "insert", row: { ts: 9 } }]);
    assert.deepEqual(
      driver.changes.map(({ row: { c0 } }) => c0),
      [null, 5000],
    );
  });

  it("emits nothing where no row is left", () => {
    const driver = driverOf("id FROM t WHERE id > 9");
    driver.send([change("insert", 1, "a")]);
    assert.deepEqual(driver.changes, []);
  });

  it("knows the watermark that came last", () => {
    const driver = driverOf("id, CURRENT_WATERMARK(TIMESTAMP '2026-01-31 00:00:00')");
    driver.send([change("insert", 1, "a")]);
    driver.operator.onWatermark?.(99);
    driver.send([change("insert", 2, "a")]);
    assert.deepEqual(
      driver.changes.map(({ row }) => row["c1"]),
      [null, 99],
    );
  });

  it("shares the columns that pass, and no hashes of keys", () => {
    const { row, values } = parse("total, id + 1", columns);
    const calc = compileCalc(row, { condition: null, values }, outputRow(values), session());
    const builder = new ColumnBuilder(rowTypeOf(row));
    builder.appendRow({ id: 1, name: "a", total: 1n, price: 1n }, NO_TIMESTAMP);
    builder.keyHashes()[0] = 7;
    const batch = builder.take();
    const result = calc.apply(batch, 0);
    assert.equal(result?.columns[0], batch.columns[2]);
    assert.equal(result?.marks.keyHashes, null);
  });

  it("uses its memory again only after its batch was released", () => {
    debugColumns(true);
    const { row, values } = parse("id + 1, name || 'x', price * 2", columns);
    const calc = compileCalc(row, { condition: null, values }, outputRow(values), session());
    const builder = new ColumnBuilder(rowTypeOf(row), 4000);
    for (let id = 0; id < 3000; id++) builder.appendRow({ id, name: `n${id}`, total: 1n, price: 1n }, NO_TIMESTAMP);
    const batch = builder.take();
    for (let round = 0; round < 2; round++) {
      const result = calc.apply(batch, 0) as ColumnBatch;
      assert.deepEqual(result.toRows(2999), [{ c0: 3000, c1: "n2999x", c2: 2n }]);
      result.release();
      assert.notDeepEqual(result.toRows(2999), [{ c0: 3000, c1: "n2999x", c2: 2n }]);
    }
  });

  it("refuses a NULL for a column that is NOT NULL, by its name", () => {
    const { row, values } = parse("total", columns);
    const output = [{ name: "sum", type: { kind: "bigint", isNullable: false }, time: null }] as const;
    const calc = compileCalc(row, { condition: null, values }, output, session());
    const builder = new ColumnBuilder(rowTypeOf(row));
    builder.appendRow({ id: 1, name: "a", total: null, price: 1n }, NO_TIMESTAMP);
    assert.throws(() => calc.apply(builder.take(), 0), /a NULL for the column "sum", which is NOT NULL/);
  });
});
