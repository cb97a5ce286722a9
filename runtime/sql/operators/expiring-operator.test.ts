/** What has expired is not there, and soon is not in memory either (SQZO1); of each kind of operator that keeps rows. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OperatorFactory } from "../../ports/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import type { AggregateNode, DeduplicateNode, JoinNode, NormalizeNode, OverNode, PlanNode } from "../plan/plan-tree.ts";
import { aggregateOperator } from "./aggregate.ts";
import { ChangelogRun, inputOf, planRow, sessionOf } from "./changelog-run.test-support.ts";
import { expiring, expiringStates } from "./expiring-operator.ts";
import { joinOperator } from "./join.ts";
import { deduplicateOperator, normalizeOperator } from "./latest-rows.ts";
import { overOperator } from "./over.ts";
import { rowsByKeyOperator } from "./rows-by-key.ts";

const HOUR = 3_600_000;
const ROW = planRow({ id: "int", at: "rowtime", name: "string" });
const at = new Date(0).getTime();

const deduplicated: DeduplicateNode = {
  kind: "deduplicate",
  uid: "one",
  row: ROW,
  changes: "retract",
  keys: [[0]],
  input: inputOf(ROW),
  by: [0],
  time: 1,
  keep: "last",
  ttl: HOUR,
};
const { time: _time, keep: _keep, ...byKey } = deduplicated;
const normalized: NormalizeNode = {
  ...byKey,
  kind: "normalize",
  input: inputOf(ROW, { changes: "upsert", keys: [[0]] }),
};
const sum = { name: "SUM", arguments: [0], isDistinct: false, filter: null, ignoresNulls: false, order: [] } as const;
const sumOfId = { ...sum, type: { kind: "int", isNullable: true } } as const;
const summed = { name: "s", type: sumOfId.type, time: null } as const;
const over: OverNode = {
  ...byKey,
  kind: "over",
  row: [...ROW, summed],
  changes: "append",
  partitionBy: [0],
  orderBy: [{ column: 1, direction: "ASC", nulls: "FIRST" }],
  frame: { unit: "RANGE", preceding: null },
  calls: [sumOfId],
};
const bigint = { kind: "bigint", isNullable: false } as const;
const grouped: AggregateNode = {
  ...byKey,
  kind: "aggregate",
  row: [ROW[0], { name: "n", type: bigint, time: null }] as AggregateNode["row"],
  groupBy: [0],
  calls: [{ ...sumOfId, name: "COUNT", arguments: [2], isDistinct: true, type: bigint }],
};
const { by: _by, ttl: _ttl, input: _input, ...plain } = byKey;
const RIGHT = planRow({ key: "int", more: "string" });
const joined: JoinNode = {
  ...plain,
  kind: "join",
  row: [...ROW, ...RIGHT],
  left: inputOf(ROW),
  right: inputOf(RIGHT, { changes: "retract" }),
  join: "INNER",
  leftKeys: [0],
  rightKeys: [0],
  condition: null,
  ttl: [HOUR, HOUR],
};

type Made = {
  readonly factory: OperatorFactory<unknown, unknown>;
  readonly clock: ManualClock;
  readonly run: ChangelogRun;
};

async function open(node: PlanNode, make: (clock: ManualClock) => OperatorFactory<unknown, unknown>): Promise<Made> {
  const clock = new ManualClock(0);
  const factory = expiring(node, make(clock));
  const inputs = node.kind === "join" ? [ROW, RIGHT] : [ROW];
  return { factory, clock, run: await ChangelogRun.open(factory, { inputs, clock }) };
}

describe("state that expires", () => {
  it("of a row by key: the next one is a new one", async () => {
    const { run } = await open(deduplicated, () => deduplicateOperator(deduplicated, "streaming"));
    assert.deepEqual(run.give(0, ["+I", 1, at, "a"]), ["+I[1, 0, a]"]);
    run.harness.advance("59 min");
    assert.deepEqual(run.give(0, ["+I", 1, at, "b"]), ["-U[1, 0, a]", "+U[1, 0, b]"]);
    run.harness.advance("1 h");
    assert.deepEqual(run.give(0, ["+I", 1, at, "c"]), ["+I[1, 0, c]"]);
  });

  it("of upserts: an equal one keeps the row, and those behind it (SQZO3)", async () => {
    const { run } = await open(normalized, () => normalizeOperator(normalized));
    run.give(0, ["+I", 1, at, "a"]);
    assert.deepEqual(run.give(0, ["+U", 1, at, "a"]), ["-U[1, 0, a]", "+U[1, 0, a]"]);
    run.harness.advance("1 h");
    assert.deepEqual(run.give(0, ["-D", 1, at, "a"]), []);
  });

  it("of OVER: its rows that wait for the watermark do not, and keep their partition awake", async () => {
    const { run } = await open(over, (clock) => overOperator(over, sessionOf(clock), "streaming"));
    run.give(0, ["+I", 2, 1, "a"]);
    assert.deepEqual(run.watermark(1), ["+I[2, 1, a, 2]"]);
    run.harness.advance("40 min");
    run.give(0, ["+I", 2, 2, "b"]);
    run.harness.advance("40 min");
    assert.deepEqual(run.watermark(2), ["+I[2, 2, b, 4]"]);
    run.harness.advance("50 min");
    run.give(0, ["+I", 2, 3, "c"]);
    run.harness.advance("2 h");
    assert.deepEqual(run.watermark(3), ["+I[2, 3, c, 2]"]);
  });

  it("of rows by the key of a table", async () => {
    const run = await ChangelogRun.open(rowsByKeyOperator({ row: ROW, changes: "retract" }, [0], { ttl: HOUR }), {
      inputs: [ROW],
      clock: new ManualClock(0),
    });
    assert.deepEqual(run.give(0, ["+I", 1, at, "a"], ["+I", 1, at, "b"]), ["+I[1, 0, a]", "+U[1, 0, b]"]);
    run.harness.advance("1 h");
    assert.deepEqual(run.give(0, ["-D", 1, at, "b"]), []);
    assert.deepEqual(run.give(0, ["+I", 1, at, "c"]), ["+I[1, 0, c]"]);
  });

  for (const [what, states, node, make] of [
    ["rows by key", ["row"], deduplicated, () => deduplicateOperator(deduplicated, "streaming")],
    [
      "groups, with the values of DISTINCT",
      ["groups", "distinct0"],
      grouped,
      () => aggregateOperator(grouped, "streaming"),
    ],
    ["a join", ["left", "right"], joined, (clock: ManualClock) => joinOperator(joined, sessionOf(clock), "streaming")],
  ] as const)
    it(`is cleared though nobody asks for it: ${what} (SQZO1)`, async () => {
      const { run, clock } = await open(node, make);
      const size = (): readonly number[] => states.map((state) => run.keyed.walk(state).size);
      for (let id = 0; id < 2500; id++) {
        run.give(0, ["+I", id, at, "a"]);
        if (node.kind === "join") run.give(1, ["+I", id, "b"]);
      }
      assert.deepEqual(
        size(),
        states.map(() => 2500),
      );
      run.harness.advance("50 min");
      run.give(0, ["+I", 7, at, "b"]);
      if (node.kind === "join") run.give(1, ["+I", 7, "c"]);
      run.harness.advance("50 min");
      assert.deepEqual(
        size(),
        states.map(() => 1),
      );
      clock.advance("2 h");
      assert.deepEqual(
        size(),
        states.map(() => 0),
      );
    });

  it("has a time of its own name beside a column of that name", async () => {
    const row = planRow({ $written: "int", at: "rowtime", name: "string" });
    const node = { ...deduplicated, row, input: inputOf(row) };
    const clock = new ManualClock(0);
    const factory = expiring(node, deduplicateOperator(node, "streaming"));
    const run = await ChangelogRun.open(factory, { inputs: [row], clock });
    run.give(0, ["+I", 1, at, "a"]);
    const restored = await run.restored(factory, { inputs: [row], clock });
    assert.deepEqual(restored.give(0, ["+I", 1, at, "b"]), ["-U[1, 0, a]", "+U[1, 0, b]"]);
  });

  it("is of an operator that has it", () => {
    const factory = deduplicateOperator(deduplicated, "streaming");
    assert.throws(() => expiringStates(factory, new Map([["rows", HOUR]]), false), /has no state rows/);
  });
});
