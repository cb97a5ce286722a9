import assert from "node:assert/strict";
import { test } from "node:test";
import { areCheckpointsKept } from "./job-ending.ts";

test("CK-15 a failed job keeps its checkpoints, a finished one never does, a cancelled one as it was told", () => {
  for (const retention of ["retain", "delete"] as const) {
    for (const isDiscarded of [false, true]) {
      assert.equal(areCheckpointsKept("FAILED", retention, isDiscarded), true);
      assert.equal(areCheckpointsKept("FINISHED", retention, isDiscarded), false);
      assert.equal(areCheckpointsKept("CANCELED", retention, isDiscarded), retention === "retain" && !isDiscarded);
    }
  }
});
