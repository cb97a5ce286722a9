import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse, session } from "../codegen/evaluation.test-support.ts";
import type { WatermarkNode } from "../plan/plan-tree.ts";
import { batchOf } from "./operator-run.test-support.ts";
import { watermarksOf } from "./watermark.ts";

describe("watermarks of a table", () => {
  const { row, values } = parse("ts - INTERVAL '5' SECOND", "id INT NOT NULL, ts TIMESTAMP(3)");
  const node = { kind: "watermark", input: { row }, row, time: 1, strategy: values[0] } as unknown as WatermarkNode;
  const rows = (...times: readonly (number | null)[]) =>
    batchOf(
      row,
      times.map((ts) => ({ id: 1, ts })),
    );

  it("are the greatest of the strategy, of the rows that are still to come", () => {
    const highestOf = watermarksOf(node, session());
    assert.equal(highestOf(rows(10_000, 30_000, 20_000), 0), 25_000);
    assert.equal(highestOf(rows(10_000, 30_000, 20_000), 2), 15_000);
    assert.equal(highestOf(rows(25_000), 0), 20_000);
  });

  it("need a time in each row", () => {
    const highestOf = watermarksOf(node, session());
    assert.throws(() => highestOf(rows(1, null), 0), /a row without a time: "ts" is NULL/);
    assert.equal(highestOf(rows(null, 1), 1), -4999);
  });
});
