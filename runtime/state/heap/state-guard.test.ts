import assert from "node:assert/strict";
import { test } from "node:test";
import { t, type ValueType } from "../../record/index.ts";
import { StateGuard } from "./state-guard.ts";

const type = t.record({ nested: t.record({ items: t.list(t.int32) }), counts: t.map(t.string, t.int32) });

/** Of so many updates with a value that does not fit, in how many it is found. */
function found(items: number, updates: number): number {
  const guard = new StateGuard();
  const value = { nested: { items: [...Array.from({ length: items }, () => 1), "none"] }, counts: new Map() };
  let times = 0;
  for (let update = 0; update < updates; update++)
    if (guard.find(value, type as ValueType<unknown>) !== null) times += 1;
  return times;
}

test("small values are all looked at in the beginning, and often later (STG1)", () => {
  assert.equal(found(3, 256), 256);
  assert.ok(found(3, 10_000) > 256 + 50);
});

test("a value with many items is looked at once in so many updates (STG2)", () => {
  assert.equal(found(5000, 5000), 1);
  assert.equal(found(5000, 10_100), 3);
});
