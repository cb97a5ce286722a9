import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stepsToKey } from "./sink-steps.ts";

describe("the way of rows to a table's key", () => {
  const steps = (
    changes: "append" | "retract" | "upsert",
    keys: readonly (readonly number[])[],
    by: readonly number[],
  ) => stepsToKey({ changes, keys }, by);

  it("TSKR1: rows whose own key lies within the table's are written as they come, others by the last that is there", () => {
    assert.deepEqual(steps("retract", [[0]], [0]), []);
    assert.deepEqual(steps("retract", [[2], [0]], [0, 1]), []);
    assert.deepEqual(steps("retract", [[0, 1]], [0]), ["rowsByKey"]);
    assert.deepEqual(steps("retract", [], [0]), ["rowsByKey"]);
    assert.deepEqual(steps("append", [], [0]), []);
  });

  it("TSKR2: upserts by another key than the table's become changes first", () => {
    assert.deepEqual(steps("upsert", [[1, 0]], [0, 1]), []);
    assert.deepEqual(steps("upsert", [[0]], [0, 1]), ["normalize"]);
    assert.deepEqual(steps("upsert", [[0, 1]], [0]), ["normalize", "rowsByKey"]);
  });
});
