import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ColumnBatch, ColumnBuilder, NO_TIMESTAMP, rowKinds } from "../../record/index.ts";
import { OperatorHarness } from "../../testkit/index.ts";
import type { AggregateCall, AggregateNode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { aggregateOperator } from "./aggregate.ts";
import { hasPartials, localAggregateOperator } from "./local-aggregate.ts";
import {
  batchOf,
  column,
  decimal,
  inputOf,
  OperatorRun,
  type Row,
  scalar,
  shownEvents,
  tableOf,
  text,
  time,
} from "./operator-run.test-support.ts";

const row: PlanRow = [
  column("k", text),
  column("i", scalar("int")),
  column("s", scalar("tinyint")),
  column("b", scalar("bigint")),
  column("d", scalar("double")),
  column("day", scalar("date")),
  column("ok", scalar("boolean")),
  column("ts", time),
  column("sum", decimal(10, 2)),
];
const [K, I, S, B, D, DAY, OK, TS, SUM] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

const call = (name: string, place: number | null, more: Partial<AggregateCall> = {}): AggregateCall => {
  const type: SqlType = name === "COUNT" ? scalar("bigint") : (row[place as number] as PlanRow[number]).type;
  return {
    name,
    arguments: place === null ? [] : [place],
    isDistinct: false,
    filter: null,
    ignoresNulls: false,
    order: [],
    type: { ...type, isNullable: true },
    ...more,
  };
};
const everyCall: readonly AggregateCall[] = [
  call("COUNT", null),
  call("COUNT", K, { filter: OK }),
  ...[I, S, B, D].flatMap((place) => ["SUM", "AVG", "MIN", "MAX"].map((name) => call(name, place))),
  call("MIN", DAY),
  call("MAX", TS, { filter: OK }),
  call("MIN", K),
  call("MAX", K, { filter: OK }),
];

function nodeOf(groupBy: readonly number[], calls = everyCall, more: Partial<AggregateNode> = {}): AggregateNode {
  return {
    kind: "aggregate",
    uid: "aggregate",
    row: [
      ...groupBy.map((place) => row[place] as PlanRow[number]),
      ...calls.map(({ type }, at) => column(`c${at}`, type)),
    ],
    changes: "retract",
    keys: [],
    input: inputOf(row),
    groupBy,
    calls,
    miniBatch: { size: 5, latencyMs: 1000 },
    isTwoPhase: true,
    ...more,
  };
}

/** Several subtasks of the first phase, and one of the second. */
class TwoPhases {
  #locals: readonly OperatorHarness<unknown, unknown>[];
  #global: OperatorHarness<unknown, unknown>;
  readonly #node: AggregateNode;
  readonly #events: string[] = [];
  readonly #batches: number[] = [];
  #checkpoints = 0;

  private constructor(
    node: AggregateNode,
    locals: readonly OperatorHarness<unknown, unknown>[],
    global: OperatorHarness<unknown, unknown>,
  ) {
    this.#node = node;
    this.#locals = locals;
    this.#global = global;
  }

  static async open(node: AggregateNode, subtasks: number): Promise<TwoPhases> {
    const { logic } = localAggregateOperator(node);
    const locals = await Promise.all(Array.from({ length: subtasks }, () => OperatorHarness.open(logic)));
    const global = await OperatorHarness.open(aggregateOperator(node, "streaming"), { keySelector: () => null });
    return new TwoPhases(node, locals, global);
  }

  /** Rows of states that the second phase has got. */
  get partialRows(): number {
    return this.#batches.reduce((sum, count) => sum + count, 0);
  }

  feed(subtask: number, rows: readonly Row[]): void {
    const local = this.#local(subtask);
    const batch = batchOf(row, rows);
    local.processBatch(batch);
    batch.release();
    this.#pass(local);
  }

  watermark(timestamp: number): void {
    for (const local of this.#locals) {
      local.watermark(timestamp);
      this.#pass(local);
    }
    this.#global.watermark(timestamp);
  }

  advance(ms: number): void {
    for (const local of this.#locals) {
      local.advance(ms);
      this.#pass(local);
    }
    this.#global.advance(ms);
  }

  /** A checkpoint, from which the second phase goes on; the first one begins anew. */
  async restore(): Promise<void> {
    this.#checkpoints += 1;
    for (const local of this.#locals) {
      await local.snapshot(this.#checkpoints);
      this.#pass(local);
    }
    this.#locals = await Promise.all(
      this.#locals.map(() => OperatorHarness.open(localAggregateOperator(this.#node).logic)),
    );
    const snapshot = await this.#global.snapshot(this.#checkpoints);
    this.#events.push(...shownEvents(this.#global.events));
    const { files, clock } = this.#global;
    this.#global = await OperatorHarness.open(aggregateOperator(this.#node, "streaming"), {
      keySelector: () => null,
      files,
      clock,
      restore: [snapshot],
    });
  }

  async end(): Promise<void> {
    for (const local of this.#locals) {
      await local.endInput();
      this.#pass(local);
    }
    await this.#global.endInput();
  }

  get shown(): readonly string[] {
    return [...this.#events, ...shownEvents(this.#global.events)];
  }

  #local(subtask: number): OperatorHarness<unknown, unknown> {
    return this.#locals[subtask % this.#locals.length] as OperatorHarness<unknown, unknown>;
  }

  #pass(local: OperatorHarness<unknown, unknown>): void {
    const rows = local.events.flatMap((event) => (event.kind === "record" ? [event.value as Row] : []));
    for (const event of local.events)
      if (event.kind === "record") assert.equal(event.rowKind ?? rowKinds.insert, rowKinds.insert);
    local.events.length = 0;
    if (rows.length === 0) return;
    this.#batches.push(rows.length);
    const batch = partialBatch(this.#node, rows);
    const seconds = Int32Array.from(rows.keys(), (at) => 2 * at + 1);
    this.#global.processBatch(batch.select(seconds, rows.length));
    batch.release();
  }
}

/** Each of them twice, as an edge may have other subtasks' rows in the batch; the second one is to count. */
function partialBatch(node: AggregateNode, rows: readonly Row[]): ColumnBatch {
  const builder = new ColumnBuilder(localAggregateOperator(node).type, 2 * rows.length);
  for (const partial of rows) for (let times = 0; times < 2; times++) builder.appendRow(partial, NO_TIMESTAMP);
  return builder.take();
}

const rows: fc.Arbitrary<Row> = fc.record(
  {
    k: fc.constantFrom("a", "größe", "größer", null),
    i: fc.option(fc.constantFrom(1, -7, 2 ** 31 - 1)),
    s: fc.option(fc.constantFrom(1, -3, 127)),
    b: fc.option(fc.constantFrom(1n, -5n, 2n ** 63n - 1n)),
    d: fc.option(fc.constantFrom(0.5, -1, Number.NaN)),
    day: fc.option(fc.constantFrom(new Date(0), new Date(86_400_000))),
    ok: fc.option(fc.boolean()),
    ts: fc.integer({ min: 0, max: 5 }),
    sum: fc.constant(1n),
  },
  { noNullPrototype: true },
);
const courses = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.array(rows, { minLength: 1, maxLength: 9 }) },
    fc.constantFrom("watermark" as const, "clock" as const, "restore" as const),
  ),
  { maxLength: 14 },
);

for (const groupBy of [[K], [], [B, DAY, D]])
  test(`by ${groupBy.length} columns: two phases end in the table that one ends in, whatever ends their mini-batches, also over restores (SQMF1)`, async () => {
    await fc.assert(
      fc.asyncProperty(courses, fc.integer({ min: 1, max: 3 }), async (course, subtasks) => {
        const phases = await TwoPhases.open(nodeOf(groupBy), subtasks);
        const { isTwoPhase: _two, miniBatch: _batch, ...single } = nodeOf(groupBy);
        const one = await OperatorRun.open(aggregateOperator(single, "streaming"), row);
        for (const [at, step] of course.entries()) {
          if (step === "watermark") phases.watermark(at);
          else if (step === "clock") phases.advance(400);
          else if (step === "restore") await phases.restore();
          else {
            phases.feed(at, step);
            one.feed(step);
          }
        }
        await phases.end();
        await one.end();
        assert.deepEqual(tableOf(phases.shown), tableOf(one.shown));
        assert.ok(phases.shown.length <= one.shown.length);
      }),
      { numRuns: 60, seed: 20261130 },
    );
  });

const blank: Row = { k: "a", i: 1, s: 1, b: 1n, d: 1, day: null, ok: true, ts: 0, sum: 1n };

describe("the first phase", () => {
  const counts = [call("COUNT", null), call("MAX", I)];

  test("passes a row for each group of a mini-batch, and waits half as long as a change may (SQMF2)", async () => {
    const phases = await TwoPhases.open(nodeOf([K], counts, { miniBatch: { size: 1000, latencyMs: 1000 } }), 1);
    phases.feed(0, [blank, { ...blank, k: "b" }, blank, blank]);
    phases.advance(499);
    assert.equal(phases.partialRows, 0);
    phases.advance(1);
    assert.equal(phases.partialRows, 2);
    assert.deepEqual(phases.shown, []);
    phases.advance(500);
    assert.deepEqual(phases.shown, ["+I[a, 3, 1]", "+I[b, 1, 1]"]);
  });

  test("passes what it has after so many rows, and ahead of a watermark", async () => {
    const phases = await TwoPhases.open(nodeOf([K], counts), 1);
    phases.feed(0, [blank, blank, blank, blank, blank, blank]);
    assert.equal(phases.partialRows, 1);
    phases.watermark(1);
    assert.equal(phases.partialRows, 2);
    assert.deepEqual(phases.shown, ["+I[a, 6, 1]"]);
  });

  test("takes thousands of groups", async () => {
    const phases = await TwoPhases.open(nodeOf([K], counts, { miniBatch: { size: 100_000, latencyMs: 1000 } }), 2);
    const keys = Array.from({ length: 2500 }, (_none, at) => ({ ...blank, k: `k${at}` }));
    for (const subtask of [0, 1]) phases.feed(subtask, keys);
    await phases.end();
    assert.deepEqual(tableOf(phases.shown), keys.map(({ k }) => `[${k}, 2, 1]`).toSorted());
  });

  test("is of what is kept in columns alone", () => {
    assert.equal(hasPartials(nodeOf([K])), true);
    assert.equal(hasPartials(nodeOf([SUM], [call("SUM", SUM)])), false);
    assert.equal(hasPartials(nodeOf([K], [call("COUNT", B, { isDistinct: true })])), false);
    assert.equal(hasPartials(nodeOf([K], [])), false);
    assert.equal(hasPartials(nodeOf([K], counts, { ttl: 5 })), false);
    assert.equal(hasPartials(nodeOf([K], counts, { input: inputOf(row, "retract") })), false);
  });
});
